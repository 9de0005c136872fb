//! Every entity of the registry, whatever it is: lists, what their rows lead to, pages both ways,
//! figures and groups, held against the tables; and one statement a level.

use serde_json::{Value, json};
use service::explore::catalog::{Column, Entity, Kind, catalog, screaming_case};
use tests::Client;

use super::dice::Dice;
use super::document::{Document, Field, Sel, Val};
use super::figures::takes;
use super::fixture::{Filled, ask, each_alone};
use super::reference::{Asked, alike};
use super::world::{Cell, Viewer, World, written};

#[test]
fn every_entity_is_listed_followed_counted_and_grouped() {
    each_alone(async |filled| {
        for entity in catalog().entities() {
            for (viewer, client) in &filled.callers {
                if World::reads_all(entity, *viewer) {
                    let look = Look {
                        filled,
                        viewer: *viewer,
                        client,
                        entity,
                    };
                    look.followed().await;
                    look.figures().await;
                    // An operator's pages are an admin's.
                    if !matches!(viewer, Viewer::Operator(_)) {
                        look.pages().await;
                    }
                } else if !World::may_ask(entity, *viewer) {
                    refused(filled, entity, client).await;
                }
            }
        }
    });
}

/// Not a row, not a number.
async fn refused(filled: &Filled, entity: &Entity, client: &Client) {
    let row = &filled.world.rows(entity)[0];
    let key = written(entity.key_column().kind, &row[entity.key]);
    let (single, field) = (&entity.single, &entity.key_column().field);
    for selected in [
        format!("{}(first: 1) {{ nodes {{ __typename }} }}", entity.plural),
        format!("{} {{ totalCount }}", entity.plural),
        format!("{} {{ aggregate {{ count }} }}", entity.plural),
        format!("{single}({field}: {key}) {{ __typename }}"),
    ] {
        let answer = ask(client, &format!("{{ x: {selected} }}"), json!({})).await;
        let code = &answer.body["errors"][0]["extensions"]["code"];
        assert_eq!(code, "explore.forbidden", "{selected}: {}", answer.body);
        assert_eq!(answer.body["data"]["x"], Value::Null, "{selected}");
    }
}

struct Look<'a> {
    filled: &'a Filled,
    viewer: Viewer,
    client: &'a Client,
    entity: &'static Entity,
}

fn columns(entity: &Entity) -> Vec<Sel> {
    let columns = entity
        .columns
        .iter()
        .map(|column| Field::new(&column.field));
    columns.map(Sel::Field).collect()
}

fn count(name: &str, number: usize) -> (String, Val) {
    (name.to_owned(), Val::Int(i64::try_from(number).unwrap()))
}

