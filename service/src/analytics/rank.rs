//! Which groups are the largest, and which are the rest.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::ActiveEnum;

use super::store::Row;
use super::token_usage::{Dimension, Question};

/// Say of each row whether its group is one of the rest.
pub(super) fn place(rows: &mut [Row], question: &Question) {
    let key = |row: &Row| -> Vec<String> {
        let name = |dimension: &Dimension| match dimension {
            Dimension::Model => row.model.clone().unwrap_or_default(),
            Dimension::Task => row.task.map(|task| task.to_value()).unwrap_or_default(),
            Dimension::Type => row.kind.map(|kind| kind.to_value()).unwrap_or_default(),
            Dimension::User => row.user_id.map(|user| user.to_string()).unwrap_or_default(),
        };
        question.group_by.iter().map(name).collect()
    };
    if question.group_by.is_empty() {
        return;
    }
    let mut sums: BTreeMap<Vec<String>, i128> = BTreeMap::new();
    for row in rows.iter() {
        *sums.entry(key(row)).or_default() += i128::from(row.tokens);
    }
    let mut order: Vec<(Vec<String>, i128)> = sums.into_iter().collect();
    // Stable: those that are alike stay in the order of their names.
    order.sort_by(|(_, a), (_, b)| b.cmp(a));
    let rest: BTreeSet<Vec<String>> = order
        .into_iter()
        .skip(question.top)
        .map(|(key, _)| key)
        .collect();
    for row in rows {
        let others = rest.contains(&key(row));
        row.others = Some(i32::from(others));
        if others {
            (row.model, row.task, row.kind) = (None, None, None);
        }
    }
}
