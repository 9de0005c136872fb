//! The page that shows the routes to people: it works without the world.

use std::collections::BTreeSet;

use reqwest::Method;
use tests::{Plan, TestApp};

/// What `html` loads, relative to its own address.
fn loaded(html: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for attribute in ["src=\"", "href=\""] {
        for rest in html.split(attribute).skip(1) {
            found.insert(rest.split('"').next().unwrap().to_owned());
        }
    }
    found
}

#[tokio::test]
async fn the_page_loads_everything_from_here() {
    let mut plan = Plan::default();
    plan.settings.public_url = Some("https://example.com/records".parse().unwrap());
    for app in TestApp::each_with(&plan).await {
        let nobody = app.anonymous();
        let page = nobody.get("/api/docs/").await;
        assert_eq!(page.status, 200, "{}", app.engine);
        let html = page.body.as_str().unwrap();
        assert!(!html.contains("://"), "{html}");
        let parts = loaded(html);
        assert!(parts.contains("./swagger-ui-bundle.js"), "{parts:?}");
        for part in &parts {
            let path = part.trim_start_matches("./");
            let answer = nobody.get(&format!("/api/docs/{path}")).await;
            assert_eq!(answer.status, 200, "{part}");
            let kind = answer.headers["content-type"].to_str().unwrap();
            let expected = match part.rsplit('.').next().unwrap() {
                "js" => "javascript",
                "css" => "text/css",
                _ => "image/png",
            };
            assert!(kind.contains(expected), "{part}: {kind}");
        }

        // The policy lets in what the page loads, and nothing from elsewhere.
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        for words in [
            "script-src 'self';",
            "connect-src 'self';",
            "default-src 'none'",
        ] {
            assert!(policy.contains(words), "{policy}");
        }
        assert!(
            !policy.contains("http") && !policy.contains("unsafe-eval"),
            "{policy}"
        );
        assert!(
            !html.contains("<script>") && !html.contains("<style"),
            "{html}"
        );
        let policy = &nobody.get("/health/live").await.headers["content-security-policy"];
        assert!(!policy.to_str().unwrap().contains("'self'"));

        // It reads our document, and asks no validator elsewhere.
        let start = nobody.get("/api/docs/swagger-initializer.js").await.body;
        let start = start.as_str().unwrap();
        assert!(start.contains("\"../openapi.json\""), "{start}");
        assert!(start.contains("\"validatorUrl\": \"none\""), "{start}");
        assert!(!start.contains("://"), "{start}");
        let document = nobody.get("/api/openapi.json").await.body;
        assert!(document["paths"]["/api/v1/runs"].is_object());
        assert_eq!(
            document["components"]["securitySchemes"]["key"]["scheme"],
            "bearer"
        );
        app.stop().await;
    }
}

#[tokio::test]
async fn the_page_is_found_without_its_slash() {
    let mut plan = Plan::default();
    plan.settings.public_url = Some("https://example.com/records".parse().unwrap());
    for app in TestApp::each_with(&plan).await {
        let head = app.unfollowed().ask(Method::GET, "/api/docs", None).await;
        assert_eq!(head.status, 303, "{}", app.engine);
        assert_eq!(head.headers["location"], "/records/api/docs/");
        let missing = app.anonymous().get("/api/docs/nothing.js").await;
        assert_eq!(missing.status, 404);
        app.stop().await;
    }
}
