//! Nothing of others: whichever way a person asks.

use serde_json::{Value, json};
use service::explore::catalog::{Entity, catalog};
use tests::Client;

use super::fixture::{Filled, ask, data, each};
use super::reference::{as_text, node_id};
use super::world::{Cell, Row, Viewer, World, place, same, written};

fn entity(table: &str) -> &'static Entity {
    catalog().of_table(table).unwrap()
}

fn key(entity: &Entity, row: &Row) -> String {
    as_text(&written(entity.key_column().kind, &row[entity.key]))
}

/// A row of a table that the person may not see.
fn foreign<'a>(filled: &'a Filled, entity: &Entity) -> &'a Row {
    let rows = filled.world.rows(entity).iter();
    let mut foreign = rows.filter(|row| !filled.world.sees(entity, row, filled.person()));
    foreign.next().unwrap()
}

#[test]
fn foreign_rows_are_not_found_by_their_keys() {
    each(async |filled| {
        let ann = filled.client(filled.person());
        let mut looked = 0;
        for entity in catalog().entities() {
            let rows = filled.world.rows(entity).len();
            let seen = filled.world.seen(entity, filled.person()).len();
            if !World::may_ask(entity, filled.person()) || rows == seen {
                continue;
            }
            looked += 1;
            let row = foreign(filled, entity);
            let (single, field) = (&entity.single, &entity.key_column().field);
            let key = json!(key(entity, row));
            let by_key = format!("{{ x: {single}({field}: {key}) {{ __typename }} }}");
            assert_eq!(data(ann, &by_key).await["x"], Value::Null, "{single}");
            let id = node_id(entity, row);
            let by_id = format!("{{ x: node(id: \"{id}\") {{ __typename nodeId }} }}");
            assert_eq!(data(ann, &by_id).await["x"], Value::Null, "{single}");
        }
        assert!(looked > 20, "many tables have rows of several people");
    });
}

#[test]
fn foreign_rows_are_not_reached_along_relations() {
    each(async |filled| {
        let ann = filled.client(filled.person());
        let (cards, runs) = (entity("opportunity_cards"), entity("runs"));
        // A card of Ann's that stands in a run of somebody else's.
        let run_of = |card: &Row| {
            let (here, there) = (place(cards, "run_id"), runs.key);
            let mut all = filled.world.rows(runs).iter();
            all.find(|run| same(&card[here], &run[there])).unwrap()
        };
        let mine = filled.world.seen(cards, filled.person());
        let mut strays = mine
            .into_iter()
            .filter(|card| !filled.world.sees(runs, run_of(card), filled.person()));
        let stray = strays
            .next()
            .expect("the rows are thrown so that there is one");
        let id = json!(key(cards, stray));

        let followed = format!("{{ opportunityCard(id: {id}) {{ id run {{ id companyName }} }} }}");
        assert_eq!(
            data(ann, &followed).await["opportunityCard"],
            json!({ "id": id, "run": null })
        );
        // What is not there satisfies no condition, and not even the empty one.
        for condition in [
            "{}".to_owned(),
            format!("{{ id: {{ eq: {} }} }}", json!(key(runs, run_of(stray)))),
            "{ status: { in: [PENDING, RUNNING, COMPLETED, FAILED] } }".to_owned(),
            "{ not: { status: { eq: PENDING } } }".to_owned(),
            "{ user: { email: { contains: \"@\" } } }".to_owned(),
        ] {
            let guessed = format!(
                "{{ opportunityCards(filter: {{ id: {{ eq: {id} }}, run: {condition} }}) {{ totalCount nodes {{ id }} }} }}"
            );
            let none = json!({ "totalCount": 0, "nodes": [] });
            assert_eq!(
                data(ann, &guessed).await["opportunityCards"],
                none,
                "{condition}"
            );
        }
    });
}

