//! What all lists have in common, tried at every list of the `OpenAPI` document: pages, fields, counts,
//! filters, tags.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, Client, TestApp};

use super::rows::Rows;
use super::table::{Door, table};
use super::{Callers, operation};

/// What every list takes.
const SHARED: [&str; 4] = ["after", "limit", "fields", "count"];

/// A list of the document.
struct List {
    path: String,
    /// What it takes beside what every list takes.
    filters: Vec<Value>,
}

/// The lists that the document knows.
fn lists(document: &Value) -> Vec<List> {
    let gets = document["paths"].as_object().unwrap().iter();
    let gets = gets.filter_map(|(path, item)| Some((path, item.get("get")?)));
    let lists = gets.filter(|(_, get)| {
        let answer = &get["responses"]["200"]["content"]["application/json"]["schema"];
        let name = answer["$ref"].as_str().unwrap_or_default();
        name.contains("/List_")
    });
    lists
        .map(|(path, get)| {
            let parameters = get["parameters"].as_array().unwrap();
            let named = |name: &str| {
                let mut all = parameters.iter();
                all.find(|one| one["name"] == name).is_some()
            };
            for name in SHARED.iter().chain(&["If-None-Match"]) {
                assert!(named(name), "{path} does not tell of `{name}`");
            }
            for status in ["200", "304", "400", "422"] {
                assert!(get["responses"][status].is_object(), "{path}: {status}");
            }
            for header in ["Link", "ETag"] {
                let headers = &get["responses"]["200"]["headers"];
                assert!(headers[header].is_object(), "{path}: {header}");
            }
            for one in parameters.iter().filter(|one| one["in"] == "path") {
                let name = format!("{{{}}}", one["name"].as_str().unwrap());
                assert!(path.contains(&name), "{path} has no {name}");
            }
            let own = parameters.iter().filter(|one| {
                let name = one["name"].as_str().unwrap();
                one["in"] == "query" && !SHARED.contains(&name)
            });
            List {
                path: path.clone(),
                filters: own.cloned().collect(),
            }
        })
        .collect()
}

/// A path with one more parameter.
fn with(path: &str, more: &str) -> String {
    let sign = if path.contains('?') { '&' } else { '?' };
    format!("{path}{sign}{more}")
}

fn items(answer: &Answer) -> &Vec<Value> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["items"].as_array().unwrap()
}

#[tokio::test]
async fn every_list_keeps_to_the_conventions() {
    let document = serde_json::to_value(api::openapi()).unwrap();
    for app in TestApp::each().await {
        let callers = Callers::make(&app).await;
        let Callers {
            ann, worker, admin, ..
        } = &callers;
        let rows = Rows::make(&app, ann, worker, admin).await;
        more(&app, ann).await;
        let executions = format!("/api/v1/workflows/{}/executions", rows.workflow);
        assert_eq!(ann.post(&executions, json!({})).await.status, 201);
        app.tried(&rows.delivery, 1).await;
        app.tried(&rows.delivery, 2).await;
        // A session that is used a minute later says so.
        app.clock.stop_at(app.system().now());
        let table = table(&rows);
        let lists = lists(&document);
        assert!(lists.len() > 15, "the document has lost its lists");
        for list in &lists {
            let name = format!("GET {}", list.path);
            let door = table.iter().find(|door| door.name == name);
            let door = door.unwrap_or_else(|| panic!("{name} has no line in the table"));
            let place = format!("{}: {name}", app.engine);
            let all = everything(door, callers.right(door), &place).await;
            pages(door, callers.right(door), &all, &place).await;
            fields(door, callers.right(door), &all, &place).await;
            tagged(door, callers.right(door), &place).await;
            refusals(door, callers.right(door), &place).await;
            filters(list, door, callers.right(door), &all, &place).await;
        }
        app.stop().await;
    }
}

