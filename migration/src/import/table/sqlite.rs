//! JSON is text.

use sea_orm_migration::sea_orm::sea_query::{Expr, SimpleExpr};

pub(super) fn json(text: String) -> SimpleExpr {
    Expr::val(text)
}
