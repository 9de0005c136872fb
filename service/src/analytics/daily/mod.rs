//! What everybody spent over days: the packs of those that are over, and the sums of the rest as they
//! stand, added up here. To have the database group the same sums takes it longer than to send them.

mod store;

use std::collections::HashMap;

use entity::Scope;

use self::store::Loose;
use super::cover::{EVERYBODY, Piece, cover};
use super::packed::{self, Plan, TRIES};
use super::price::{self, Prices};
use super::rank::place;
use super::rollup::Dims;
use super::series::Buckets;
use super::store::Row;
use super::token_usage::{Dimension, Group, Question};
use crate::db::Reader;
use crate::error::Result;

/// The most buckets of sums that are read as they stand.
const LOOSE: i64 = 400;

/// What was spent by what the question tells apart; `None`, where another way is to be gone.
pub(super) async fn tokens(
    reader: &Reader,
    scope: Scope,
    question: &Question,
    buckets: Option<&Buckets>,
) -> Result<Option<Vec<Row>>> {
    if scope != Scope::Everyone || question.group_by.contains(&Dimension::User) {
        return Ok(None);
    }
    let prices = if question.cost {
        price::listed(reader).await?
    } else {
        Prices::default()
    };
    let stretches = question.stretches(buckets);
    let pieces = cover(EVERYBODY, &stretches, &prices.cuts(question.range));
    let whole = (
        question.range.from.timestamp(),
        question.range.to.timestamp(),
    );
    for _ in 0..TRIES {
        let packed = packed::days(reader, store::SUBJECT, whole).await?;
        let plan = Plan::of(pieces.clone(), &packed);
        if plan.loose.iter().map(buckets_of).sum::<i64>() > LOOSE {
            return Ok(None);
        }
        let Some(parts) = store::parts(reader, question, &plan, &packed, &stretches).await? else {
            return Ok(None);
        };
        if !plan.is_met(parts.packs.iter().map(|(day, _)| day)) {
            continue;
        }
        let mut sums = Sums::of(question, prices);
        for (day, packed) in &parts.packs {
            plan.read(*day, packed, |dims: &Dims, stretch, tokens| {
                sums.add(stretch.at, dims, stretch.from, tokens);
            })?;
        }
        for Loose {
            stretch,
            at,
            dims,
            tokens,
        } in parts.loose
        {
            sums.add(stretch, &dims, at, tokens);
        }
        let mut rows = sums.rows();
        place(&mut rows, question);
        return Ok(Some(rows));
    }
    Ok(None)
}

/// How many buckets of a rollup are read.
fn buckets_of(piece: &Piece) -> i64 {
    let seconds: i64 = piece.stretches.iter().map(|one| one.to - one.from).sum();
    seconds / piece.source.unit.seconds()
}

/// Sums by bucket of the answer, group and price.
struct Sums<'a> {
    question: &'a Question,
    prices: Prices,
    added: HashMap<(i64, Option<i64>, Group), i64>,
}

impl<'a> Sums<'a> {
    fn of(question: &'a Question, prices: Prices) -> Self {
        Self {
            question,
            prices,
            added: HashMap::new(),
        }
    }

    /// Add what was spent at a moment, or from it on at the same price.
    fn add(&mut self, stretch: i64, dims: &Dims, at: i64, tokens: i64) {
        let asks = |dimension| self.question.group_by.contains(&dimension);
        let group = Group {
            model: asks(Dimension::Model).then(|| dims.model.clone()),
            task: asks(Dimension::Task).then_some(dims.task),
            kind: asks(Dimension::Type).then_some(dims.kind),
            user: None,
        };
        let price = self.prices.at(&dims.model, dims.kind, at);
        let sum = self.added.entry((stretch, price, group)).or_default();
        *sum = sum.wrapping_add(tokens);
    }

    fn rows(self) -> Vec<Row> {
        let row = |((stretch, price, group), tokens): ((i64, Option<i64>, Group), i64)| Row {
            stretch,
            tokens,
            price,
            others: None,
            model: group.model,
            task: group.task,
            kind: group.kind,
            user_id: None,
        };
        self.added.into_iter().map(row).collect()
    }
}
