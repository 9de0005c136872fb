//! What is no export, and who hears so.

use entity::identity::user::UserRole;
use serde_json::json;
use tests::{Plan, TestApp};

use super::export;

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "most of it is a table")]
async fn a_document_that_exports_nothing_is_refused_with_its_place() {
    let deep = format!(
        "{{ threads {{ nodes {{ {} id {} }} }} }}",
        "user { threads { nodes { ".repeat(4),
        "} } }".repeat(4)
    );
    let many = format!("{{ threads {{ nodes {{ {} }} }} }}", "id ".repeat(2_001));
    let heavy = "{ threads { nodes { messages(first: 100) {
        nodes { toolCalls(first: 100) { nodes { id } } } } } } }";
    let rows = "{ threads(first: 100) { nodes { messages(first: 100) { nodes { id } } } } }";
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        for (document, verdict, pointer) in [
            ("{ threads", "400 graphql.syntax", "document"),
            ("", "400 graphql.syntax", "document"),
            ("{ nothing { id } }", "400 graphql.invalid", "document"),
            (
                "{ threads { nodes { id @skip(if: true) } } }",
                "422 invalid",
                "document",
            ),
            (&deep, "400 graphql.limit", "document"),
            (&many, "400 graphql.limit", "document"),
            (
                "query($n: Int!) { threads(first: $n) { nodes { id } } }",
                "400 graphql.invalid",
                "document",
            ),
            (
                "{ threads(filter: { title: { eq: 7 } }) { nodes { id } } }",
                "400 graphql.invalid",
                "document",
            ),
            (
                "{ users { nodes { passwordHash } } }",
                "400 graphql.invalid",
                "document",
            ),
            (
                "{ apiKeys { nodes { secretHash } } }",
                "400 graphql.invalid",
                "document",
            ),
            (
                "{ users(filter: { passwordHash: { eq: \"\" } }) { nodes { id } } }",
                "400 graphql.invalid",
                "document",
            ),
            (
                "mutation { distrustDocument(hash: \"a\") }",
                "422 invalid",
                "document",
            ),
            (
                "{ threads { nodes { id } } runs { nodes { id } } }",
                "422 invalid",
                "document",
            ),
            (
                "{ threads { nodes { id } } __typename }",
                "422 invalid",
                "document",
            ),
            ("{ me { id } }", "422 invalid", "document"),
            (
                "{ thread(id: \"00000000-0000-4000-8000-000000000000\") { id } }",
                "422 invalid",
                "document",
            ),
            ("{ threads { totalCount } }", "422 invalid", "document"),
            (
                "{ threads { a: nodes { id } b: nodes { id } } }",
                "422 invalid",
                "document",
            ),
            (
                "{ threads(last: 3) { nodes { id } } }",
                "422 invalid",
                "last",
            ),
            (
                "{ threads(first: 101) { nodes { id } } }",
                "422 invalid",
                "first",
            ),
            (
                "{ threads(after: \"x\") { nodes { id } } }",
                "400 cursor.bad",
                "",
            ),
            (heavy, "422 explore.too_many_rows", ""),
            (
                "{ auditLogs { nodes { id } } }",
                "403 explore.forbidden",
                "",
            ),
        ] {
            let answer = export(&ann, document, &[]).await;
            assert_eq!(answer.verdict(), verdict, "{document}: {}", answer.body);
            assert_eq!(answer.headers["content-type"], "application/problem+json");
            let told = answer.body["errors"][0]["pointer"].as_str();
            assert_eq!(told.unwrap_or_default(), pointer, "{document}");
        }
        // As many rows as a page holds do not count: there are no pages.
        assert_eq!(export(&ann, rows, &[]).await.status, 200);

        let good = "{ threads { nodes { id cursor: title } } }";
        for (more, verdict) in [
            (("format", "xml"), "422 invalid"),
            (("formula", "run"), "422 invalid"),
            (("variables", "[]"), "400 malformed"),
            (("variables", "{"), "400 malformed"),
            (("operationName", "Other"), "400 graphql.invalid"),
            (("cursor", "true"), "422 invalid"),
        ] {
            let answer = export(&ann, good, &[more]).await;
            assert_eq!(answer.verdict(), verdict, "{more:?}: {}", answer.body);
        }
        assert_eq!(ann.get("/api/v1/export").await.verdict(), "400 malformed");
        app.stop().await;
    }
}

#[tokio::test]
async fn only_trusted_documents_are_exported_where_only_they_run() {
    let mut plan = Plan::default();
    plan.settings.documents = service::settings::Documents::Trusted;
    for app in TestApp::each_with(&plan).await {
        let ann = app.user("ann", UserRole::User).await;
        let admin = app.user("admin", UserRole::Admin).await;
        let text = "{ threads { nodes { title } } }";
        assert_eq!(
            export(&ann, text, &[]).await.verdict(),
            "403 graphql.untrusted"
        );
        let hash = service::secret::fingerprint(text.as_bytes());
        let named = format!("sha256:{hash}");
        let unknown = export(&ann, &named, &[]).await;
        assert_eq!(unknown.verdict(), "404 graphql.persisted_not_found");

        let trust = "mutation($all: [String!]!) { trustDocuments(documents: $all) { id } }";
        let body = json!({ "query": trust, "variables": { "all": [text] } });
        let trusted = admin.post("/graphql", body).await;
        assert_eq!(trusted.body["errors"], json!(null));
        for document in [text, named.as_str()] {
            let answer = export(&ann, document, &[]).await;
            assert_eq!(answer.body, "title\r\n", "{}", app.engine);
        }
        let link = ann
            .post("/api/v1/export/links", json!({ "document": named }))
            .await;
        let path = link.body["url"].as_str().unwrap().replace(&app.base, "");
        assert_eq!(app.anonymous().get(&path).await.body, "title\r\n");
        app.stop().await;
    }
}

#[tokio::test]
async fn what_stands_beside_a_list_is_not_run_before_it_is_refused() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let admin = app.user("admin", UserRole::Admin).await;
        let usage = "analytics { tokenUsage(bucket: DAY, timeZone: \"UTC\",
            range: { from: \"2026-01-01T00:00:00Z\", to: \"2026-01-02T00:00:00Z\" }) { total } }";
        let good = json!({ "query": format!("query Good {{ {usage} }}") });
        let answer = ann.post("/graphql", good).await;
        assert!(answer.body["errors"].is_null(), "{}", answer.body);
        let list = "threads { nodes { id } }";
        for document in [format!("{list} {usage}"), usage.to_owned()] {
            let answer = export(&ann, &format!("query Beside {{ {document} }}"), &[]).await;
            assert_eq!(answer.verdict(), "422 invalid", "{}", answer.body);
        }
        let told =
            json!({ "query": "{ system { operations { operations { name statements } } } }" });
        let told = admin.post("/graphql", told).await.body;
        let all = told["data"]["system"]["operations"]["operations"].as_array();
        // Whatever runs gives its operation's name.
        let mut named = all.unwrap().iter().map(|one| &one["name"]);
        assert!(named.all(|name| name != "Beside"), "{}: {told}", app.engine);
        app.stop().await;
    }
}
