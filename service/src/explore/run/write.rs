//! The answer, written as JSON.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use sea_orm::QueryResult;

use super::data::{Answers, Data, Page};
use super::dialect::Dialect;
use super::json;
use crate::error::{Error, Result};
use crate::explore::bind::GroupArgs;
use crate::explore::catalog::Entity;
use crate::explore::plan::{
    Connection, ConnectionField, EdgeField, Field, FigureField, Figures, Key, KeyField, Level,
    Object, PageField,
};

/// Writes answers.
pub(super) struct Writer<'a> {
    pub(super) dialect: &'static dyn Dialect,
    pub(super) out: &'a mut Vec<u8>,
}

impl Writer<'_> {
    fn key(&mut self, at: usize, key: &Key) {
        self.out.push(if at == 0 { b'{' } else { b',' });
        self.out.extend_from_slice(key.as_bytes());
    }

    /// An object without fields cannot be asked for, but `{` must not be left open either.
    fn end(&mut self, fields: usize) {
        self.out
            .extend_from_slice(if fields == 0 { b"{}" } else { b"}" });
    }

    /// A row of a level.
    pub(super) fn object(
        &mut self,
        level: &Level,
        object: &Object,
        data: &Data,
        row: usize,
    ) -> Result<()> {
        let cells = &data.rows[row];
        for (at, (key, field)) in object.fields.iter().enumerate() {
            self.key(at, key);
            match field {
                Field::Typename(name) => json::plain(name.as_bytes(), self.out),
                Field::Column(place, kind) => {
                    self.dialect
                        .write(cells, place + data.base, *kind, self.out)?;
                }
                Field::NodeId(name, place, kind) => {
                    let key = self.dialect.key(cells, place + data.base, *kind)?;
                    let id = format!("{name}:{}", key.unwrap_or_default());
                    json::plain(BASE64.encode(id).as_bytes(), self.out);
                }
                Field::One(_, presence) if self.dialect.is_null(cells, presence + data.base) => {
                    json::null(self.out);
                }
                Field::One(object, _) => self.object(level, object, data, row)?,
                Field::Many(child) => {
                    let connection = &level.children[*child].connection;
                    self.connection(connection, &data.children[*child], row)?;
                }
            }
        }
        self.end(object.fields.len());
        Ok(())
    }

    /// The list of a parent.
    pub(super) fn connection(
        &mut self,
        connection: &Connection,
        data: &Data,
        parent: usize,
    ) -> Result<()> {
        let entity = connection.level.entity();
        let page = data.pages.get(parent).cloned().unwrap_or_default();
        for (at, (key, field)) in connection.fields.iter().enumerate() {
            self.key(at, key);
            match field {
                ConnectionField::Typename => self.typename(entity, "Connection"),
                ConnectionField::Total => json::value(&data.totals[parent], self.out)?,
                ConnectionField::Estimate => json::value(&data.estimates[parent], self.out)?,
                ConnectionField::Nodes(object) => {
                    self.out.push(b'[');
                    for (at, row) in page.in_order().enumerate() {
                        if at > 0 {
                            self.out.push(b',');
                        }
                        self.object(&connection.level, object, data, row)?;
                    }
                    self.out.push(b']');
                }
                ConnectionField::Edges(fields) => {
                    self.out.push(b'[');
                    for (at, row) in page.in_order().enumerate() {
                        if at > 0 {
                            self.out.push(b',');
                        }
                        self.edge(connection, fields, data, row)?;
                    }
                    self.out.push(b']');
                }
                ConnectionField::PageInfo(fields) => self.page(fields, &page, data)?,
                ConnectionField::Aggregate(place) => {
                    let figures = &connection.aggregates[*place];
                    let answers = &data.figures[*place];
                    let row = answers
                        .of
                        .get(parent)
                        .and_then(|range| answers.rows.get(range.clone()));
                    let row = row.and_then(<[QueryResult]>::first);
                    let group = Group {
                        entity,
                        figures,
                        args: None,
                        row,
                        base: 2,
                    };
                    self.figures(&group, &figures.fields)?;
                }
                ConnectionField::Groups(place) => {
                    let (args, answers) = &data.groups[*place];
                    let figures = &connection.groups[*place].figures;
                    self.groups(entity, figures, args, answers, parent)?;
                }
            }
        }
        self.end(connection.fields.len());
        Ok(())
    }

    fn edge(
        &mut self,
        connection: &Connection,
        fields: &[(Key, EdgeField)],
        data: &Data,
        row: usize,
    ) -> Result<()> {
        for (at, (key, field)) in fields.iter().enumerate() {
            self.key(at, key);
            match field {
                EdgeField::Typename => self.typename(connection.level.entity(), "Edge"),
                EdgeField::Cursor => self.cursor(data, row)?,
                EdgeField::Node(object) => self.object(&connection.level, object, data, row)?,
            }
        }
        self.end(fields.len());
        Ok(())
    }

    fn page(&mut self, fields: &[(Key, PageField)], page: &Page, data: &Data) -> Result<()> {
        for (at, (key, field)) in fields.iter().enumerate() {
            self.key(at, key);
            let edge = match field {
                PageField::Typename => {
                    json::plain(b"PageInfo", self.out);
                    continue;
                }
                PageField::HasNext => {
                    json::truth(page.has_next(), self.out);
                    continue;
                }
                PageField::HasPrevious => {
                    json::truth(page.has_previous(), self.out);
                    continue;
                }
                PageField::Start => page.first(),
                PageField::End => page.last(),
            };
            match edge {
                Some(row) => self.cursor(data, row)?,
                None => json::null(self.out),
            }
        }
        self.end(fields.len());
        Ok(())
    }

    pub(super) fn cursor(&mut self, data: &Data, row: usize) -> Result<()> {
        let Some(mark) = &data.mark else {
            return Err(Error::internal("a cursor without a mark"));
        };
        let mut values = Vec::with_capacity(80);
        for (at, (place, kind)) in data.order.iter().enumerate() {
            values.push(if at == 0 { b'[' } else { b',' });
            self.dialect
                .write(&data.rows[row], *place, *kind, &mut values)?;
        }
        values.push(b']');
        self.out.push(b'"');
        mark.seal(&values, self.out);
        self.out.push(b'"');
        Ok(())
    }

    fn groups(
        &mut self,
        entity: &Entity,
        figures: &Figures,
        args: &GroupArgs,
        answers: &Answers,
        parent: usize,
    ) -> Result<()> {
        let range = answers.of.get(parent).cloned().unwrap_or_default();
        self.out.push(b'[');
        for (at, row) in answers.rows[range].iter().enumerate() {
            if at > 0 {
                self.out.push(b',');
            }
            let base = 2 + args.by.len();
            let group = Group {
                entity,
                figures,
                args: Some(args),
                row: Some(row),
                base,
            };
            self.figures(&group, &figures.fields)?;
        }
        self.out.push(b']');
        Ok(())
    }

    fn figures(&mut self, group: &Group<'_>, fields: &[(Key, FigureField)]) -> Result<()> {
        for (at, (key, field)) in fields.iter().enumerate() {
            self.key(at, key);
            match field {
                FigureField::Typename(name) => json::plain(name.as_bytes(), self.out),
                FigureField::Others => {
                    let others = match group.row {
                        Some(row) => self.dialect.integer(row, 1)? == 1,
                        None => false,
                    };
                    json::truth(others, self.out);
                }
                FigureField::Columns(fields) => self.figures(group, fields)?,
                FigureField::Keys(fields) => self.keys(group, fields)?,
                FigureField::Measure(place) => self.measure(group, *place)?,
            }
        }
        self.end(fields.len());
        Ok(())
    }

    fn measure(&mut self, group: &Group<'_>, place: usize) -> Result<()> {
        let measure = group.figures.measures[place];
        let kind = measure.kind(group.entity);
        match group.row {
            // A parent without rows has no line of its own.
            None if measure.is_count() => {
                self.out.push(b'0');
                Ok(())
            }
            None => {
                json::null(self.out);
                Ok(())
            }
            Some(row) => self.dialect.write(row, group.base + place, kind, self.out),
        }
    }

    fn keys(&mut self, group: &Group<'_>, fields: &[(Key, KeyField)]) -> Result<()> {
        for (at, (key, field)) in fields.iter().enumerate() {
            self.key(at, key);
            let column = match field {
                KeyField::Typename(name) => {
                    json::plain(name.as_bytes(), self.out);
                    continue;
                }
                KeyField::Column(column) => *column,
            };
            let by = group.args.zip(group.row).and_then(|(args, row)| {
                let at = args.by.iter().position(|by| by.column == column)?;
                Some((args, row, at))
            });
            let Some((args, row, at)) = by else {
                json::null(self.out);
                continue;
            };
            if let Some(bucket) = args.by[at].bucket {
                self.dialect
                    .write_bucket(row, 2 + at, bucket, args.zone, self.out)?;
            } else {
                let kind = group.entity.columns[column].kind;
                self.dialect.write(row, 2 + at, kind, self.out)?;
            }
        }
        self.end(fields.len());
        Ok(())
    }

    fn typename(&mut self, entity: &Entity, what: &str) {
        self.out.push(b'"');
        self.out.extend_from_slice(entity.name.as_bytes());
        self.out.extend_from_slice(what.as_bytes());
        self.out.push(b'"');
    }
}

/// A row of figures.
struct Group<'a> {
    entity: &'a Entity,
    figures: &'a Figures,
    args: Option<&'a GroupArgs>,
    row: Option<&'a QueryResult>,
    /// How many columns come before the figures.
    base: usize,
}