#[test]
fn foreign_rows_are_in_no_filter_figure_or_group() {
    each(async |filled| {
        let ann = filled.client(filled.person());
        let Viewer::Person(me) = filled.person() else {
            unreachable!()
        };
        let runs = entity("runs");
        let mine = filled.world.seen(runs, filled.person());
        assert!(mine.len() > 2 && mine.len() < filled.world.rows(runs).len());

        let others = format!(
            "{{ runs(filter: {{ or: [{{ userId: {{ ne: \"{me}\" }} }}, {{ not: {{ userId: {{ eq: \"{me}\" }} }} }}] }}) {{
                totalCount nodes {{ id }} aggregate {{ count max {{ version }} }}
                groupBy(by: [{{ column: USER_ID }}], others: true) {{ count }}
            }} users(filter: {{ email: {{ contains: \"@\" }} }}) {{ nodes {{ id }} aggregate {{ count }} }} }}"
        );
        let answer = data(ann, &others).await;
        let nothing = json!({ "totalCount": 0, "nodes": [], "aggregate": { "count": 0, "max": { "version": null } }, "groupBy": [] });
        assert_eq!(answer["runs"], nothing);
        assert_eq!(answer["users"]["nodes"], json!([{ "id": me.to_string() }]));
        assert_eq!(answer["users"]["aggregate"]["count"], 1);

        let all = "{ runs { totalCount estimatedCount aggregate { count }
            groupBy(by: [{ column: USER_ID }]) { keys { userId } count } } }";
        let answer = &data(ann, all).await["runs"];
        assert_eq!(answer["totalCount"], mine.len());
        assert_eq!(answer["aggregate"]["count"], mine.len());
        let group = json!([{ "keys": { "userId": me.to_string() }, "count": mine.len() }]);
        assert_eq!(answer["groupBy"], group);
    });
}

#[test]
fn a_cursor_of_somebody_else_leads_to_ones_own_rows() {
    each(async |filled| {
        let (ann, admin) = (filled.client(filled.person()), filled.client(Viewer::Admin));
        let runs = entity("runs");
        let all = "{ runs(first: 100) { edges { cursor node { id userId } } } }";
        let theirs = data(admin, all).await;
        let Viewer::Person(me) = filled.person() else {
            unreachable!()
        };
        for edge in theirs["runs"]["edges"].as_array().unwrap().iter().take(8) {
            for way in ["first: 100, after", "last: 100, before"] {
                let query = format!(
                    "{{ runs({way}: {}) {{ nodes {{ id userId }} }} }}",
                    edge["cursor"]
                );
                for node in data(ann, &query).await["runs"]["nodes"].as_array().unwrap() {
                    assert_eq!(node["userId"], me.to_string());
                }
            }
        }
        let mine = filled.world.seen(runs, filled.person());
        assert!(
            mine.iter()
                .all(|row| row[place(runs, "user_id")] == Cell::Uuid(me))
        );
    });
}

#[test]
fn a_variable_that_is_not_given_is_no_condition_left_out() {
    each(async |filled| {
        let ann = filled.client(filled.person());
        for (declared, filter) in [
            ("$v: UUID", "{ userId: { eq: $v } }"),
            ("$v: UUID", "{ userId: { ne: $v } }"),
            ("$v: UUID!", "{ userId: { eq: $v } }"),
            ("$v: [UUID!]", "{ id: { in: $v } }"),
            ("$v: [UUID!]!", "{ id: { notIn: $v } }"),
            ("$v: UUIDCondition", "{ userId: $v }"),
            ("$v: RunFilter", "{ not: $v }"),
            ("$v: RunFilter!", "{ and: [$v] }"),
            ("$v: [RunFilter!]", "{ or: $v }"),
            ("$v: UserFilter", "{ user: $v }"),
            ("$v: OpportunityCardFilter", "{ cards: { some: $v } }"),
            ("$v: String", "{ user: { email: { contains: $v } } }"),
            ("$v: Boolean", "{ startedAt: { isNull: $v } }"),
        ] {
            let query = format!(
                "query({declared}) {{ runs(filter: {filter}) {{ totalCount nodes {{ id }} }} }}"
            );
            for variables in [json!({}), json!({ "v": null })] {
                let answer = ask(ann, &query, variables).await;
                let error = &answer.body["errors"][0];
                assert!(
                    error["extensions"]["code"].is_string(),
                    "{query}: {}",
                    answer.body
                );
                assert!(
                    error["locations"][0]["line"].is_u64(),
                    "{query}: {}",
                    answer.body
                );
                assert!(
                    answer.body["data"]["runs"].is_null(),
                    "{query}: {}",
                    answer.body
                );
            }
        }
    });
}

#[test]
fn what_a_provider_calls_a_person_is_told_to_them_and_to_admins() {
    each(async |filled| {
        let operator = &filled.callers[1].1;
        for query in [
            "{ userIdentities { nodes { subject } } }",
            "{ users { nodes { identities { nodes { subject } } } } }",
            "{ userIdentities(filter: { subject: { eq: \"x\" } }) { totalCount } }",
            "{ users(filter: { identities: { some: { subject: { eq: \"x\" } } } }) { totalCount } }",
            "{ userIdentities(orderBy: [SUBJECT_ASC]) { nodes { id } } }",
            "{ userIdentities { aggregate { max { subject } } } }",
            "{ userIdentities { groupBy(by: [{ column: SUBJECT }]) { count } } }",
            "{ userIdentities { groupBy(by: [{ column: PROVIDER }], orderBy: [{ measure: MAX, column: SUBJECT }]) { count } } }",
        ] {
            let answer = ask(operator, query, json!({})).await;
            let code = &answer.body["errors"][0]["extensions"]["code"];
            assert_eq!(code, "explore.forbidden", "{query}: {}", answer.body);
            for other in [filled.person(), Viewer::Admin] {
                data(filled.client(other), query).await;
            }
        }
        // The rest of the row they may read; not its version, which is made of all of it.
        let rest = "{ userIdentities(first: 1) { nodes { nodeId provider user { id } } } }";
        let row = data(operator, rest).await["userIdentities"]["nodes"][0].clone();
        let version = format!("{{ rowVersion(id: {}) }}", row["nodeId"]);
        let answer = ask(operator, &version, json!({})).await;
        let code = &answer.body["errors"][0]["extensions"]["code"];
        assert_eq!(code, "explore.forbidden", "{}", answer.body);
        data(filled.client(Viewer::Admin), &version).await;

        let schema = "{ adminSchema { entities { name columns { field } } } }";
        let named = async |viewer: &Client| {
            let answer = data(viewer, schema).await;
            let entities = answer["adminSchema"]["entities"].as_array().unwrap();
            let mut entities = entities.iter();
            let identity = entities.find(|one| one["name"] == "UserIdentity").unwrap();
            identity["columns"].to_string().contains("\"subject\"")
        };
        assert!(!named(operator).await);
        assert!(named(filled.client(Viewer::Admin)).await);
    });
}
