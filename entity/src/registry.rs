//! Every entity, one line each: whose rows they are, who may write them by the generic doors, and
//! how long they are kept. The order is that of the foreign keys, parents first.
//!
//! The line implements [`Scoped`] for the entity and puts its [`Resource`] on the list that DDL,
//! drift checks, the explore engine and the admin screens are made from. An entity that is not here
//! has no scope, so nothing can read it.

use std::sync::LazyLock;

use sea_orm::sea_query::{ColumnDef, ForeignKeyAction, IntoIden};
use sea_orm::{
    ColumnTrait, ColumnType, Condition, DbBackend, EntityTrait, IdenStatic, Identity, Iterable,
    PrimaryKeyToColumn, QuerySelect, QueryTrait, RelationTrait, RelationType, Schema,
};

use crate::declare::{Declaration, Declared};
use crate::scope::{Rule, Scope, Scoped};

/// Who may write a table by the generic doors (the admin GraphQL); a domain's own verbs have rules
/// of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// Nobody: only the domain's own verbs write it.
    Verbs,
    /// Operators and admins.
    Operators,
    /// Admins.
    Admins,
}

/// How long a row stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Until somebody deletes it.
    Forever,
    /// As long as the row that it belongs to.
    Parent,
    /// Until it has expired, and a day.
    Expiry,
    /// This many days.
    Days(u16),
}

/// A column as the registry tells it.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name in the database.
    pub name: &'static str,
    /// Its type; an enum carries its values in their order.
    pub kind: ColumnType,
    /// Whether it may be null.
    pub nullable: bool,
    /// Whether no two rows share a value.
    pub unique: bool,
    /// Whether it never leaves.
    pub secret: bool,
}

/// A relation as the registry tells it.
#[derive(Clone, Debug)]
pub struct Relation {
    /// Its name, in snake case: the entity's, or that given by `relation_enum`.
    pub name: String,
    /// Whether it leads to many rows.
    pub many: bool,
    /// Whether this table holds the key.
    pub holds_key: bool,
    /// Whether the database guards it with a foreign key (only where this table holds the key).
    pub guarded: bool,
    /// This table's column.
    pub from: String,
    /// The other table.
    pub table: String,
    /// The other table's column.
    pub to: String,
    /// What happens here when the other row is deleted.
    pub on_delete: Option<ForeignKeyAction>,
}

/// An entity as data: everything that is known of it without its Rust type.
#[derive(Debug)]
pub struct Resource {
    /// The domain: the entity's folder.
    pub domain: &'static str,
    /// The entity's name: its file.
    pub name: &'static str,
    /// The table.
    pub table: &'static str,
    /// The primary key's column.
    pub key: &'static str,
    /// Whose rows these are.
    pub rule: Rule,
    /// Who may write it by the generic doors.
    pub writes: Writes,
    /// How long a row stays.
    pub keep: Keep,
    /// Its columns, in the table's order.
    pub columns: Vec<Column>,
    /// Its relations.
    pub relations: Vec<Relation>,
    /// What the macros cannot say.
    pub declaration: &'static Declaration,
    /// The columns' DDL for an engine.
    pub column_defs: fn(DbBackend) -> Vec<ColumnDef>,
}

impl Resource {
    fn of<E>(domain: &'static str, name: &'static str, writes: Writes, keep: Keep) -> Self
    where
        E: EntityTrait + Scoped + Declared,
    {
        Self {
            domain,
            name,
            table: E::default().table_name(),
            key: key_of::<E>().as_str(),
            rule: E::RULE,
            writes,
            keep,
            columns: E::Column::iter()
                .map(|column| column_of::<E>(column))
                .collect(),
            relations: E::Relation::iter()
                .map(|relation| relation_of(&relation))
                .collect(),
            declaration: &E::DECLARATION,
            column_defs: column_defs::<E>,
        }
    }
}

fn key_of<E: EntityTrait>() -> E::Column {
    let mut keys = E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column);
    let key = keys.next().expect("every entity has a primary key");
    assert!(
        keys.next().is_none(),
        "{} has a composite key",
        E::default().table_name()
    );
    key
}

fn column_of<E: EntityTrait + Declared>(column: E::Column) -> Column {
    let def = column.def();
    Column {
        name: column.as_str(),
        kind: def.get_column_type().clone(),
        nullable: def.is_null(),
        unique: def.is_unique(),
        secret: E::DECLARATION.secrets.contains(&column.as_str()),
    }
}

fn relation_of<R: RelationTrait>(relation: &R) -> Relation {
    let def = relation.def();
    Relation {
        name: snake_case(&relation.name()),
        many: def.rel_type == RelationType::HasMany,
        holds_key: !def.is_owner,
        guarded: !def.is_owner && !def.skip_fk,
        from: only(&def.from_col),
        table: def.to_tbl.sea_orm_table().to_string(),
        to: only(&def.to_col),
        on_delete: def.on_delete,
    }
}