impl Look<'_> {
    async fn ask(&self, field: Field) -> Value {
        let document = Document {
            roots: vec![Sel::Field(field)],
            ..Document::default()
        };
        let text = document.text();
        let answer = ask(self.client, &text, json!({})).await;
        let said = || format!("{} {:?}: {text}", self.filled.app.engine, self.viewer);
        assert_eq!(answer.body["errors"], Value::Null, "{}", said());
        let asked = Asked {
            world: &self.filled.world,
            viewer: self.viewer,
            document: &document,
        };
        let (found, wanted) = (&answer.body["data"], asked.answer());
        assert!(alike(found, &wanted), "{}\n{found}\nnot\n{wanted}", said());
        found.clone()
    }

    /// Two levels along every relation, each level in one statement.
    async fn followed(&self) {
        let mut nodes = columns(self.entity);
        nodes.extend(self.relations(self.entity, 1));
        let mut field = Field::of(
            &self.entity.plural,
            vec![Sel::Field(Field::of("nodes", nodes))],
        );
        field.sels.push(Sel::Field(Field::new("totalCount")));
        field.args.push(count("first", 5));
        let mut answer = Value::Null;
        let asked = field.clone();
        let statements = self
            .statements(async || answer = self.ask(asked).await)
            .await;
        let levels = levels(&field, &answer[&self.entity.plural]);
        let what = (self.filled.app.engine, &self.entity.name, self.viewer);
        assert_eq!(statements.len(), levels, "{what:?} {statements:#?}");
    }

    fn relations(&self, entity: &'static Entity, depth: usize) -> Vec<Sel> {
        let few = if depth == 0 { 2 } else { usize::MAX };
        let relations = entity.relations.iter().take(few);
        let relations = relations.filter(|to| World::reads_all(to.target(), self.viewer));
        let relations = relations.map(|relation| {
            let target = relation.target();
            let mut object = columns(target);
            if depth > 0 {
                object.extend(self.relations(target, depth - 1));
            }
            if !relation.many {
                return Sel::Field(Field::of(&relation.field, object));
            }
            let nodes = Sel::Field(Field::of("nodes", object));
            let mut list = Field::of(&relation.field, vec![nodes]);
            list.args.push(count("first", 1 + depth));
            Sel::Field(list)
        });
        relations.collect()
    }

    async fn statements(&self, asking: impl AsyncFnOnce()) -> Vec<String> {
        self.filled.statements.lock().unwrap().clear();
        asking().await;
        let mut statements = std::mem::take(&mut *self.filled.statements.lock().unwrap());
        // Not what it takes to know who asks, now and then, and to note that they were here: no
        // answer has that column, and no answer writes.
        statements.retain(|one| !one.contains("\"token_hash\"") && !one.starts_with("UPDATE"));
        statements
    }

    /// Every function of every column, and groups by each of a few.
    async fn figures(&self) {
        let mut figures = vec![Sel::Field(Field::new("count"))];
        for function in ["sum", "avg", "min", "max", "countDistinct"] {
            let columns = self.entity.columns.iter();
            let columns = columns.filter(|column| takes(function, column.kind));
            let fields: Vec<Sel> = columns
                .map(|column| Sel::Field(Field::new(&column.field)))
                .collect();
            if !fields.is_empty() {
                figures.push(Sel::Field(Field::of(function, fields)));
            }
        }
        let mut sels = vec![Sel::Field(Field::of("aggregate", figures.clone()))];
        let groupable = self.entity.columns.iter();
        let groupable = groupable.filter(|column| takes("countDistinct", column.kind));
        for (at, column) in groupable.enumerate() {
            // One function each: a document has its bounds.
            let some = [figures[0].clone(), figures[at % figures.len()].clone()];
            sels.push(Sel::Field(grouped(at, column, &some)));
        }
        self.ask(Field::of(&self.entity.plural, sels)).await;
    }

    /// Forward to the end and backward to the start, page by page: the same rows, each once.
    async fn pages(&self) {
        let mut dice = Dice::new(u64::try_from(self.entity.index).unwrap());
        let size = [7, 3, 5, 4, 6, 1, 2][self.entity.index % 7];
        let ordered = self
            .entity
            .columns
            .iter()
            .filter(|column| column.kind.is_ordered());
        let ordered: Vec<&Column> = ordered.collect();
        let mut order = Vec::new();
        for way in ["ASC", "DESC"] {
            // A column with nulls, if there is one, and ties.
            let nullable: Vec<&Column> = ordered
                .iter()
                .copied()
                .filter(|column| column.nullable)
                .collect();
            let column = *dice.one(if nullable.is_empty() {
                &ordered
            } else {
                &nullable
            });
            order.push(Val::Word(format!(
                "{}_{way}",
                screaming_case(&column.field)
            )));
        }
        let filter = filter(self.filled, self.entity, &mut dice);
        let arguments = vec![
            ("filter".to_owned(), filter),
            ("orderBy".to_owned(), Val::List(order)),
        ];
        let key = &self.entity.key_column().field;
        let mut whole = Field::of(
            &self.entity.plural,
            vec![
                Sel::Field(Field::new("totalCount")),
                Sel::Field(Field::of("nodes", vec![Sel::Field(Field::new(key))])),
            ],
        );
        whole.args = arguments.clone();
        whole.args.push(count("first", 100));
        let whole = &self.ask(whole).await[&self.entity.plural];
        let wanted = whole["nodes"].as_array().unwrap();
        assert_eq!(json!(wanted.len()), whole["totalCount"]);

        let forward = self.walk(&arguments, size, "first", "after").await;
        assert_eq!(forward, *wanted, "{} forward", self.entity.name);
        let backward = self.walk(&arguments, size, "last", "before").await;
        assert_eq!(backward, *wanted, "{} backward", self.entity.name);
    }

    async fn walk(
        &self,
        arguments: &[(String, Val)],
        size: usize,
        way: &str,
        edge: &str,
    ) -> Vec<Value> {
        let mut rows = Vec::new();
        let mut cursor: Option<Value> = None;
        let key = &self.entity.key_column().field;
        for _ in 0..100 {
            let node = Field::of("node", vec![Sel::Field(Field::new(key))]);
            let edges = vec![Sel::Field(Field::new("cursor")), Sel::Field(node)];
            let names = ["hasNextPage", "hasPreviousPage", "startCursor", "endCursor"];
            let page = names.map(|name| Sel::Field(Field::new(name)));
            let mut field = Field::of(
                &self.entity.plural,
                vec![
                    Sel::Field(Field::of("edges", edges)),
                    Sel::Field(Field::of("pageInfo", page.into())),
                ],
            );
            field.args = arguments.to_vec();
            field.args.push(count(way, size));
            if let Some(Value::String(cursor)) = &cursor {
                field
                    .args
                    .push((edge.to_owned(), Val::Text(cursor.clone())));
            }
            let document = Document {
                roots: vec![Sel::Field(field)],
                ..Document::default()
            };
            let answer = ask(self.client, &document.text(), json!({})).await;
            assert_eq!(answer.body["errors"], Value::Null, "{}", document.text());
            let list = &answer.body["data"][&self.entity.plural];
            let edges = list["edges"].as_array().unwrap();
            let info = &list["pageInfo"];
            assert_eq!(
                info["startCursor"],
                edges
                    .first()
                    .map_or(Value::Null, |edge| edge["cursor"].clone())
            );
            assert_eq!(
                info["endCursor"],
                edges
                    .last()
                    .map_or(Value::Null, |edge| edge["cursor"].clone())
            );
            let nodes = edges.iter().map(|edge| edge["node"].clone());
            let (more, next) = if way == "first" {
                rows.extend(nodes);
                ("hasNextPage", "endCursor")
            } else {
                rows.splice(0..0, nodes);
                ("hasPreviousPage", "startCursor")
            };
            if info[more] == json!(false) {
                return rows;
            }
            assert_eq!(edges.len(), size, "a page with more behind it is full");
            cursor = Some(info[next].clone());
        }
        panic!("{} never ends", self.entity.name);
    }
}

