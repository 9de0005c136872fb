//! What the statements of a plan answered.
//!
//! Each statement is asked on a connection of its own choice, and sees what was committed when it
//! began: a count, its page and the lists below may differ by what was written in between, as pages
//! that are turned one after the other do.

use std::ops::Range;

use futures::future::BoxFuture;
use sea_orm::{ConnectionTrait, QueryResult, Statement};

use super::dialect::Dialect;
use super::figures::Question;
use super::level::{self, Columns, Needs, Parents};
use crate::error::{Error, Result};
use crate::explore::access::Access;
use crate::explore::bind::{GroupArgs, ListArgs, Mark};
use crate::explore::catalog::Kind;
use crate::explore::plan::{Bound, Child, Connection, Figures};

/// The rows of a level, and all that hangs on them.
pub(super) struct Data {
    pub(super) rows: Vec<QueryResult>,
    /// Which columns come before the level's own.
    pub(super) base: usize,
    /// Each parent's rows.
    pub(super) pages: Vec<Page>,
    /// The lists of the rows, by the place of the child.
    pub(super) children: Vec<Data>,
    /// How many rows each parent has in all.
    pub(super) totals: Vec<i64>,
    /// The same, roughly.
    pub(super) estimates: Vec<i64>,
    /// The answers of the figures.
    pub(super) figures: Vec<Answers>,
    /// The answers of the groups.
    pub(super) groups: Vec<(GroupArgs, Answers)>,
    /// The order's columns, by their places, and what marks the list's cursors.
    pub(super) order: Vec<(usize, Kind)>,
    pub(super) mark: Option<Mark>,
}

/// One parent's rows.
#[expect(
    clippy::struct_excessive_bools,
    reason = "the ends of a page are two, seen from two sides"
)]
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    pub(super) rows: Range<usize>,
    /// Whether there are more rows, at the end that was counted to.
    pub(super) more: bool,
    /// Whether the page was cut from the end, so that its rows stand the other way round.
    pub(super) backward: bool,
    pub(super) after: bool,
    pub(super) before: bool,
}

/// Rows that belong to parents.
#[derive(Default)]
pub(super) struct Answers {
    pub(super) rows: Vec<QueryResult>,
    pub(super) of: Vec<Range<usize>>,
}

impl Page {
    /// The rows, in the list's order.
    pub(super) fn in_order(&self) -> Box<dyn Iterator<Item = usize> + '_> {
        if self.backward {
            Box::new(self.rows.clone().rev())
        } else {
            Box::new(self.rows.clone())
        }
    }

    pub(super) fn has_next(&self) -> bool {
        if self.backward {
            self.before
        } else {
            self.more
        }
    }

    pub(super) fn has_previous(&self) -> bool {
        if self.backward { self.more } else { self.after }
    }

    pub(super) fn first(&self) -> Option<usize> {
        self.in_order().next()
    }

    pub(super) fn last(&self) -> Option<usize> {
        self.in_order().last()
    }
}

/// Asks the statements of a plan.
pub(super) struct Asking<'a, C> {
    pub(super) conn: &'a C,
    pub(super) dialect: &'static dyn Dialect,
    pub(super) access: &'a Access,
    pub(super) bound: &'a [Bound],
}

impl<'a, C: ConnectionTrait> Asking<'a, C> {
    async fn ask(&self, statement: Statement) -> Result<Vec<QueryResult>> {
        self.conn
            .query_all_raw(statement)
            .await
            .map_err(super::unreadable)
    }

    /// The answers of figures, which may be larger than can be told.
    async fn ask_figures(&self, statement: Statement) -> Result<Vec<QueryResult>> {
        self.conn
            .query_all_raw(statement)
            .await
            .map_err(super::overflow)
    }

