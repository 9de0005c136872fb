//! One row, as a write sees it.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::values::Values;
use crate::ctx::Ctx;
use crate::error::{Common, Error, Result};
use crate::explore::access::Access;
use crate::explore::bind::{Args, Scalar};
use crate::explore::catalog::Entity;
use crate::explore::run;
use crate::write::Write;

/// A row as it stood, without its secrets.
pub(super) struct Snapshot {
    bytes: Vec<u8>,
    members: Args,
}

impl Snapshot {
    fn new(bytes: Vec<u8>) -> Result<Self> {
        let members = serde_json::from_slice(&bytes).map_err(Error::internal)?;
        Ok(Self { bytes, members })
    }

    pub(super) fn json(&self) -> Value {
        Value::Object(self.members.clone())
    }

    pub(super) fn member(&self, field: &str) -> Option<&Value> {
        self.members.get(field)
    }

    pub(super) fn text(&self, field: &str) -> Option<&str> {
        self.members.get(field).and_then(Value::as_str)
    }

    /// The row's version; the tables that are shared with another program have none, so there it is
    /// a hash of what stands there.
    pub(super) fn version(&self, entity: &Entity) -> String {
        if entity.position("version").is_some() {
            return self
                .members
                .get("version")
                .map(Value::to_string)
                .unwrap_or_default();
        }
        hex::encode(&Sha256::digest(&self.bytes)[..8])
    }
}

/// The version of a row that the caller may read: what a change of it must name.
pub async fn row_version(ctx: &Ctx, entity: &'static Entity, key: &str) -> Result<String> {
    let access = Access::of(&ctx.actor)?;
    access.need(entity)?;
    // A version may be a hash of all columns, by which whoever may not read one could guess at it.
    for column in &entity.columns {
        access.need_column(entity, column)?;
    }
    let reader = ctx.read()?;
    let key = key_of(entity, key)?;
    let row = run::row(&reader, reader.engine(), &access, entity, &key, false).await?;
    let row = row.ok_or(Common::NotFound { what: "row" })?;
    Ok(Snapshot::new(row)?.version(entity))
}

/// A row, held until the write is over.
pub(super) async fn held(
    tx: &Write,
    access: &Access,
    entity: &'static Entity,
    key: &str,
) -> Result<Option<Snapshot>> {
    let key = key_of(entity, key)?;
    let row = run::row(tx, tx.engine(), access, entity, &key, true).await?;
    row.map(Snapshot::new).transpose()
}

pub(super) async fn insert(
    tx: &Write,
    access: &Access,
    entity: &'static Entity,
    values: &Values,
) -> Result<String> {
    let given = values.iter().find(|(at, _)| *at == entity.key);
    let key = match given {
        Some((_, super::values::Given::Scalar(Scalar::Uuid(id)))) => id.to_string(),
        Some((_, super::values::Given::Scalar(Scalar::Text(text)))) => text.clone(),
        _ => return Err(Error::internal("a row without a key")),
    };
    let inserted = run::insert(tx, tx.engine(), access, entity, values).await;
    inserted.map_err(|error| told(entity, error))?;
    Ok(key)
}

pub(super) async fn update(
    tx: &Write,
    access: &Access,
    entity: &'static Entity,
    key: &str,
    values: &Values,
) -> Result<()> {
    let key = key_of(entity, key)?;
    let updated = run::update(tx, tx.engine(), access, entity, &key, values, tx.now).await;
    updated.map_err(|error| told(entity, error))
}

pub(super) async fn delete(
    tx: &Write,
    access: &Access,
    entity: &'static Entity,
    key: &str,
) -> Result<()> {
    run::delete(tx, tx.engine(), access, entity, &key_of(entity, key)?).await
}

/// What the database says of columns, by the names that the caller gave them.
fn told(entity: &Entity, mut error: Error) -> Error {
    if let Error::Database(failure) = &mut error {
        failure.outcome.rename(|name| {
            let column = entity.columns.iter().find(|column| column.name == name);
            column.map_or(name, |column| &column.field).to_owned()
        });
    }
    error
}

/// A key in the one way that the log and the answer write it, however it was given.
pub(super) fn canonical(entity: &Entity, key: &str) -> Result<String> {
    Ok(match key_of(entity, key)? {
        Scalar::Uuid(id) => id.to_string(),
        _ => key.to_owned(),
    })
}

/// A key as its column has it. What is no key leads to no row.
pub(super) fn key_of(entity: &Entity, key: &str) -> Result<Scalar> {
    let value = Value::String(key.to_owned());
    let read = Scalar::read(entity.key_column(), &value, "id");
    read.map_err(|_| Common::NotFound { what: "row" }.into())
}