/// How many statements an answer takes: one a list that there are parents for, and one more to count.
fn levels(field: &Field, answers: &Value) -> usize {
    fn lists<'a>(
        sels: &'a [Sel],
        rows: &[&'a Value],
        found: &mut Vec<(&'a Field, Vec<&'a Value>)>,
    ) {
        for sel in sels {
            let Sel::Field(field) = sel else { continue };
            if field.sels.is_empty() {
                continue;
            }
            let below = rows.iter().map(|row| &row[&field.name]);
            let below: Vec<&Value> = below.filter(|value| !value.is_null()).collect();
            if below.is_empty() {
                continue;
            }
            if field.args.is_empty() {
                lists(&field.sels, &below, found);
            } else {
                found.push((field, below));
            }
        }
    }
    // The total of the first.
    let mut statements = 1;
    let mut open = vec![(field, vec![answers])];
    while let Some((field, answers)) = open.pop() {
        statements += 1;
        let Sel::Field(nodes) = &field.sels[0] else {
            continue;
        };
        let rows = answers.iter().filter_map(|list| list["nodes"].as_array());
        let rows: Vec<&Value> = rows.flatten().collect();
        if !rows.is_empty() {
            lists(&nodes.sels, &rows, &mut open);
        }
    }
    statements
}

fn grouped(at: usize, column: &Column, figures: &[Sel]) -> Field {
    let keys = Field::of("keys", vec![Sel::Field(Field::new(&column.field))]);
    let mut sels = vec![Sel::Field(keys), Sel::Field(Field::new("others"))];
    sels.extend(figures.to_vec());
    let mut by = vec![(
        "column".to_owned(),
        Val::Word(screaming_case(&column.field)),
    )];
    if column.kind == Kind::Time {
        let bucket = ["HOUR", "DAY", "WEEK", "MONTH"][at % 4];
        by.push(("bucket".to_owned(), Val::Word(bucket.to_owned())));
    }
    let descending = vec![
        ("measure".to_owned(), Val::Word("COUNT".to_owned())),
        ("direction".to_owned(), Val::Word("DESC".to_owned())),
    ];
    let mut field = Field::of("groupBy", sels);
    field.key = format!("by{at}");
    field.args = vec![
        ("by".to_owned(), Val::List(vec![Val::Object(by)])),
        ("timeZone".to_owned(), Val::Text("Europe/Berlin".to_owned())),
        (
            "orderBy".to_owned(),
            Val::List(vec![Val::Object(descending)]),
        ),
        ("first".to_owned(), Val::Int(3)),
        ("others".to_owned(), Val::Bool(true)),
    ];
    field
}

/// A condition that holds for some of the rows and not for others, as far as that is to be had.
fn filter(filled: &Filled, entity: &'static Entity, dice: &mut Dice) -> Val {
    let columns = entity.columns.iter().zip(0..);
    let columns = columns.filter(|(column, at)| {
        let plain = matches!(
            column.kind,
            Kind::Text | Kind::Int | Kind::Big | Kind::Enum(_) | Kind::Bool
        );
        plain
            && filled
                .world
                .rows(entity)
                .iter()
                .any(|row| row[*at] != Cell::Null)
    });
    let columns: Vec<(&Column, usize)> = columns.collect();
    if columns.is_empty() {
        return Val::Object(Vec::new());
    }
    let (column, at) = *dice.one(&columns);
    let mut cells = filled.world.rows(entity).iter().map(|row| &row[at]);
    let cell = cells.find(|cell| **cell != Cell::Null).unwrap();
    let value = match (written(column.kind, cell), column.kind) {
        (Value::String(word), Kind::Enum(_)) => Val::Word(word),
        (value, _) => Val::Json(value),
    };
    let operator = if dice.chance(70) { "ne" } else { "eq" };
    let condition = Val::Object(vec![(operator.to_owned(), value)]);
    Val::Object(vec![(column.field.clone(), condition)])
}
