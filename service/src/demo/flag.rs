//! Feature flags: each kind, with rules, a segment, a ramp, a change to come, and how they answered.

use chrono::{DateTime, TimeDelta, Utc};
use entity::configuration::flag::{self, FlagKind};
use entity::configuration::flag_history::{self, FlagAction};
use entity::configuration::flag_ramp::{self, RampState};
use entity::configuration::scheduled_change::{self, ChangeState, ChangeTarget};
use entity::configuration::{flag_context, flag_evaluation, segment};
use entity::id::FlagId;
use serde_json::{Value, json};

use super::audit::Log;
use super::configuration::Revision;
use super::dice::Dice;
use super::evaluation;
use super::people::People;
use super::rows::Rows;
use crate::error::Result;

/// A flag as it was made.
struct Sketch {
    key: &'static str,
    description: &'static str,
    kind: FlagKind,
    variants: Value,
    default: &'static str,
    rules: Value,
    days: i64,
}

fn sketches(people: &People) -> Vec<Sketch> {
    let boolean = json!({ "off": false, "on": true });
    vec![
        Sketch {
            key: "new-dashboard",
            description: "The dashboard with charts by model.",
            kind: FlagKind::Boolean,
            variants: boolean.clone(),
            default: "off",
            rules: json!([
                { "segment": "pilot-group", "variant": "on" },
                { "percentages": { "on": 40_000, "off": 60_000 } },
            ]),
            days: 75,
        },
        Sketch {
            key: "answer-style",
            description: "How the assistant writes.",
            kind: FlagKind::String,
            variants: json!({ "brief": "brief", "full": "full", "bullet": "bullet" }),
            default: "full",
            rules: json!([
                { "if": [{ "attribute": "locale", "operator": "starts", "value": "de" }],
                  "variant": "brief" },
                { "percentages": { "brief": 20_000, "full": 60_000, "bullet": 20_000 } },
            ]),
            days: 61,
        },
        Sketch {
            key: "render-parallelism",
            description: "How many clips one person renders at a time.",
            kind: FlagKind::Number,
            variants: json!({ "one": 1, "two": 2, "four": 4 }),
            default: "two",
            rules: json!([
                { "if": [{ "attribute": "plan", "operator": "in", "value": ["team"] }],
                  "variant": "four" },
            ]),
            days: 40,
        },
        Sketch {
            key: "upload-limits",
            description: "What may be uploaded.",
            kind: FlagKind::Object,
            variants: json!({
                "usual": { "megabytes": 20, "kinds": ["pdf"] },
                "large": { "megabytes": 80, "kinds": ["pdf", "docx", "pptx"] },
            }),
            default: "usual",
            rules: json!([{ "targets": [people.users[0].id], "variant": "large" }]),
            days: 33,
        },
        Sketch {
            key: "voice-notes",
            description: "Questions can be spoken.",
            kind: FlagKind::Boolean,
            variants: boolean.clone(),
            default: "off",
            rules: json!([{ "percentages": { "on": 25_000, "off": 75_000 } }]),
            days: 9,
        },
        Sketch {
            key: "old-importer",
            description: "The importer of the first release.",
            kind: FlagKind::Boolean,
            variants: boolean,
            default: "off",
            rules: json!([]),
            days: 88,
        },
    ]
}

/// Write the flags.
pub(super) async fn write(
    rows: &mut Rows<'_>,
    dice: &Dice,
    people: &People,
    log: &mut Log,
    revision: &mut Revision,
) -> Result<()> {
    let mut flags = Vec::new();
    let mut history = Vec::new();
    for sketch in sketches(people) {
        let made = rows.days_ago(sketch.days);
        let mut flag = made_from(dice, sketch, made);
        let mut states = vec![(
            FlagAction::Create,
            flag.clone(),
            "asked for by the product team",
        )];
        flag.enabled = true;
        step(&mut flag, made + TimeDelta::days(2));
        states.push((
            FlagAction::Update,
            flag.clone(),
            "tried on staging, now for everybody",
        ));
        if flag.key == "old-importer" {
            flag.archived_at = Some(rows.days_ago(25));
            step(&mut flag, rows.days_ago(25));
            states.push((
                FlagAction::Archive,
                flag.clone(),
                "nobody imports that way any more",
            ));
        }
        let mut before = None;
        for (action, state, reason) in states {
            let after = told(&state);
            let (name, whom) = match action {
                FlagAction::Create => ("flag.create", people.operator),
                FlagAction::Archive => ("flag.archive", people.admin),
                _ => ("flag.update", people.operator),
            };
            let change = (before.clone(), Some(after.clone()));
            let which = ("flag", state.id.to_string());
            log.note(state.updated_at, Some(whom), name, which, change);
            history.push(flag_history::Model {
                id: dice.id(state.updated_at),
                key: state.key.clone(),
                environment: state.environment.clone(),
                version: state.version,
                revision: revision.next(),
                action,
                before: before.replace(after.clone()),
                after: Some(after),
                changed_by: Some(whom.id),
                reason: Some(reason.to_owned()),
                request_id: Some(dice.uuid().to_string()),
                created_at: state.updated_at,
                updated_at: state.updated_at,
            });
        }
        flags.push(flag);
    }
    let (ramp, change) = (ramp(rows, dice, &flags), change(rows, dice, people));
    let counted = flags
        .iter()
        .flat_map(|flag| evaluation::of(rows, dice, flag));
    let counted = counted.collect();
    rows.put(flag::Entity, flags).await?;
    rows.put(flag_history::Entity, history).await?;
    rows.put(segment::Entity, vec![pilots(rows, dice, people)])
        .await?;
    rows.put(flag_ramp::Entity, ramp).await?;
    rows.put(scheduled_change::Entity, vec![change]).await?;
    rows.put(flag_evaluation::Entity, counted).await?;
    let contexts = people
        .users
        .iter()
        .map(|person| evaluation::context(rows, dice, person.id));
    rows.put(flag_context::Entity, contexts.collect()).await
}

