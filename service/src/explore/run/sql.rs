//! A statement as it is written: its text, its parameters, and whose rows it may see.

use std::fmt::Write as _;

use entity::Scope;
use entity::scope::Rule;
use sea_orm::{DbBackend, Statement, Value};

use super::dialect::Dialect;
use crate::explore::access::Access;
use crate::explore::bind::Scalar;
use crate::explore::catalog::{Column, Entity, Relation};

/// A statement as it is written.
pub(super) struct Sql<'a> {
    pub(super) text: String,
    values: Vec<Value>,
    aliases: usize,
    pub(super) dialect: &'static dyn Dialect,
    access: &'a Access,
}

impl<'a> Sql<'a> {
    pub(super) fn new(dialect: &'static dyn Dialect, access: &'a Access) -> Self {
        Self {
            text: String::with_capacity(512),
            values: Vec::new(),
            aliases: 0,
            dialect,
            access,
        }
    }

    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub(super) fn number(&mut self, number: impl std::fmt::Display) {
        let _ = write!(self.text, "{number}");
    }

    /// Bind a value and tell its place.
    pub(super) fn mark(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    /// Bind a value where the text stands.
    pub(super) fn bind(&mut self, value: impl Into<Value>) {
        self.values.push(value.into());
        let _ = write!(self.text, "${}", self.values.len());
    }

    /// A value of `column`, where the text stands.
    pub(super) fn scalar(&mut self, scalar: &Scalar) {
        match scalar {
            Scalar::Uuid(id) => self.bind(*id),
            Scalar::Text(text) => self.bind(text.clone()),
            Scalar::Int(number) => self.bind(*number),
            Scalar::Float(number) => self.bind(*number),
            Scalar::Bool(truth) => self.bind(*truth),
            Scalar::Time(moment) => self.bind(*moment),
            Scalar::Date(day) => self.bind(*day),
            Scalar::Word(words, at) => {
                let dialect = self.dialect;
                dialect.word(self, words, *at);
            }
        }
    }

    /// `alias."column"`.
    pub(super) fn column(&mut self, alias: &str, column: &Column) {
        self.push(alias);
        self.push(".\"");
        self.push(column.name);
        self.push("\"");
    }

    /// A name for one more table.
    pub(super) fn fresh(&mut self) -> String {
        self.aliases += 1;
        format!("f{}", self.aliases)
    }

    /// `FROM`'s part: the table under its name.
    pub(super) fn table(&mut self, entity: &Entity, alias: &str) {
        self.push("\"");
        self.push(entity.resource.table);
        self.push("\" ");
        self.push(alias);
    }

    /// ` AND …`: only rows that the caller may see. Every table of every statement passes here.
    pub(super) fn scoped(&mut self, entity: &Entity, alias: &str) {
        let Scope::Owner(user) = self.access.scope() else {
            if !self.access.reads(entity) {
                self.push(" AND 1 = 0");
            }
            if let Some((owner, shared, person)) = self.access.sharing(entity) {
                let _ = write!(self.text, " AND ({alias}.\"{owner}\" = ");
                self.bind(person.0);
                let _ = write!(self.text, " OR {alias}.\"{shared}\")");
            }
            return;
        };
        match entity.rule() {
            Rule::Public => {}
            Rule::Staff => self.push(" AND 1 = 0"),
            Rule::Own(name) => {
                let at = entity.position(name);
                let Some(column) = at.map(|at| &entity.columns[at]) else {
                    self.push(" AND 1 = 0");
                    return;
                };
                self.push(" AND ");
                self.column(alias, column);
                self.push(" = ");
                self.bind(user.0);
            }
            Rule::Via(name, _) => {
                let leads = |relation: &&Relation| {
                    !relation.many && entity.columns[relation.from].name == name
                };
                let Some(relation) = entity.relations.iter().find(leads) else {
                    self.push(" AND 1 = 0");
                    return;
                };
                self.push(" AND ");
                let parent = self.exists(entity, alias, relation);
                self.scoped(relation.target(), &parent);
                self.push(")");
            }
        }
    }

    /// `EXISTS (SELECT 1 FROM … WHERE …`, to be closed; tells what the other table is called.
    pub(super) fn exists(&mut self, entity: &Entity, alias: &str, relation: &Relation) -> String {
        let target = relation.target();
        let other = self.fresh();
        self.push("EXISTS (SELECT 1 FROM ");
        self.table(target, &other);
        self.push(" WHERE ");
        self.column(&other, &target.columns[relation.to]);
        self.push(" = ");
        self.column(alias, &entity.columns[relation.from]);
        other
    }

    pub(super) fn done(self) -> Statement {
        let engine = DbBackend::from(self.dialect.engine());
        Statement::from_sql_and_values(engine, self.text, self.values)
    }
}
