//! The page where people try GraphQL: it works without the world, and not in production.

use service::settings::Environment;
use tests::{Plan, TestApp};

#[tokio::test]
async fn graphiql_loads_everything_from_here() {
    let mut plan = Plan::default();
    plan.settings.public_url = Some("https://example.com/records".parse().unwrap());
    for app in TestApp::each_with(&plan).await {
        let nobody = app.anonymous();
        let page = nobody.get("/graphiql").await;
        assert_eq!(page.status, 200, "{}", app.engine);
        let html = page.body.as_str().unwrap();
        assert!(
            !html.contains("://") && !html.contains("<script>"),
            "{html}"
        );
        let again = nobody.get("/graphiql").await.headers["content-security-policy"].clone();
        assert_ne!(
            again, page.headers["content-security-policy"],
            "a word is used once"
        );
        assert!(!html.contains("<style") && !html.contains("=\"/"), "{html}");
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self';"),
            "{policy}"
        );
        assert!(
            !policy.contains("unsafe") && !policy.contains("http"),
            "{policy}"
        );

        for (part, kind) in [
            ("graphiql/graphiql.js", "text/javascript; charset=utf-8"),
            ("graphiql/graphiql.css", "text/css; charset=utf-8"),
            ("graphiql/page.css", "text/css; charset=utf-8"),
        ] {
            assert!(html.contains(&format!("=\"{part}\"")), "{part}");
            let whole = nobody.get(&format!("/{part}")).await;
            assert_eq!(whole.status, 200, "{part}");
            assert_eq!(whole.headers["content-type"], kind);
            assert!(!whole.headers.contains_key("content-encoding"));
            let text = whole.body.as_str().unwrap();
            assert!(
                !text.contains("url(http") && !text.contains("@import"),
                "{part}"
            );
            let packed = nobody
                .with("accept-encoding", "gzip")
                .get(&format!("/{part}"))
                .await;
            let small = part != "graphiql/page.css";
            assert_eq!(
                packed.headers.contains_key("content-encoding"),
                small,
                "{part}"
            );
            let tag = whole.headers["etag"].to_str().unwrap();
            let again = nobody
                .with("if-none-match", tag)
                .get(&format!("/{part}"))
                .await;
            assert_eq!(again.status, 304, "{part}");
            assert_eq!(again.headers["etag"], tag);
            let other = nobody.with("if-none-match", "\"other\"");
            assert_eq!(other.get(&format!("/{part}")).await.status, 200);
        }
        assert_eq!(
            nobody.get("/graphiql/nothing.js").await.verdict(),
            "404 no_route"
        );
        app.stop().await;
    }
}

#[tokio::test]
async fn production_has_no_graphiql() {
    let mut plan = Plan::default();
    plan.settings.environment = Environment::Production;
    for app in TestApp::each_with(&plan).await {
        for path in ["/graphiql", "/graphiql/graphiql.js"] {
            let answer = app.anonymous().get(path).await;
            assert_eq!(answer.verdict(), "404 no_route", "{path}");
        }
        app.stop().await;
    }
}