fn step(flag: &mut flag::Model, at: DateTime<Utc>) {
    flag.version += 1;
    flag.updated_at = at;
}

fn told(flag: &flag::Model) -> Value {
    json!({
        "key": flag.key, "environment": flag.environment, "enabled": flag.enabled,
        "variants": flag.variants, "default_variant": flag.default_variant, "rules": flag.rules,
        "archived_at": flag.archived_at, "version": flag.version,
    })
}

fn made_from(dice: &Dice, sketch: Sketch, made: DateTime<Utc>) -> flag::Model {
    let id: FlagId = dice.id(made);
    flag::Model {
        id,
        key: sketch.key.to_owned(),
        environment: "all".to_owned(),
        description: Some(sketch.description.to_owned()),
        kind: sketch.kind,
        variants: sketch.variants,
        default_variant: sketch.default.to_owned(),
        enabled: false,
        rules: sketch.rules,
        salt: dice.hex::<8>(),
        owner: Some((*dice.pick(&["web", "assistant", "media"])).to_owned()),
        expires_at: None,
        archived_at: None,
        version: 1,
        created_at: made,
        updated_at: made,
    }
}

/// The ramp of the youngest flag, half-way up.
fn ramp(rows: &Rows<'_>, dice: &Dice, flags: &[flag::Model]) -> Vec<flag_ramp::Model> {
    let begun = rows.days_ago(6);
    let growing = flags.iter().filter(|flag| flag.key == "voice-notes");
    growing
        .map(|flag| flag_ramp::Model {
            id: dice.id(begun),
            flag_id: flag.id,
            steps: json!([
                { "percent": 5, "hours": 48 }, { "percent": 25, "hours": 168 },
                { "percent": 50, "hours": 48 }, { "percent": 100, "hours": 0 },
            ]),
            current_step: 1,
            state: RampState::Running,
            guardrail: Some(json!({ "metric": "error_rate", "above": 0.02, "minutes": 15 })),
            baseline: json!({ "rules": [] }),
            next_step_at: Some(rows.days_ago(-3)),
            reason: None,
            version: 2,
            created_at: begun,
            updated_at: rows.days_ago(4),
        })
        .collect()
}

fn change(rows: &Rows<'_>, dice: &Dice, people: &People) -> scheduled_change::Model {
    let asked = rows.days_ago(2);
    scheduled_change::Model {
        id: dice.id(asked),
        target: ChangeTarget::Setting,
        key: "support.opening_hours".to_owned(),
        environment: "all".to_owned(),
        change: Some(
            json!({ "value": { "from": "09:00", "to": "15:00", "zone": "Europe/Berlin" } }),
        ),
        ciphertext: None,
        run_at: rows.days_ago(-14),
        state: ChangeState::Pending,
        error: None,
        requested_by: Some(people.operator.id),
        reason: Some("the holidays".to_owned()),
        applied_at: None,
        version: 1,
        created_at: asked,
        updated_at: asked,
    }
}

fn pilots(rows: &Rows<'_>, dice: &Dice, people: &People) -> segment::Model {
    let made = rows.days_ago(80);
    segment::Model {
        id: dice.id(made),
        key: "pilot-group".to_owned(),
        environment: "all".to_owned(),
        description: Some("Those who try things first.".to_owned()),
        included: [0, 4, 7]
            .map(|at: usize| people.users[at].id.to_string())
            .into_iter()
            .collect(),
        excluded: [people.users[1].id.to_string()].into_iter().collect(),
        rules: json!([[{ "attribute": "plan", "operator": "eq", "value": "pilot" }]]),
        version: 1,
        created_at: made,
        updated_at: made,
    }
}
