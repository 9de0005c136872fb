//! JSON is `jsonb`, which a text becomes by a cast.

use sea_orm_migration::sea_orm::sea_query::{Expr, ExprTrait, SimpleExpr};

pub(super) fn json(text: String) -> SimpleExpr {
    Expr::val(text).cast_as("jsonb")
}
