//! What selections become.

use async_graphql::Variables;
use async_graphql::parser::parse_query;
use serde_json::{Value, json};
use service::explore::plan::{
    Connection, ConnectionField, Field, FigureField, Level, Object, Plan,
};

use super::super::answer::RootPlan;
use super::super::collect::Document;
use super::super::root::Root;

/// Every root field's plan, in short.
pub(super) fn plans(text: &str, variables: Value) -> String {
    let document = parse_query(text).unwrap();
    let variables = Variables::from_json(variables);
    let document = Document::of(&document, None, &variables).unwrap();
    let roots = document.roots();
    let plans = roots.iter().map(|(key, fields)| {
        let root = Root::named(&fields[0].node.name.node).unwrap();
        match RootPlan::compile(root, &document, fields) {
            Ok(question) => format!("{key}: {}", plan(&question.0.plan)),
            Err(fault) => format!("{key}: {}", fault.into_server_error().message),
        }
    });
    plans.collect::<Vec<_>>().join("; ")
}

fn plan(plan: &Plan) -> String {
    match plan {
        Plan::List(list) => connection(list),
        Plan::Row(row) => object(&row.level, &row.object),
    }
}

fn connection(list: &Connection) -> String {
    let flags = [
        (list.more, "more"),
        (list.cursors, "cursors"),
        (list.total, "total"),
        (list.estimate, "estimate"),
    ];
    let flags = flags
        .iter()
        .filter(|(set, _)| *set)
        .map(|(_, name)| (*name).to_owned());
    let fields = list.fields.iter().map(|(_, field)| match field {
        ConnectionField::Nodes(rows) => format!("nodes {}", object(&list.level, rows)),
        ConnectionField::Aggregate(at) => {
            format!("aggregate {:?}", list.aggregates[*at].measures)
        }
        ConnectionField::Groups(at) => {
            let figures = &list.groups[*at].figures;
            let keys = figures
                .fields
                .iter()
                .filter(|(_, field)| matches!(field, FigureField::Keys(_)));
            format!("groups {:?} {} keys", figures.measures, keys.count())
        }
        ConnectionField::Edges(_) => "edges".to_owned(),
        ConnectionField::PageInfo(_) => "page".to_owned(),
        ConnectionField::Typename => "typename".to_owned(),
        ConnectionField::Total | ConnectionField::Estimate => "count".to_owned(),
    });
    let parts: Vec<String> = flags.chain(fields).collect();
    format!(
        "{}#{}[{}]",
        list.level.entity().plural,
        list.slot,
        parts.join(" ")
    )
}

fn object(level: &Level, object_: &Object) -> String {
    let name = |place: usize| {
        let (table, column) = level.columns[place];
        format!(
            "t{table}.{}",
            level.tables[table].entity.columns[column].field
        )
    };
    let fields = object_.fields.iter().map(|(key, field)| {
        let key = String::from_utf8_lossy(key.as_bytes()).into_owned();
        let field = match field {
            Field::Typename(name) => (*name).to_owned(),
            Field::Column(place, _) => name(*place),
            Field::NodeId(_, place, _) => format!("node({})", name(*place)),
            Field::One(one, place) => format!("{}?{}", name(*place), object(level, one)),
            Field::Many(child) => connection(&level.children[*child].connection),
        };
        format!("{}{field}", key.replace('"', ""))
    });
    format!("{{{}}}", fields.collect::<Vec<_>>().join(" "))
}

#[test]
fn selections_become_plans() {
    let user = "userIdentities";
    assert!(Root::named(user).is_some());
    for (document, expected) in [
        (
            "{ runs { nodes { id who: userId __typename } } }",
            "runs: runs#0[nodes {id:t0.id who:t0.userId __typename:Run}]",
        ),
        (
            "{ a: runs { totalCount } b: runs { estimatedCount pageInfo { hasNextPage } } }",
            "a: runs#0[total count]; b: runs#0[more estimate count page]",
        ),
        (
            "{ runs { edges { cursor } pageInfo { __typename } } }",
            "runs: runs#0[cursors edges page]",
        ),
        // Joined once, however often it is asked; present when its own key is.
        (
            "{ runs { nodes { user { email } user { name } owner: user { nodeId } } } }",
            "runs: runs#0[nodes {user:t1.id?{email:t1.email name:t1.name} \
             owner:t1.id?{nodeId:node(t1.id)}}]",
        ),
        // A list under two names is two lists, with arguments of their own.
        (
            "{ runs { nodes { a: cards(first: 1) { nodes { number } } b: cards { totalCount } } } }",
            "runs: runs#0[nodes {a:opportunityCards#1[nodes {number:t0.number}] \
             b:opportunityCards#2[total count]}]",
        ),
        (
            "query($x: UUID!) { run(id: $x) { id ...A ... on Node { nodeId } ... on User { email } } }
             fragment A on Run { status ... { id } }",
            "run: {id:t0.id status:t0.status nodeId:node(t0.id)}",
        ),
        (
            "{ runs { aggregate { count max { attempt } sum { attempt } twice: sum { attempt } } } }",
            "runs: runs#0[aggregate [Count, Of(Max, 13), Of(Sum, 13)]]",
        ),
        (
            "{ runs { groupBy(by: [{column: STATUS}]) { keys { status } count others } } }",
            "runs: runs#0[groups [Count] 1 keys]",
        ),
        (
            "{ node(id: \"UnVuOjdmMDAwMDAwLTAwMDAtNzAwMC04MDAwLTAwMDAwMDAwMDAwMQ\") { nodeId ... on Run { id } } }",
            "node: {nodeId:node(t0.id) id:t0.id}",
        ),
        ("{ node(id: \"x\") { nodeId } }", "node: some values are not valid"),
        ("{ runs { nothing } }", "runs: there is no field nothing"),
    ] {
        let found = plans(document, json!({}));
        if expected.contains("Of(") {
            // The places of columns are the catalogue's business.
            let digits = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "");
            assert_eq!(digits(&found), digits(expected), "{document}");
        } else {
            assert_eq!(found, expected, "{document}");
        }
    }
}

#[test]
fn conditions_leave_fields_out() {
    let document = "query($a: Boolean = true, $b: Boolean!) {
        runs @include(if: $a) { nodes { id @skip(if: $b) ...F @include(if: $b) } }
        users @skip(if: $a) { totalCount }
    } fragment F on Run { status }";
    for (variables, expected) in [
        (
            json!({ "b": true }),
            "runs: runs#0[nodes {status:t0.status}]",
        ),
        (json!({ "b": false }), "runs: runs#0[nodes {id:t0.id}]"),
        (
            json!({ "a": false, "b": false }),
            "users: users#0[total count]",
        ),
    ] {
        assert_eq!(plans(document, variables), expected);
    }
}
