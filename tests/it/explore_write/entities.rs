//! Every entity that staff may write, by what its metadata says: made, read, changed, removed, put
//! back.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::identity::user::UserRole;
use entity::registry::Writes;
use sea_orm::ColumnType;
use sea_orm::sea_query::StringLen;
use serde_json::{Map, Value, json};
use service::explore::catalog::{Column, Entity, Kind, catalog};
use service::explore::change::{may_create, may_delete, may_restore, may_update, writable};
use tests::{Client, TestApp};

use super::{good, last_line, refused, version};

/// The story of one entity.
struct Story<'a> {
    entity: &'static Entity,
    admin: &'a Client,
    /// Of which tables which row is there to be led to.
    parents: &'a HashMap<&'static str, Value>,
    fields: String,
    key: &'a str,
}

#[tokio::test]
async fn every_entity_is_written_by_its_metadata() {
    for app in TestApp::each().await {
        let admin = app.user("admin", UserRole::Admin).await;
        service::demo::fill(app.services(), &|_| ()).await.unwrap();
        let mut parents = HashMap::new();
        for entity in catalog().entities() {
            let query = format!(
                "{{ {}(first: 1) {{ nodes {{ key: {} }} }} }}",
                entity.plural,
                entity.key_column().field
            );
            let rows = good(&admin, &query, json!({})).await;
            let key = rows[&entity.plural]["nodes"][0]["key"].clone();
            parents.insert(entity.resource.table, key);
        }
        // One who has nothing yet.
        let eve = app.user("eve", UserRole::User).await;
        parents.insert("users", json!(eve.id().await));
        // One that needs nothing, and so comes back.
        let plain = admin.post("/api/v1/agents", json!({ "name": "plain" }));
        parents.insert("user_agents", plain.await.body["id"].clone());

        let mut made = 0;
        // Children first: a row takes what belongs to it along.
        let written = catalog().entities().iter().rev();
        for entity in written.filter(|entity| entity.resource.writes != Writes::Verbs) {
            let columns = entity.columns.iter().map(|column| column.field.as_str());
            let story = Story {
                entity,
                admin: &admin,
                parents: &parents,
                fields: columns.collect::<Vec<_>>().join(" "),
                key: &entity.key_column().field,
            };
            made += usize::from(may_create(entity));
            story.tell().await;
        }
        assert_eq!(made, 9);
        app.stop().await;
    }
}