/// A second row, where one alone would fit a page, and what no door makes without another's help.
async fn more(app: &TestApp, ann: &Client) {
    app.connected(ann.id().await, "github").await;
    app.connected(ann.id().await, "calendar").await;
    app.shown_video(ann.id().await).await;
    let key = json!({ "name": "second", "scopes": ["read"] });
    assert_eq!(ann.post("/api/v1/me/keys", key).await.status, 201);
    let thread = json!({ "title": "second" });
    assert_eq!(ann.post("/api/v1/threads", thread).await.status, 201);
    let agent = json!({ "name": "second" });
    assert_eq!(ann.post("/api/v1/agents", agent).await.status, 201);
}

/// All rows, counted both ways.
async fn everything(door: &Door, who: &Client, place: &str) -> Vec<Value> {
    let all = who.get(&with(&door.path, "limit=100&count=exact")).await;
    let rows = items(&all).clone();
    assert!(!rows.is_empty(), "{place}: nothing to try it with");
    let exact = json!({ "count": rows.len(), "exact": true });
    assert_eq!(all.body["total"], exact, "{place}");
    assert!(all.body["next"].is_null(), "{place}");

    let estimated = who.get(&with(&door.path, "count=estimated")).await;
    let total = &estimated.body["total"];
    assert!(total["count"].is_u64(), "{place}: {}", estimated.body);
    // The settings that the program knows are in no table.
    let exact = place.starts_with("SQLite") || door.template() == "/api/v1/settings";
    assert_eq!(total["exact"], exact, "{place}: only a planner estimates");

    let plain = who.get(&door.path).await;
    assert!(plain.body.get("total").is_none(), "{place}: nobody asked");
    rows
}

/// Page after page, by cursor and by `Link`, come all rows, each once.
async fn pages(door: &Door, who: &Client, all: &[Value], place: &str) {
    let mut found = Vec::new();
    let mut path = with(&door.path, "limit=1&count=exact");
    loop {
        let page = who.get(&path).await;
        assert_eq!(items(&page).len(), 1, "{place}: {path}");
        found.extend(items(&page).iter().cloned());
        assert_eq!(page.body["total"]["count"], all.len(), "{place}: the whole");
        let link = page.headers.get("link").map(|link| link.to_str().unwrap());
        let Some(next) = page.body["next"].as_str() else {
            assert_eq!(link, None, "{place}");
            break;
        };
        let link = link.unwrap_or_else(|| panic!("{place}: no Link to the next page"));
        let (target, kind) = link.split_once(">; ").unwrap();
        assert_eq!(kind, "rel=\"next\"", "{place}");
        assert!(target.contains(&format!("after={next}")), "{place}: {link}");
        path = target.trim_start_matches('<').to_owned();
        assert!(found.len() <= all.len(), "{place}: it goes in circles");
    }
    assert_eq!(found, all, "{place}: by pages of one");
}

/// What is wanted comes, with the id, and nothing else.
async fn fields(door: &Door, who: &Client, all: &[Value], place: &str) {
    let members = all[0].as_object().unwrap();
    let wanted = members.keys().find(|name| *name != "id").unwrap();
    let some = with(&door.path, &format!("limit=100&fields={wanted}"));
    let some = who.get(&some).await;
    for (row, whole) in items(&some).iter().zip(all) {
        let mut expected = json!({ wanted: whole[wanted] });
        if let Some(id) = whole.get("id") {
            expected["id"] = id.clone();
        }
        assert_eq!(*row, expected, "{place}: fields={wanted}");
    }
    let every: Vec<&str> = members.keys().map(String::as_str).collect();
    let whole = format!("limit=100&fields={}", every.join(","));
    let whole = who.get(&with(&door.path, &whole)).await;
    assert_eq!(items(&whole), all, "{place}: every field by name");

    let wrong = who.get(&with(&door.path, "fields=id,no_such_field")).await;
    assert_eq!(wrong.verdict(), "422 invalid", "{place}");
    assert_eq!(wrong.body["errors"][0]["pointer"], "fields", "{place}");
}