fn only(identity: &Identity) -> String {
    match identity {
        Identity::Unary(column) => column.to_string(),
        _ => unreachable!("a relation over several columns"),
    }
}

fn snake_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for (at, letter) in name.chars().enumerate() {
        if letter.is_ascii_uppercase() && at > 0 {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

fn column_defs<E: EntityTrait>(engine: DbBackend) -> Vec<ColumnDef> {
    let schema = Schema::new(engine);
    E::Column::iter()
        .map(|column| schema.get_column_def::<E>(column))
        .collect()
}

/// Every entity, parents first.
pub fn resources() -> &'static [Resource] {
    static RESOURCES: LazyLock<Vec<Resource>> = LazyLock::new(list);
    &RESOURCES
}

/// The resource whose table is `table`.
pub fn resource(table: &str) -> Option<&'static Resource> {
    resources().iter().find(|resource| resource.table == table)
}

macro_rules! visible {
    ($entity:ident, $scope:ident, Own($column:literal)) => {
        match $scope {
            Scope::Everyone => Condition::all(),
            Scope::Owner(user) => Condition::all().add(own::<$entity>($column, user)),
        }
    };
    ($entity:ident, $scope:ident, Via($column:literal, $domain:ident :: $parent:ident)) => {
        match $scope {
            Scope::Everyone => Condition::all(),
            Scope::Owner(_) => Condition::all().add(
                via::<$entity, crate::$domain::$parent::Entity>($column, $scope),
            ),
        }
    };
    ($entity:ident, $scope:ident, Public) => {{
        let _ = $scope;
        Condition::all()
    }};
    ($entity:ident, $scope:ident, Staff) => {
        match $scope {
            Scope::Everyone => Condition::all(),
            Scope::Owner(_) => Condition::all().add(nobody()),
        }
    };
}

macro_rules! rule {
    (Own($column:literal)) => {
        Rule::Own($column)
    };
    (Via($column:literal, $domain:ident :: $parent:ident)) => {
        Rule::Via($column, stringify!($parent))
    };
    ($other:ident) => {
        Rule::$other
    };
}

macro_rules! registry {
    ($($domain:ident :: $name:ident, $rule:ident $(($($of:tt)+))?, $writes:expr, $keep:expr;)+) => {
        fn list() -> Vec<Resource> {
            use Keep::{Days, Expiry, Forever, Parent};
            use Writes::{Admins, Operators, Verbs};
            vec![$(
                Resource::of::<crate::$domain::$name::Entity>(
                    stringify!($domain), stringify!($name), $writes, $keep,
                ),
            )+]
        }
        $(
            const _: () = {
                use crate::$domain::$name::Entity as This;
                impl Scoped for This {
                    const RULE: Rule = rule!($rule $(($($of)+))?);

                    fn visible(scope: Scope) -> Condition {
                        visible!(This, scope, $rule $(($($of)+))?)
                    }
                }
            };
        )+
    };
}

/// What no row satisfies.
fn nobody() -> sea_orm::sea_query::Expr {
    use sea_orm::sea_query::{Expr, ExprTrait};
    Expr::val(1).eq(0)
}

fn own<E: EntityTrait>(column: &'static str, user: crate::id::UserId) -> sea_orm::sea_query::Expr {
    use sea_orm::sea_query::{Expr, ExprTrait};
    Expr::col((E::default(), column.into_iden())).eq(user)
}

fn via<E: EntityTrait, P: Scoped>(column: &'static str, scope: Scope) -> sea_orm::sea_query::Expr {
    use sea_orm::sea_query::{Expr, ExprTrait};
    let parents = P::within(scope)
        .select_only()
        .column(key_of::<P>())
        .into_query();
    Expr::col((E::default(), column.into_iden())).in_subquery(parents)
}

