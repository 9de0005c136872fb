//! What a domain's verbs refuse, the generic door refuses, too; and what is not writable is not offered.

use entity::identity::user::UserRole;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tests::{Client, TestApp, run_body, stage_body};

use super::{NEWS, good, made, news, people, refused, version};

/// The first row of a list, its key and its `nodeId`.
async fn first(who: &Client, list: &str, key: &str) -> (Value, Value) {
    let query = format!("{{ {list}(first: 1) {{ nodes {{ nodeId key: {key} }} }} }}");
    let row = good(who, &query, json!({})).await[list]["nodes"][0].clone();
    assert!(row.is_object(), "{list}");
    (row["key"].clone(), row["nodeId"].clone())
}

/// Change the first row of a list: the verdict where it is refused.
async fn change(who: &Client, (entity, list, key): (&str, &str, &str), patch: &Value) -> String {
    let (at, node) = first(who, list, key).await;
    let kind = if entity == "ToolCall" {
        "String"
    } else {
        "UUID"
    };
    let query = format!(
        "mutation($key: {kind}!, $version: String!, $patch: {entity}Patch!) {{
            update{entity}({key}: $key, rowVersion: $version, patch: $patch) {{ nodeId }} }}"
    );
    let read = version(who, &node).await;
    let given = json!({ "key": at, "version": read, "patch": patch });
    refused(who, &query, given).await
}

