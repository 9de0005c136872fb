//! Documents that are named by their hash: trusted ones, and those that clients persist by
//! themselves.

use entity::identity::user::UserRole;
use serde_json::{Value, json};
use service::secret::fingerprint;
use service::settings::{Documents, Environment};
use tests::{Answer, Client, Plan, TestApp, eventually};

use super::{ask, code};

/// Where people reach it, where nobody else can know that.
const PUBLIC: &str = "http://chancery.test";
const ME: &str = "query Me { me { email } }";
const TRUST: &str = "mutation($texts: [String!]!) {
    trustDocuments(documents: $texts) { hash name text }
}";
const DISTRUST: &str = "mutation($hash: String!) { distrustDocument(hash: $hash) }";

fn plan(documents: Documents, environment: Environment) -> Plan {
    let mut plan = Plan::default();
    plan.settings.documents = documents;
    plan.settings.environment = environment;
    if environment != Environment::Test {
        plan.settings.public_url = Some(PUBLIC.parse().unwrap());
    }
    plan
}

fn hash(text: &str) -> String {
    fingerprint(text.as_bytes())
}

fn persisted(text: &str) -> Value {
    json!({ "persistedQuery": { "version": 1, "sha256Hash": hash(text) } })
}

async fn by_hash(client: &Client, text: &str) -> Answer {
    let body = json!({ "extensions": persisted(text) });
    client.post("/graphql", body).await
}

async fn by_get(client: &Client, text: &str) -> Answer {
    let extensions = persisted(text).to_string();
    let query: String = url::form_urlencoded::byte_serialize(extensions.as_bytes()).collect();
    client.get(&format!("/graphql?extensions={query}")).await
}

async fn trust(client: &Client, texts: &[&str]) -> Answer {
    ask(client, TRUST, json!({ "texts": texts })).await
}

fn email(answer: &Answer) -> &str {
    answer.body["data"]["me"]["email"]
        .as_str()
        .unwrap_or_else(|| panic!("{}", answer.body))
}

#[tokio::test]
async fn an_admin_registers_documents_and_takes_them_away() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let operator = app.user("operator", UserRole::Operator).await;
        let admin = app.user("admin", UserRole::Admin).await;
        for (who, refusal) in [
            (&app.anonymous(), "unauthenticated"),
            (&ann, "forbidden"),
            (&operator, "forbidden"),
        ] {
            assert_eq!(code(&trust(who, &[ME]).await), refusal);
            let removed = ask(who, DISTRUST, json!({ "hash": hash(ME) })).await;
            assert_eq!(code(&removed), refusal);
        }
        assert_eq!(
            code(&by_hash(&ann, ME).await),
            "graphql.persisted_not_supported"
        );

        let kept = trust(&admin, &[ME]).await.body["data"]["trustDocuments"].clone();
        let row = json!({ "hash": hash(ME), "name": "Me", "text": ME });
        assert_eq!(kept, json!([row]), "{}", app.engine);
        let again = trust(&admin, &[ME, "{ me { id } }"]).await;
        assert_eq!(
            again.body["data"]["trustDocuments"][0], row,
            "it stays as it is"
        );
        assert_eq!(again.body["data"]["trustDocuments"][1]["name"], Value::Null);
        let log = "SELECT count(*) FROM audit_log WHERE action = 'document.trust'";
        assert_eq!(app.number(log).await, 2, "what was there is not there anew");

        let list = "{ trustedDocuments { nodes { hash name } } }";
        let seen = ask(&operator, list, json!({})).await.body["data"].clone();
        assert_eq!(seen["trustedDocuments"]["nodes"][1]["hash"], hash(ME));
        assert_eq!(code(&ask(&ann, list, json!({})).await), "explore.forbidden");

        assert_eq!(email(&by_hash(&ann, ME).await), "ann@example.test");
        assert_eq!(email(&by_get(&ann, ME).await), "ann@example.test");
        let id = json!({ "documentId": format!("sha256:{}", hash(ME)) });
        assert_eq!(email(&ann.post("/graphql", id).await), "ann@example.test");

        let away = ask(&admin, DISTRUST, json!({ "hash": hash(ME) })).await;
        assert_eq!(away.body["data"]["distrustDocument"], true);
        assert_eq!(
            code(&by_hash(&ann, ME).await),
            "graphql.persisted_not_supported"
        );
        let away = ask(&admin, DISTRUST, json!({ "hash": hash(ME) })).await;
        assert_eq!(code(&away), "document.not_found");
        let log = "SELECT count(*) FROM audit_log WHERE action = 'document.distrust'";
        assert_eq!(app.number(log).await, 1);
        app.stop().await;
    }
}