registry! {
    // entity                               scope                                       writes      kept
    identity::user,                         Own("id"),                                  Admins,     Forever;
    identity::user_identity,                Own("user_id"),                             Verbs,      Parent;
    identity::profile,                      Own("user_id"),                             Admins,     Parent;
    identity::session,                      Own("user_id"),                             Verbs,      Expiry;
    identity::api_key,                      Own("user_id"),                             Verbs,      Parent;
    identity::auth_challenge,               Staff,                                      Verbs,      Expiry;
    identity::login_failure,                Staff,                                      Verbs,      Days(7);
    upload::upload,                         Own("user_id"),                             Verbs,      Parent;
    pipeline::run,                          Own("user_id"),                             Operators,  Forever;
    pipeline::run_event,                    Via("run_id", pipeline::run),               Verbs,      Parent;
    pipeline::opportunity_card,             Own("user_id"),                             Operators,  Parent;
    pipeline::inspiration_report,           Via("run_id", pipeline::run),               Operators,  Parent;
    pipeline::stage_output,                 Via("run_id", pipeline::run),               Operators,  Parent;
    conversation::thread,                   Own("user_id"),                             Admins,     Forever;
    conversation::message,                  Via("thread_id", conversation::thread),     Admins,     Parent;
    conversation::tool_call,                Via("message_id", conversation::message),   Admins,     Parent;
    conversation::tool_selection,           Via("message_id", conversation::message),   Admins,     Parent;
    conversation::complexity_estimation,    Via("message_id", conversation::message),   Admins,     Parent;
    conversation::token_consumption,        Via("message_id", conversation::message),   Admins,     Parent;
    agent::template,                        Public,                                     Admins,     Forever;
    agent::user_agent,                      Own("user_id"),                             Admins,     Parent;
    agent::workflow,                        Own("user_id"),                             Admins,     Parent;
    agent::execution,                       Own("user_id"),                             Verbs,      Parent;
    agent::execution_event,                 Via("execution_id", agent::execution),      Verbs,      Parent;
    agent::integration,                     Own("user_id"),                             Verbs,      Parent;
    media::video,                           Own("user_id"),                             Operators,  Forever;
    media::notification,                    Own("user_id"),                             Operators,  Days(365);
    media::nft_ownership,                   Own("user_id"),                             Admins,     Forever;
    configuration::setting,                 Staff,                                      Operators,  Forever;
    configuration::setting_history,         Staff,                                      Verbs,      Forever;
    configuration::revision,                Staff,                                      Verbs,      Forever;
    configuration::flag,                    Staff,                                      Admins,     Forever;
    configuration::flag_history,            Staff,                                      Verbs,      Forever;
    configuration::segment,                 Staff,                                      Admins,     Forever;
    configuration::scheduled_change,        Staff,                                      Admins,     Forever;
    configuration::flag_ramp,               Staff,                                      Admins,     Parent;
    configuration::flag_evaluation,         Staff,                                      Verbs,      Days(90);
    configuration::flag_context,            Staff,                                      Verbs,      Days(30);
    webhook::endpoint,                      Own("user_id"),                             Admins,     Forever;
    webhook::message,                       Own("user_id"),                             Verbs,      Days(90);
    webhook::delivery,                      Via("endpoint_id", webhook::endpoint),      Verbs,      Parent;
    webhook::attempt,                       Via("delivery_id", webhook::delivery),      Verbs,      Parent;
    webhook::source,                        Staff,                                      Admins,     Forever;
    webhook::inbound_event,                 Staff,                                      Verbs,      Days(90);
    platform::job,                          Own("owner_id"),                            Verbs,      Days(30);
    platform::job_schedule,                 Staff,                                      Admins,     Forever;
    platform::idempotency_key,              Staff,                                      Verbs,      Expiry;
    platform::audit_log,                    Staff,                                      Verbs,      Forever;
    platform::saved_view,                   Own("user_id"),                             Verbs,      Forever;
    platform::saved_report,                 Own("user_id"),                             Verbs,      Forever;
    platform::trusted_document,             Staff,                                      Admins,     Forever;
    platform::import_batch,                 Staff,                                      Verbs,      Forever;
    platform::import_record,                Staff,                                      Verbs,      Parent;
    analytics::model_price,                 Staff,                                      Admins,     Forever;
    analytics::token_rollup,                Staff,                                      Verbs,      Forever;
    analytics::token_hour_rollup,           Staff,                                      Verbs,      Forever;
    analytics::token_day_rollup,            Staff,                                      Verbs,      Forever;
    analytics::token_user_rollup,           Own("user_id"),                             Verbs,      Forever;
    analytics::user_day_rollup,             Own("user_id"),                             Verbs,      Forever;
    analytics::user_month_rollup,           Own("user_id"),                             Verbs,      Forever;
    analytics::thread_rollup,               Via("thread_id", conversation::thread),     Verbs,      Forever;
    analytics::token_delta,                 Own("user_id"),                             Verbs,      Forever;
    analytics::user_pack,                   Staff,                                      Verbs,      Forever;
    analytics::day_pack,                    Staff,                                      Verbs,      Forever;
    analytics::active_rollup,               Staff,                                      Verbs,      Forever;
    analytics::run_rollup,                  Staff,                                      Verbs,      Forever;
    analytics::run_delta,                   Staff,                                      Verbs,      Forever;
    analytics::stage_rollup,                Staff,                                      Verbs,      Forever;
    analytics::stage_delta,                 Staff,                                      Verbs,      Forever;
    analytics::rollup_state,                Staff,                                      Verbs,      Forever;
}