/// Who has the page is not sent it again; another page is another.
async fn tagged(door: &Door, who: &Client, place: &str) {
    let first = who.get(&door.path).await;
    let tag = first.headers["etag"].to_str().unwrap().to_owned();
    let known = who.with("if-none-match", &tag);
    let same = known.get(&door.path).await;
    assert_eq!(same.status, 304, "{place}: {tag}");
    assert_eq!(same.headers["etag"], *tag, "{place}");
    assert!(same.bytes.is_empty(), "{place}");
    let other = known.get(&with(&door.path, "count=exact")).await;
    assert_eq!(other.status, 200, "{place}: a count more");
}

async fn refusals(door: &Door, who: &Client, place: &str) {
    for (query, verdict, pointer) in [
        ("limit=0", "422 limit.out_of_range", None),
        ("limit=101", "422 limit.out_of_range", None),
        ("limit=many", "422 invalid", Some("limit")),
        ("after=AAAA", "400 cursor.bad", None),
        ("count=roughly", "422 invalid", Some("count")),
        ("no_such_filter=1", "422 invalid", Some("no_such_filter")),
    ] {
        let answer = who.get(&with(&door.path, query)).await;
        assert_eq!(answer.verdict(), verdict, "{place}: {query}");
        if let Some(pointer) = pointer {
            assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{place}");
        }
    }
}

/// A filter by a column answers the rows that have the value, and the ones of another value not.
async fn filters(list: &List, door: &Door, who: &Client, all: &[Value], place: &str) {
    for filter in &list.filters {
        let name = filter["name"].as_str().unwrap();
        // A column that is empty in the first row says nothing of itself.
        let value = match &all[0][name] {
            Value::String(text) => text.clone(),
            Value::Bool(yes) => yes.to_string(),
            Value::Number(number) => number.to_string(),
            _ => continue,
        };
        if door.path.contains(&format!("{name}=")) {
            continue;
        }
        let query = format!("limit=100&{name}={value}");
        let found = who.get(&with(&door.path, &query)).await;
        let expected: Vec<&Value> = all.iter().filter(|row| row[name] == all[0][name]).collect();
        let found: Vec<&Value> = items(&found).iter().collect();
        assert_eq!(found, expected, "{place}: {query}");
    }
}

/// Every other read has a tag, too, and says so.
#[tokio::test]
async fn every_read_has_a_tag() {
    /// What changes between two looks, does something, streams, or has the tags of files.
    const MOVING: [&str; 4] = [
        "/api/v1/integrations/{provider}/callback",
        "/api/v1/system/database",
        "/api/v1/export",
        "/api/v1/uploads/{id}/content",
    ];
    let document = serde_json::to_value(api::openapi()).unwrap();
    for app in TestApp::each().await {
        let callers = Callers::make(&app).await;
        let Callers {
            ann, worker, admin, ..
        } = &callers;
        let rows = Rows::make(&app, ann, worker, admin).await;
        app.clock.stop_at(app.system().now());
        for door in table(&rows) {
            let operation = operation(&document, &door);
            let json = &operation["responses"]["200"]["content"]["application/json"];
            let still = !MOVING.contains(&door.template());
            if door.method() != Method::GET || !still || !json.is_object() {
                continue;
            }
            let who = callers.right(&door);
            let first = who.get(&door.path).await;
            let tag = first.headers.get("etag");
            let tag = tag.unwrap_or_else(|| panic!("{} has no tag", door.name));
            let known = who.with("if-none-match", tag.to_str().unwrap());
            let again = known.get(&door.path).await;
            assert_eq!(again.status, 304, "{}: {}", app.engine, door.name);
            assert!(operation["responses"]["304"].is_object(), "{}", door.name);
        }
        app.stop().await;
    }
}