#[tokio::test]
async fn a_document_that_could_not_run_is_not_registered() {
    for app in TestApp::each().await {
        let admin = app.user("admin", UserRole::Admin).await;
        let many = vec![ME; 101];
        let long = format!("{{ {} }}", "me { id } ".repeat(21));
        for (texts, pointer) in [
            (vec![ME, "{ nothing }"], "/documents/1"),
            (vec!["{ me"], "/documents/0"),
            (
                vec!["query A { me { id } } query B { me { id } }"],
                "/documents/0",
            ),
            (vec![long.as_str()], "/documents/0"),
            (vec![], "/documents"),
            (many, "/documents"),
        ] {
            let answer = trust(&admin, &texts).await;
            assert_eq!(code(&answer), "invalid", "{texts:?}");
            let fields = &answer.body["errors"][0]["extensions"]["errors"];
            assert_eq!(fields[0]["pointer"], pointer, "{texts:?}");
        }
        let count = "SELECT count(*) FROM trusted_documents";
        assert_eq!(app.number(count).await, 0, "all or none");
        app.stop().await;
    }
}

#[tokio::test]
async fn only_trusted_documents_run_where_it_is_set() {
    for environment in [Environment::Production, Environment::Staging] {
        for app in TestApp::each_with(&plan(Documents::Trusted, environment)).await {
            let production = environment == Environment::Production;
            let admin = app
                .user("admin", UserRole::Admin)
                .await
                .with("origin", PUBLIC);
            let ann = app.user("ann", UserRole::User).await.with("origin", PUBLIC);
            let examined = api::graphql::examine(ME.to_owned()).await.unwrap();
            service::document::trust(&app.system(), vec![examined])
                .await
                .unwrap();

            // Its text is as good as its hash.
            assert_eq!(email(&by_hash(&ann, ME).await), "ann@example.test");
            assert_eq!(email(&by_get(&ann, ME).await), "ann@example.test");
            assert_eq!(email(&ask(&ann, ME, json!({})).await), "ann@example.test");
            let other = "{ me { email } }";
            assert_eq!(
                code(&by_hash(&ann, other).await),
                "graphql.persisted_not_found"
            );
            let refused = ask(&ann, other, json!({})).await;
            assert_eq!(code(&refused), "graphql.untrusted");
            // Nothing is learned by sending it together with its hash.
            let both = json!({ "query": other, "extensions": persisted(other) });
            let refused = ann.post("/graphql", both).await;
            assert_eq!(code(&refused), "graphql.untrusted");
            assert_eq!(
                code(&by_hash(&ann, other).await),
                "graphql.persisted_not_found"
            );

            let asked = ask(&admin, other, json!({})).await;
            let question = "{ __schema { queryType { name } } }";
            let schema = ask(&app.anonymous(), question, json!({})).await;
            let mixed = ask(&ann, "{ __typename me { id } }", json!({})).await;
            assert_eq!(code(&mixed), "graphql.untrusted");
            if production {
                assert_eq!(code(&asked), "graphql.untrusted");
                assert_eq!(code(&schema), "graphql.untrusted");
            } else {
                assert_eq!(email(&asked), "admin@example.test");
                assert_eq!(
                    schema.body["data"]["__schema"]["queryType"]["name"],
                    "Query"
                );
            }
            app.stop().await;
        }
    }
}