    fn list(&self, connection: &Connection) -> Result<&'a ListArgs> {
        match self.bound.get(connection.slot) {
            Some(Bound::List(list)) => Ok(list),
            _ => Err(Error::internal("a list without its arguments")),
        }
    }

    /// One list, or those of many parents.
    pub(super) fn connection<'b>(
        &'b self,
        connection: &'b Connection,
        parents: Option<Parents<'b>>,
    ) -> BoxFuture<'b, Result<Data>> {
        Box::pin(async move {
            let list = self.list(connection)?;
            let entity = connection.level.entity();
            let count = parents.as_ref().map_or(1, |parents| parents.keys.len());
            let mut data = Data::empty(usize::from(parents.is_some()), count);
            let asked = parents
                .as_ref()
                .is_none_or(|parents| parents.keys.iter().any(Option::is_some));
            let question = Question {
                dialect: self.dialect,
                access: self.access,
                entity,
                list,
                parents: parents.as_ref(),
            };
            if asked && connection.total {
                data.totals = self.totals(&question, count).await?;
            }
            if asked && connection.estimate {
                data.estimates = self.estimates(&question, count).await?;
            }
            for figures in &connection.aggregates {
                let answers = if asked {
                    self.figures(&question, figures, count).await?
                } else {
                    Answers::default()
                };
                data.figures.push(answers);
            }
            for groups in &connection.groups {
                let Some(Bound::Groups(args)) = self.bound.get(groups.slot) else {
                    return Err(Error::internal("groups without their arguments"));
                };
                let rows = if asked {
                    self.ask_figures(question.groups(args, &groups.figures.measures))
                        .await?
                } else {
                    Vec::new()
                };
                data.groups.push((args.clone(), self.answers(rows, count)?));
            }
            if asked && connection.rows {
                self.rows(
                    connection,
                    list,
                    parents.as_ref(),
                    Needs::of(connection),
                    &mut data,
                )
                .await?;
            }
            Ok(data)
        })
    }

    /// One page of a list, with its rows' cursors, whatever else is selected of it.
    pub(super) async fn page(&self, connection: &Connection, list: &ListArgs) -> Result<Data> {
        let mut data = Data::empty(0, 1);
        self.rows(connection, list, None, Needs::ALL, &mut data)
            .await?;
        Ok(data)
    }

    async fn rows(
        &self,
        connection: &Connection,
        list: &ListArgs,
        parents: Option<&Parents<'_>>,
        needs: Needs,
        data: &mut Data,
    ) -> Result<()> {
        let entity = connection.level.entity();
        let columns = Columns::of(connection, list, needs.cursors || parents.is_some());
        if needs.cursors {
            data.mark = Some(list.mark(entity));
            let kinds = list
                .order
                .iter()
                .map(|term| entity.columns[term.column].kind);
            let places = columns.order.iter().map(|place| place + data.base);
            data.order = places.zip(kinds).collect();
        }
        let statement = match parents {
            None => level::list(self.dialect, self.access, connection, list, needs, &columns),
            Some(parents) => level::lists(
                self.dialect,
                self.access,
                connection,
                list,
                needs,
                &columns,
                parents,
            ),
        };
        let rows = self.ask(statement).await?;
        let ranges = match parents {
            None => std::iter::once(0..rows.len()).collect(),
            Some(parents) => self.ranges(&rows, parents.keys.len())?,
        };
        let limit = usize::try_from(list.limit).unwrap_or(usize::MAX);
        let page = |rows: Range<usize>| {
            let more = rows.len() > limit;
            let end = rows.end.min(rows.start.saturating_add(limit));
            Page {
                rows: rows.start..end,
                more,
                backward: list.backward,
                after: list.after.is_some(),
                before: list.before.is_some(),
            }
        };
        data.pages = ranges.into_iter().map(page).collect();
        data.rows = rows;
        for child in &connection.level.children {
            let below = self.child(&connection.level, child, data).await?;
            data.children.push(below);
        }
        Ok(())
    }

    /// The lists of a level's rows: of those on a page, for what was read beyond one only tells that
    /// there is more, and was not counted.
    pub(super) async fn child(
        &self,
        level: &crate::explore::plan::Level,
        child: &Child,
        data: &Data,
    ) -> Result<Data> {
        let kind = level.kind(child.key);
        let mut keys = vec![None; data.rows.len()];
        for at in data.pages.iter().flat_map(|page| page.rows.clone()) {
            keys[at] = self
                .dialect
                .key(&data.rows[at], child.key + data.base, kind)?;
        }
        let parents = Parents {
            relation: child.relation,
            kind,
            keys: &keys,
        };
        self.connection(&child.connection, Some(parents)).await
    }

    async fn totals(&self, question: &Question<'_>, count: usize) -> Result<Vec<i64>> {
        let rows = self.ask(question.figures(&[])).await?;
        let mut totals = vec![0; count];
        for row in &rows {
            let parent = self.parent(row)?;
            if let Some(total) = totals.get_mut(parent) {
                *total = self.dialect.integer(row, 1)?;
            }
        }
        Ok(totals)
    }

    async fn estimates(&self, question: &Question<'_>, count: usize) -> Result<Vec<i64>> {
        // The lists of parents are short: they are counted.
        let plan = question
            .parents
            .is_none()
            .then(|| question.estimate())
            .flatten();
        let Some(plan) = plan else {
            return self.totals(question, count).await;
        };
        let rows = self.ask(plan).await?;
        let mut json = Vec::new();
        if let Some(row) = rows.first() {
            self.dialect.write(row, 0, Kind::Json, &mut json)?;
        }
        let plan: serde_json::Value = serde_json::from_slice(&json).map_err(Error::internal)?;
        let rows = plan
            .pointer("/0/Plan/Plan Rows")
            .and_then(serde_json::Value::as_i64);
        Ok(vec![rows.unwrap_or_default()])
    }

    async fn figures(
        &self,
        question: &Question<'_>,
        figures: &Figures,
        count: usize,
    ) -> Result<Answers> {
        let rows = self
            .ask_figures(question.figures(&figures.measures))
            .await?;
        let mut of = vec![0..0; count];
        for (at, row) in rows.iter().enumerate() {
            if let Some(range) = of.get_mut(self.parent(row)?) {
                *range = at..at + 1;
            }
        }
        Ok(Answers { rows, of })
    }

    fn answers(&self, rows: Vec<QueryResult>, count: usize) -> Result<Answers> {
        let of = self.ranges(&rows, count)?;
        Ok(Answers { rows, of })
    }

    /// Which rows are whose: they come in the parents' order.
    fn ranges(&self, rows: &[QueryResult], count: usize) -> Result<Vec<Range<usize>>> {
        let mut ranges = vec![0..0; count];
        let mut start = 0;
        while start < rows.len() {
            let parent = self.parent(&rows[start])?;
            let mut end = start + 1;
            while end < rows.len() && self.parent(&rows[end])? == parent {
                end += 1;
            }
            if let Some(range) = ranges.get_mut(parent) {
                *range = start..end;
            }
            start = end;
        }
        Ok(ranges)
    }

    fn parent(&self, row: &QueryResult) -> Result<usize> {
        let at = self.dialect.integer(row, 0)?;
        usize::try_from(at).map_err(Error::internal)
    }
}

impl Data {
    pub(super) fn empty(base: usize, parents: usize) -> Self {
        Self {
            rows: Vec::new(),
            base,
            pages: vec![Page::default(); parents],
            children: Vec::new(),
            totals: vec![0; parents],
            estimates: vec![0; parents],
            figures: Vec::new(),
            groups: Vec::new(),
            order: Vec::new(),
            mark: None,
        }
    }
}
