//! TEMP
use sea_orm::entity::prelude::*;
use crate::id::UploadId;
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "uploads")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UploadId,
}
impl ActiveModelBehavior for ActiveModel {}
impl crate::declare::Declared for Entity {
    const DECLARATION: crate::declare::Declaration = crate::declare::Declaration::PLAIN;
}