/// One row of all that is tried below; tells the run's id.
async fn one_of_each(app: &TestApp, ann: &Client, admin: &Client) -> String {
    let run = made(ann, "/api/v1/runs", run_body("a.pdf")).await;
    let run = run.as_str().unwrap().to_owned();
    let worker = app.key("worker", &["worker"]).await;
    let claim = worker
        .post("/api/v1/runs/claim", json!({ "worker": "w" }))
        .await;
    for stage in 1..=5 {
        let path = format!("/api/v1/runs/{run}/stages/{stage}");
        let body = stage_body(stage, &claim.body["lease_token"]);
        let taken = worker.put(&path, body).await;
        assert_eq!(taken.status, 200, "{}", taken.body);
    }
    let thread = made(ann, "/api/v1/threads", json!({ "title": "one" })).await;
    let said = json!({
        "entity": "AI_TOOL", "content": {},
        "tool_calls": [{ "id": "call", "name": "n", "arguments": "{}" }],
        "tool_selections": [{ "tool_name": "n" }],
        "complexity": [{ "model": "m" }],
    });
    let path = format!("/api/v1/threads/{}/messages", thread.as_str().unwrap());
    made(ann, &path, said).await;
    made(admin, "/api/v1/agent-templates", json!({ "name": "t" })).await;
    made(ann, "/api/v1/agents", json!({ "name": "a" })).await;
    let flow = json!({ "name": "w", "definition": {} });
    made(ann, "/api/v1/workflows", flow).await;
    let liked = ann.patch("/api/v1/me/preferences", json!({ "a": 1 })).await;
    assert_eq!(liked.status, 200, "{}", liked.body);
    app.shown_video(ann.id().await).await;
    run
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "most of it is a table")]
async fn what_verbs_refuse_is_refused_of_every_row_that_staff_change() {
    for app in TestApp::each().await {
        let [ann, _, admin] = people(&app).await;
        let id = json!(ann.id().await);
        one_of_each(&app, &ann, &admin).await;
        good(&admin, NEWS, news(&id, "one", "two")).await;
        let long = |most: usize| "x".repeat(most + 1);
        let agent = ("UserAgent", "userAgents", "id");
        let flow = ("UserWorkflow", "userWorkflows", "id");
        let template = ("AgentTemplate", "agentTemplates", "id");
        let video = ("Video", "videos", "id");
        let run = ("Run", "runs", "id");
        let card = ("OpportunityCard", "opportunityCards", "id");
        let report = ("InspirationReport", "inspirationReports", "id");
        let output = ("StageOutput", "stageOutputs", "id");
        let profile = ("Profile", "profiles", "id");
        let before = app.row_counts().await;
        for (of, patch, verdict) in [
            (agent, json!({ "name": " " }), "422 invalid /name"),
            (agent, json!({ "steps": 5 }), "422 invalid /steps"),
            (agent, json!({ "steps": [5] }), "422 invalid /steps"),
            (agent, json!({ "config": [1] }), "422 invalid /config"),
            (agent, json!({ "goal": long(10_000) }), "422 invalid /goal"),
            (
                agent,
                json!({ "requiredIntegrations": "zz" }),
                "422 invalid /requiredIntegrations",
            ),
            (
                agent,
                json!({ "requiredIntegrations": ["a", "a"] }),
                "422 invalid /requiredIntegrations/1",
            ),
            (
                agent,
                json!({ "requiredIntegrations": ["zzz"] }),
                "409 agent.integration_required /requiredIntegrations",
            ),
            (flow, json!({ "name": "" }), "422 invalid /name"),
            (
                flow,
                json!({ "definition": [1] }),
                "422 invalid /definition",
            ),
            (template, json!({ "name": "" }), "422 invalid /name"),
            (
                template,
                json!({ "defaultWorkflow": [1] }),
                "422 invalid /defaultWorkflow",
            ),
            (
                template,
                json!({ "defaultWorkflow": { "steps": 1 } }),
                "422 invalid /defaultWorkflow/steps",
            ),
            (
                template,
                json!({ "capabilities": [""] }),
                "422 invalid /capabilities/0",
            ),
            (video, json!({ "title": long(255) }), "422 invalid /title"),
            (video, json!({ "metadata": 7 }), "422 invalid /metadata"),
            (
                run,
                json!({ "documentUrl": "javascript:alert(1)" }),
                "422 invalid /documentUrl",
            ),
            (
                run,
                json!({ "companyName": "" }),
                "422 invalid /companyName",
            ),
            (card, json!({ "title": "" }), "422 invalid /title"),
            (
                card,
                json!({ "quickWin": long(20_000) }),
                "422 invalid /quickWin",
            ),
            (
                report,
                json!({ "inspiration1Title": "" }),
                "422 invalid /inspiration1Title",
            ),
            (
                report,
                json!({ "inspiration2Elements": [long(20_000)] }),
                "422 invalid /inspiration2Elements/0",
            ),
            (
                output,
                json!({ "markdownOutput": " " }),
                "422 invalid /markdownOutput",
            ),
            (
                ("Thread", "threads", "id"),
                json!({ "title": long(1_000) }),
                "422 invalid /title",
            ),
            (
                ("ToolCall", "toolCalls", "id"),
                json!({ "name": "" }),
                "422 invalid /name",
            ),
            (
                ("ToolSelection", "toolSelections", "id"),
                json!({ "toolName": "" }),
                "422 invalid /toolName",
            ),
            (
                ("ComplexityEstimation", "complexityEstimations", "id"),
                json!({ "model": "" }),
                "422 invalid /model",
            ),
            (profile, json!({ "username": "" }), "422 invalid /username"),
            (
                profile,
                json!({ "avatar": "javascript:alert(1)" }),
                "422 invalid /avatar",
            ),
            (
                profile,
                json!({ "socialLinks": { "site": "javascript:alert(1)" } }),
                "422 invalid /socialLinks/site",
            ),
            (
                profile,
                json!({ "preferences": [] }),
                "422 invalid /preferences",
            ),
            (
                ("Notification", "notifications", "id"),
                json!({ "title": "" }),
                "422 invalid /title",
            ),
            (
                ("Notification", "notifications", "id"),
                json!({ "message": long(2_000) }),
                "422 invalid /message",
            ),
            // What only verbs write is not there to be given.
            (video, json!({ "videoUrl": "x" }), "400 graphql.invalid"),
            (video, json!({ "thumbnailUrl": "x" }), "400 graphql.invalid"),
            (video, json!({ "nftId": "x" }), "400 graphql.invalid"),
            (video, json!({ "userId": id }), "400 graphql.invalid"),
            (agent, json!({ "userId": id }), "400 graphql.invalid"),
            (agent, json!({ "templateId": id }), "400 graphql.invalid"),
            (flow, json!({ "userId": id }), "400 graphql.invalid"),
            (run, json!({ "userId": id }), "400 graphql.invalid"),
            (card, json!({ "userId": id }), "400 graphql.invalid"),
            (card, json!({ "number": 2 }), "400 graphql.invalid"),
            (report, json!({ "runId": id }), "400 graphql.invalid"),
            (output, json!({ "stageNumber": 2 }), "400 graphql.invalid"),
            (profile, json!({ "userId": id }), "400 graphql.invalid"),
        ] {
            let found = change(&admin, of, &patch).await;
            assert_eq!(found, verdict, "{}: {} {patch}", app.engine, of.0);
        }

        let new = |input: Value| json!({ "input": input });
        let flow =
            "mutation($input: UserWorkflowCreate!) { createUserWorkflow(input: $input) { id } }";
        let template =
            "mutation($input: AgentTemplateCreate!) { createAgentTemplate(input: $input) { id } }";
        let schedule =
            "mutation($input: JobScheduleCreate!) { createJobSchedule(input: $input) { id } }";
        for (query, given, verdict) in [
            (
                flow,
                new(json!({ "userId": id, "name": "x", "definition": [1] })),
                "422 invalid /definition",
            ),
            (
                template,
                new(json!({ "name": "x", "defaultWorkflow": [1] })),
                "422 invalid /defaultWorkflow",
            ),
            (
                schedule,
                new(json!({ "name": "", "kind": "k", "cron": "0 0 * * *" })),
                "422 invalid /name",
            ),
            (NEWS, news(&id, "", "m"), "422 invalid /title"),
            (NEWS, news(&id, "t", &long(2_000)), "422 invalid /message"),
        ] {
            let found = refused(&admin, query, given).await;
            assert_eq!(found, verdict, "{}: {query}", app.engine);
        }

        // Many rows are changed all or not at all.
        let many = "mutation($patch: UserAgentPatch!) {
            updateUserAgents(filter: { name: { eq: \"a\" } }, count: 1, patch: $patch) }";
        let patch = json!({ "patch": { "steps": 5 } });
        let found = refused(&admin, many, patch).await;
        assert_eq!(found, "422 invalid /steps", "{}", app.engine);
        let patch = json!({ "patch": { "requiredIntegrations": ["zzz"] } });
        let found = refused(&admin, many, patch).await;
        assert_eq!(
            found,
            "409 agent.integration_required /requiredIntegrations"
        );
        assert_eq!(app.row_counts().await, before, "{}", app.engine);
        let changed = "SELECT count(*) FROM user_agents WHERE version > 1";
        assert_eq!(app.number(changed).await, 0, "{}", app.engine);
        app.stop().await;
    }
}

#[tokio::test]
async fn what_was_wrong_before_is_no_hindrance_until_it_is_touched() {
    for app in TestApp::each().await {
        let [ann, _, admin] = people(&app).await;
        let agent = made(&ann, "/api/v1/agents", json!({ "name": "a" })).await;
        let tx = app.system().write().await.unwrap();
        let wrong = "UPDATE user_agents SET steps = '5'";
        tx.execute_unprepared(wrong).await.unwrap();
        tx.commit().await.unwrap();
        let query = "mutation($id: UUID!, $patch: UserAgentPatch!) {
            updateUserAgent(id: $id, rowVersion: \"1\", patch: $patch) { name steps } }";
        let on = |patch: Value| json!({ "id": agent, "patch": patch });
        let found = refused(&admin, query, on(json!({ "steps": 6 }))).await;
        assert_eq!(found, "422 invalid /steps", "{}", app.engine);
        let row = good(&admin, query, on(json!({ "name": "b" }))).await;
        let told = json!({ "name": "b", "steps": 5 });
        assert_eq!(row["updateUserAgent"], told, "{}", app.engine);
        app.stop().await;
    }
}

#[tokio::test]
async fn what_is_not_writable_is_not_offered() {
    for app in TestApp::each().await {
        let admin = app.user("admin", UserRole::Admin).await;
        let operator = app.user("operator", UserRole::Operator).await;
        let query = "{ adminSchema { entities { name may { create update delete restore }
            columns { field onCreate onUpdate } } } }";
        let entities = good(&admin, query, json!({})).await["adminSchema"]["entities"].clone();
        let find = |name: &str| {
            let mut all = entities.as_array().unwrap().iter();
            all.find(|one| one["name"] == name).unwrap().clone()
        };
        let rights = |create, update, restore| json!({ "create": create, "update": update, "delete": true, "restore": restore });
        for (name, may) in [
            ("Video", rights(false, true, false)),
            ("UserAgent", rights(false, true, true)),
            ("NftOwnership", rights(false, false, false)),
            ("UserWorkflow", rights(true, true, true)),
        ] {
            assert_eq!(find(name)["may"], may, "{name}");
        }
        let patched = |name: &str| -> Vec<Value> {
            let entity = find(name);
            let columns = entity["columns"].as_array().unwrap().iter();
            let open = columns.filter(|column| column["onUpdate"] == true);
            open.map(|column| column["field"].clone()).collect()
        };
        let video = ["title", "description", "isPublic", "metadata"];
        assert_eq!(patched("Video"), video);
        let none: [&str; 0] = [];
        assert_eq!(patched("NftOwnership"), none);
        let fields = "{ __type(name: \"VideoPatch\") { inputFields { name } } }";
        let fields = good(&admin, fields, json!({})).await["__type"]["inputFields"].clone();
        let fields = fields.as_array().unwrap().iter();
        let fields: Vec<_> = fields.map(|field| field["name"].clone()).collect();
        assert_eq!(fields, video);
        let theirs = "{ adminSchema { entities { name may { restore } } } }";
        let theirs = good(&operator, theirs, json!({})).await["adminSchema"]["entities"].clone();
        let none = theirs.as_array().unwrap().iter();
        assert!(none.into_iter().all(|one| one["may"]["restore"] == false));
        app.stop().await;
    }
}