#[tokio::test]
async fn every_limit_holds_for_what_is_registered() {
    let ten = "query($n: Int!) { runs(first: $n) { nodes { id } } more: runs(first: 4950) { nodes { id } } }";
    for app in TestApp::each_with(&plan(Documents::Trusted, Environment::Test)).await {
        let ann = app.user("ann", UserRole::User).await;
        // As if it had been registered when the limits were wider.
        for text in [
            ten,
            "{ gone }",
            &format!("{{ {} }}", "me { id } ".repeat(21)),
        ] {
            let document = service::document::Examined {
                text: text.to_owned(),
                name: None,
            };
            service::document::trust(&app.system(), vec![document])
                .await
                .unwrap();
        }
        let with = async |n: Value| {
            let body = json!({ "extensions": persisted(ten), "variables": { "n": n } });
            ann.post("/graphql", body).await
        };
        assert_eq!(code(&with(json!(100)).await), "graphql.limit");
        assert_eq!(code(&with(json!("1")).await), "graphql.invalid");
        assert_eq!(code(&by_hash(&ann, "{ gone }").await), "graphql.invalid");
        let wide = format!("{{ {} }}", "me { id } ".repeat(21));
        assert_eq!(code(&by_hash(&ann, &wide).await), "graphql.limit");
        app.stop().await;
    }
}

#[tokio::test]
async fn clients_persist_their_queries_by_themselves_where_it_is_set() {
    for app in TestApp::each_with(&plan(Documents::Automatic, Environment::Test)).await {
        let ann = app.user("ann", UserRole::User).await;
        let first = by_hash(&ann, ME).await;
        assert_eq!(code(&first), "graphql.persisted_not_found");
        let message = &first.body["errors"][0]["message"];
        assert_eq!(
            message, "PersistedQueryNotFound",
            "clients know it by these words"
        );

        let both = |text: &str| json!({ "query": text, "extensions": persisted(text) });
        let stranger = app.anonymous().post("/graphql", both(ME)).await;
        assert_eq!(code(&stranger), "unauthenticated", "it ran");
        let still = by_hash(&ann, ME).await;
        assert_eq!(
            code(&still),
            "graphql.persisted_not_found",
            "strangers leave nothing"
        );

        assert_eq!(
            email(&ann.post("/graphql", both(ME)).await),
            "ann@example.test"
        );
        assert_eq!(email(&by_hash(&ann, ME).await), "ann@example.test");
        assert_eq!(email(&by_get(&ann, ME).await), "ann@example.test");

        let lie = json!({ "query": "{ me { id } }", "extensions": persisted(ME) });
        let lie = ann.post("/graphql", lie).await;
        assert_eq!(code(&lie), "graphql.persisted_mismatch");
        let wide = format!("{{ {} }}", "me { id } ".repeat(21));
        let refused = ann.post("/graphql", both(&wide)).await;
        assert_eq!(code(&refused), "graphql.limit");
        let refused = by_hash(&ann, &wide).await;
        assert_eq!(
            code(&refused),
            "graphql.persisted_not_found",
            "it was not kept"
        );
        let write = "mutation { distrustDocument(hash: \"a\") }";
        ann.post("/graphql", both(write)).await;
        assert_eq!(by_get(&ann, write).await.status, 405, "GET changes nothing");
        // Trusted documents are another thing.
        let examined = api::graphql::examine("{ me { role } }".to_owned()).await;
        let examined = vec![examined.unwrap()];
        service::document::trust(&app.system(), examined)
            .await
            .unwrap();
        let refused = by_hash(&ann, "{ me { role } }").await;
        assert_eq!(code(&refused), "graphql.persisted_not_found");
        let other = json!({ "query": ME, "extensions": { "persistedQuery": { "version": 2, "sha256Hash": hash(ME) } } });
        let refused = ann.post("/graphql", other).await;
        assert_eq!(code(&refused), "graphql.persisted_not_supported");
        app.stop().await;
    }
}

#[tokio::test]
async fn a_replica_hears_of_what_is_registered_and_taken_away() {
    for app in TestApp::each().await {
        if app.engine == "SQLite" {
            app.stop().await;
            continue;
        }
        let other = app.beside().await;
        let ann = app.user("ann", UserRole::User).await;
        let there = other.seen(&ann);
        let admin = app.user("admin", UserRole::Admin).await;
        assert_eq!(
            code(&by_hash(&there, ME).await),
            "graphql.persisted_not_supported"
        );
        trust(&admin, &[ME]).await;
        let known = async || {
            by_hash(&there, ME).await.body["data"]["me"]
                .as_object()
                .cloned()
        };
        eventually(known).await;
        ask(&admin, DISTRUST, json!({ "hash": hash(ME) })).await;
        let unknown = async || by_hash(&there, ME).await.body["errors"].as_array().cloned();
        eventually(unknown).await;
        other.stop().await;
        app.stop().await;
    }
}
