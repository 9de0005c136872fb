//! JSON is text.

use sea_orm_migration::sea_orm::sea_query::{Expr, SimpleExpr};

pub(super) fn json(text: String) -> SimpleExpr {
    Expr::val(text)
}

/// The rule that a message names, which has no field of its own: `UNIQUE constraint failed: users.email`.
pub(super) fn rule(message: &str) -> Option<&str> {
    message
        .split_once(" constraint failed: ")
        .map(|(_, rule)| rule)
}