impl Story<'_> {
    async fn tell(&self) {
        let entity = self.entity;
        let row = if may_create(entity) {
            self.create().await
        } else {
            self.any().await
        };
        let key = row[self.key].clone();
        let row = if may_update(entity) {
            self.update(&key, &row).await
        } else {
            row
        };
        if !may_delete(entity) {
            return;
        }
        let stale = json!({ "key": key, "version": "0" });
        let delete = format!(
            "mutation($key: {}!, $version: String!) {{
                delete{}({}: $key, rowVersion: $version)
            }}",
            self.key_kind(),
            entity.name,
            self.key
        );
        assert_eq!(
            refused(self.admin, &delete, stale).await,
            "412 version.conflict"
        );
        let before = version(self.admin, &row["nodeId"]).await;
        let gone = good(
            self.admin,
            &delete,
            json!({ "key": key, "version": before }),
        )
        .await;
        assert_eq!(gone[format!("delete{}", entity.name)], row["nodeId"]);
        assert_eq!(self.read(&key).await, Value::Null, "{}", entity.name);
        let line = last_line(self.admin, &key).await;
        assert_eq!(line["action"], "delete");
        assert_eq!(line["resourceType"], entity.single);
        self.same(&line["before"], &row, &[]);

        if may_restore(entity) {
            self.restore(&key, &row).await;
        }
    }

    fn key_kind(&self) -> &'static str {
        self.entity.key_column().kind.type_name()
    }

    async fn read(&self, key: &Value) -> Value {
        let query = format!(
            "query($key: {}!) {{ {}({}: $key) {{ nodeId {} }} }}",
            self.key_kind(),
            self.entity.single,
            self.key,
            self.fields
        );
        good(self.admin, &query, json!({ "key": key })).await[&self.entity.single].clone()
    }

    async fn any(&self) -> Value {
        let key = &self.parents[self.entity.resource.table];
        let row = self.read(key).await;
        assert!(row.is_object(), "{} has no row", self.entity.name);
        row
    }

    async fn create(&self) -> Value {
        let entity = self.entity;
        let given = entity
            .columns
            .iter()
            .filter(|column| writable(entity, column, true));
        let given = given.filter(|column| {
            // Whether it is made by somebody else, or is one's own.
            column.kind != Kind::Uuid || self.leads(column).is_some()
        });
        let input: Map<_, _> = given
            .map(|column| (column.field.clone(), self.value(column, 0)))
            .collect();
        let name = format!("create{}", entity.name);
        let query = format!(
            "mutation($input: {0}Create!) {{ create{0}(input: $input) {{ nodeId {1} }} }}",
            entity.name, self.fields
        );
        let row = good(self.admin, &query, json!({ "input": input })).await[&name].clone();
        self.same(&row, &Value::Object(input), &[]);
        assert_eq!(self.read(&row[self.key]).await, row);
        let line = last_line(self.admin, &row[self.key]).await;
        assert_eq!(line["action"], "create");
        assert_eq!(line["before"], Value::Null);
        self.same(&line["after"], &row, &[]);
        row
    }

    async fn update(&self, key: &Value, row: &Value) -> Value {
        let entity = self.entity;
        let column = entity.columns.iter().zip(0..).find(|(column, at)| {
            let plain = !matches!(column.kind, Kind::Uuid | Kind::Bytes);
            // Another row may have the value already.
            let alone = entity.uniques.iter().any(|unique| unique.contains(at));
            writable(entity, column, false) && plain && !alone && self.leads(column).is_none()
        });
        let column = column.map(|(column, _)| column);
        let column = column.unwrap_or_else(|| panic!("{} has nothing to change", entity.name));
        let value = [1, 2].map(|at| self.value(column, at));
        let value = value
            .into_iter()
            .find(|value| *value != row[&column.field])
            .unwrap();
        let patch = Value::Object(Map::from_iter([(column.field.clone(), value)]));
        let query = format!(
            "mutation($key: {1}!, $version: String!, $patch: {0}Patch!) {{
                update{0}({2}: $key, rowVersion: $version, patch: $patch) {{ nodeId {3} }}
            }}",
            entity.name,
            self.key_kind(),
            self.key,
            self.fields
        );
        let stale = json!({ "key": key, "version": "0", "patch": patch });
        assert_eq!(
            refused(self.admin, &query, stale).await,
            "412 version.conflict"
        );
        let read = version(self.admin, &row["nodeId"]).await;
        let given = json!({ "key": key, "version": read, "patch": patch });
        let after = good(self.admin, &query, given).await[format!("update{}", entity.name)].clone();
        self.same(&after, &patch, &[]);
        self.same(&after, row, &[&column.field, "version", "updatedAt"]);
        assert_ne!(
            version(self.admin, &row["nodeId"]).await,
            read,
            "{}",
            entity.name
        );
        let line = last_line(self.admin, key).await;
        assert_eq!(line["action"], "update");
        self.same(&line["before"], row, &[]);
        self.same(&line["after"], &after, &[]);
        after
    }

    async fn restore(&self, key: &Value, row: &Value) {
        let name = format!("restore{}", self.entity.name);
        let query = format!(
            "mutation($key: {}!) {{ {name}({}: $key) {{ nodeId {} }} }}",
            self.key_kind(),
            self.key,
            self.fields
        );
        let back = good(self.admin, &query, json!({ "key": key })).await[&name].clone();
        // What a person is told again has its own turn.
        let anew: &[&str] = match self.entity.resource.table {
            "notifications" => &["createdAt", "updatedAt"],
            _ => &["version"],
        };
        self.same(&back, row, anew);
        if let Some(version) = row["version"].as_i64() {
            assert_eq!(back["version"], version + 1);
        }
        let again = refused(self.admin, &query, json!({ "key": key })).await;
        assert!(again.starts_with("409 unique_violation"), "{name}: {again}");
        assert_eq!(last_line(self.admin, key).await["action"], "restore");
    }

    /// The row that a column must lead to.
    fn leads(&self, column: &Column) -> Option<&Value> {
        let entity = self.entity;
        let found = entity.relations.iter().find(|relation| {
            let from = &entity.columns[relation.from];
            !relation.many && relation.from != entity.key && from.name == column.name
        });
        self.parents.get(found?.target().resource.table)
    }

    /// A value for a column: one of three.
    fn value(&self, column: &Column, at: usize) -> Value {
        if let Some(key) = self.leads(column) {
            return key.clone();
        }
        let mut declared = self.entity.resource.columns.iter();
        let declared = declared.find(|known| known.name == column.name).unwrap();
        match column.kind {
            Kind::Text if column.name == "cron" => json!(format!("{at} 3 * * *")),
            Kind::Text if column.name == "time_zone" => {
                json!(["UTC", "Europe/Berlin", "Asia/Kolkata"][at])
            }
            Kind::Text if column.name == "avatar" => {
                json!(format!("https://pictures.example.com/{at}.png"))
            }
            Kind::Text => {
                let text = format!("{at} \u{e9}'\"{} of {}", column.name, self.entity.name);
                let most = match declared.kind {
                    ColumnType::String(StringLen::N(most)) => most as usize,
                    _ => 200,
                };
                json!(text.chars().take(most).collect::<String>())
            }
            Kind::Int | Kind::Big => json!(at + 1),
            Kind::Float => json!(0.25 + [0.0, 1.0, 2.0][at]),
            Kind::Bool => json!(at != 1),
            Kind::Time => json!(format!("2026-03-0{}T12:00:00.000001Z", at + 1)),
            Kind::Date => json!(format!("2026-03-0{}", at + 1)),
            Kind::Json if column.name == "social_links" => {
                json!({ "home": format!("https://people.example.com/{at}") })
            }
            Kind::Json => json!({ "a": [at, null, "\u{e9}"] }),
            Kind::List => json!(["x", at.to_string()]),
            Kind::Bytes => json!("AAEC"),
            Kind::Enum(words) => json!(words.values[at % words.values.len()].value),
            Kind::Uuid => Value::Null,
        }
    }

    /// That `row` has what `expected` has, but for some fields.
    fn same(&self, row: &Value, expected: &Value, but: &[&str]) {
        for (field, expected) in expected.as_object().unwrap() {
            if field == "nodeId" || but.contains(&field.as_str()) {
                continue;
            }
            let column = self
                .entity
                .columns
                .iter()
                .find(|column| column.field == *field);
            let moment = |value: &Value| value.as_str()?.parse::<DateTime<Utc>>().ok();
            let found = &row[field];
            let same = match column.unwrap().kind {
                Kind::Time => moment(found) == moment(expected),
                _ => found == expected,
            };
            assert!(
                same,
                "{}.{field}: {found} is not {expected}",
                self.entity.name
            );
        }
    }
}
