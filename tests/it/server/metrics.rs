//! What Prometheus is told.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use entity::identity::user::UserRole;
use tests::{Plan, TestApp};

/// What `promtool check metrics` complains about.
fn complaints(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let (mut help, mut kinds) = (BTreeMap::new(), BTreeMap::new());
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, words) = rest.split_once(' ').unwrap_or((rest, ""));
            if words.is_empty() || help.insert(name, words).is_some() {
                found.push(format!("{name}: its help is empty or twice"));
            }
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap_or((rest, ""));
            if kinds.insert(name, kind).is_some() {
                found.push(format!("{name}: its type is said twice"));
            }
        }
    }
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some(name) = line
            .split(['{', ' '])
            .next()
            .filter(|name| !name.is_empty())
        else {
            continue;
        };
        let base = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|part| name.strip_suffix(part))
            .filter(|base| kinds.get(base) == Some(&"histogram"))
            .unwrap_or(name);
        let Some(kind) = kinds.get(base) else {
            found.push(format!("{base}: no type"));
            continue;
        };
        if !help.contains_key(base) {
            found.push(format!("{base}: no help"));
        }
        if (*kind == "counter") != base.ends_with("_total") {
            found.push(format!(
                "{base}: only counters end in _total, and all of them"
            ));
        }
        if *kind == "summary" {
            found.push(format!(
                "{base}: a summary cannot be added up over processes"
            ));
        }
        let units = ["_milliseconds", "_ms", "_minutes", "_kilobytes", "_mb"];
        if units.iter().any(|unit| base.contains(unit)) || base.contains(kind) {
            found.push(format!("{base}: not a base unit, or names its type"));
        }
        if base.bytes().any(|byte| byte.is_ascii_uppercase()) {
            found.push(format!("{base}: not in snake case"));
        }
        let value = line.rsplit(' ').next().unwrap_or_default();
        if value.parse::<f64>().is_err() {
            found.push(format!("{base}: {value} is no number"));
        }
    }
    found
}

#[tokio::test]
async fn prometheus_finds_every_metric_described() {
    // What an operation costs, without a look-up of its caller now and then.
    let mut plan = Plan::default();
    plan.settings.caller_cache = Duration::from_hours(1);
    for app in TestApp::each_with(&plan).await {
        let ann = app.user("ann", UserRole::User).await;
        assert_eq!(ann.get("/api/v1/runs").await.status, 200);
        let run = "/api/v1/runs/00000000-0000-7000-8000-000000000000";
        assert_eq!(ann.get(run).await.status, 404);
        let invented = reqwest::Method::from_bytes(b"INVENTED").unwrap();
        app.anonymous().ask(invented, "/api/v1/runs", None).await;

        ann.post("/api/v1/runs", tests::run_body("a")).await;
        let board = serde_json::json!({ "query": "query Board { runs { nodes { id } } }" });
        let began = Instant::now();
        ann.post("/graphql", board).await;

        let answer = app.anonymous().get("/metrics").await;
        assert_eq!(answer.status, 200);
        let kind = answer.headers["content-type"].to_str().unwrap();
        assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
        let text = answer.body.as_str().unwrap();
        assert_eq!(complaints(text), Vec::<String>::new(), "{text}");
        for line in [
            "chancery_http_requests_total{method=\"GET\",route=\"/api/v1/runs\",status=\"2xx\"}",
            "chancery_http_requests_total{method=\"GET\",route=\"/api/v1/runs/{id}\",status=\"4xx\"}",
            "chancery_http_requests_total{method=\"other\",",
            "chancery_http_request_duration_seconds_bucket{method=\"GET\",route=\"/api/v1/runs\",le=\"0.0005\"}",
            "chancery_http_requests_in_flight ",
            "chancery_build_info{version=",
            "chancery_db_connected 1",
            "chancery_db_state{state=\"connected\"} 1",
            "chancery_db_state{state=\"failed\"} 0",
            "chancery_db_connect_retries 0",
            "chancery_db_pool_max_connections ",
            "chancery_db_pool_connections{state=\"idle\"}",
            "chancery_db_pool_connections{state=\"in_use\"}",
            "chancery_db_pool_waiting_callers ",
            "chancery_db_acquire_duration_seconds_count{outcome=\"ok\"}",
            "chancery_db_connect_duration_seconds_count{outcome=\"ok\"}",
            "chancery_db_statement_duration_seconds_count{outcome=\"ok\"}",
            "chancery_operations_total{kind=\"rest\",operation=\"GET /api/v1/runs\",outcome=\"ok\"} 1",
            "chancery_operations_total{kind=\"rest\",operation=\"GET /api/v1/runs/{id}\",outcome=\"refused\"} 1",
            "chancery_operations_total{kind=\"graphql\",operation=\"Board\",outcome=\"ok\"} 1",
            "chancery_operation_rows_total{kind=\"graphql\",operation=\"Board\"} 1",
            "chancery_operation_statements_total{kind=\"graphql\",operation=\"Board\"} 1",
        ] {
            let told = text.lines().any(|told| told.starts_with(line));
            assert!(told, "{}: {line} is missing in\n{text}", app.engine);
        }
        for what in ["database", "duration"] {
            let line = format!(
                "chancery_operation_{what}_seconds_total{{kind=\"graphql\",operation=\"Board\"}} "
            );
            let told = text.lines().find_map(|told| told.strip_prefix(&*line));
            let told = told.unwrap_or_else(|| panic!("{line}: {text}"));
            let told: f64 = told.parse().unwrap();
            // Some time, and no more than has passed.
            let passed = began.elapsed().as_secs_f64();
            assert!(told > 0.0 && told < passed, "{line}{told}: {passed}");
        }
        let waiting = text.contains("\nchancery_db_writer_waiting_callers ");
        assert!(waiting || app.engine == "PostgreSQL", "{text}");
        assert!(!text.contains("INVENTED") && !text.contains("00000000-0000"));
        app.stop().await;
    }
}

#[tokio::test]
async fn metrics_are_for_this_machine_or_for_their_own_address() {
    let mut plan = Plan::default();
    for app in TestApp::each_with(&plan).await {
        for header in ["x-forwarded-for", "forwarded"] {
            let proxied = app.anonymous().with(header, "192.0.2.1");
            assert_eq!(proxied.get("/metrics").await.verdict(), "404 no_route");
        }
        app.stop().await;
    }
    plan.settings.metrics_listen = Some(([127, 0, 0, 1], 9).into());
    for app in TestApp::each_with(&plan).await {
        let answer = app.anonymous().get("/metrics").await;
        assert_eq!(answer.verdict(), "404 no_route");
        let alone = api::metrics::router(app.services().clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let services = app.services().clone();
        let serving = api::server::serve(listener, alone, services, plan.timeouts);
        let serving = tokio::spawn(serving);
        let text = reqwest::get(format!("{base}/metrics")).await.unwrap();
        let text = text.text().await.unwrap();
        assert!(text.contains("# HELP chancery_db_connected "), "{text}");
        let other = reqwest::get(format!("{base}/api/v1/runs")).await.unwrap();
        assert_eq!(other.status(), 404);
        app.stop().await;
        serving.await.unwrap();
    }
}
