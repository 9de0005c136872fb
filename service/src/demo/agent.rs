//! Agents: templates, people's own agents and workflows, and their accounts at other services.

use chrono::TimeDelta;
use entity::agent::integration::{self, IntegrationStatus};
use entity::agent::{template, user_agent, workflow};
use entity::id::{AgentTemplateId, UserId};
use serde_json::{Value, json};

use super::dice::Dice;
use super::people::People;
use super::rows::Rows;
use super::text::{self, Words};
use super::{DAYS, execution};
use crate::error::Result;

const AGENTS: usize = 96;
const WORKFLOWS: usize = 30;

/// What the rows of this chapter and the next are made of.
pub(super) struct Book {
    pub(super) templates: Vec<template::Model>,
    pub(super) agents: Vec<user_agent::Model>,
    pub(super) workflows: Vec<workflow::Model>,
}

/// Write the agents with all that they did.
pub(super) async fn write(rows: &mut Rows<'_>, people: &People) -> Result<()> {
    let dice = Dice::of("agents");
    let mut kinds = text::read(include_str!("words/agents.txt"));
    let Some(words) = kinds.pop() else {
        return Ok(());
    };
    let templates = kinds
        .iter()
        .zip(0..)
        .map(|(kind, at)| template_of(rows, &dice, kind, at));
    let mut book = Book {
        templates: templates.collect(),
        agents: agents(rows, &dice, people, &kinds, &words),
        workflows: workflows(rows, &dice, people, &words),
    };
    for agent in &mut book.agents {
        let made_from = kinds
            .iter()
            .position(|kind| agent.icon.as_deref() == icon(kind));
        agent.template_id = made_from
            .filter(|_| !dice.percent(12))
            .map(|at| book.templates[at].id);
    }
    let integrations = integrations(rows, &dice, &book, people);
    let executed = execution::of(rows, &dice, &mut book, &words);

    rows.put(template::Entity, book.templates).await?;
    rows.put(integration::Entity, integrations).await?;
    rows.put(user_agent::Entity, book.agents).await?;
    rows.put(workflow::Entity, book.workflows).await?;
    executed.put(rows).await
}

fn icon(kind: &Words) -> Option<&'static str> {
    kind.list("icon").first().copied()
}

fn first(kind: &Words, list: &str) -> Option<String> {
    kind.list(list).first().map(|word| (*word).to_owned())
}

/// Steps as agents and templates keep them.
fn steps(kind: &Words) -> Value {
    let steps = kind.list("step").iter().zip(1..);
    steps
        .map(|(step, number)| json!({ "id": number, "name": step, "kind": "prompt" }))
        .collect()
}

fn template_of(rows: &Rows<'_>, dice: &Dice, kind: &Words, at: i64) -> template::Model {
    let made = rows.days_ago(DAYS + 1) + TimeDelta::minutes(at);
    template::Model {
        id: dice.id(made),
        name: kind.name.to_owned(),
        role: first(kind, "role"),
        purpose: first(kind, "purpose"),
        icon: first(kind, "icon"),
        category: first(kind, "category"),
        required_integrations: kind.list("needs").iter().copied().collect(),
        capabilities: kind.list("can").iter().copied().collect(),
        default_workflow: Some(json!({ "steps": steps(kind) })),
        // The last of them is still being tried.
        is_active: at != 9,
        usage_count: 0,
        version: 1,
        created_at: made,
        updated_at: made,
    }
}

fn agents(
    rows: &Rows<'_>,
    dice: &Dice,
    people: &People,
    kinds: &[Words],
    words: &Words,
) -> Vec<user_agent::Model> {
    let made = dice.moments(rows.now, AGENTS, TimeDelta::hours(8));
    let mut counts = std::collections::BTreeMap::<UserId, usize>::new();
    let mut all = Vec::new();
    for at in made {
        let owner = people.at(dice, at);
        // The usual limit is ten agents a person.
        let has = counts.entry(owner.id).or_default();
        if *has == 9 {
            continue;
        }
        *has += 1;
        let kind = dice.favour(&kinds[..9]);
        let team = words.one(dice, "team");
        all.push(user_agent::Model {
            id: dice.id(at),
            user_id: owner.id,
            template_id: None::<AgentTemplateId>,
            name: format!("{} for {team}", kind.name),
            description: first(kind, "purpose"),
            icon: first(kind, "icon"),
            category: first(kind, "category"),
            goal: Some(kind.say(dice, words, "goal")),
            required_integrations: json!(kind.list("needs")),
            steps: steps(kind),
            config: json!({
                "model": dice.pick(&["heron-2-flash", "heron-2-pro", "atlas-mini"]),
                "temperature": dice.pick(&[0.0, 0.2, 0.7]),
                "max_steps": dice.number::<u32>(4, 12),
            }),
            is_active: !dice.percent(9),
            is_favorite: dice.percent(22),
            last_used: None,
            execution_count: 0,
            version: 1,
            created_at: at,
            updated_at: at,
        });
    }
    all
}

fn workflows(rows: &Rows<'_>, dice: &Dice, people: &People, words: &Words) -> Vec<workflow::Model> {
    let made = dice.moments(rows.now, WORKFLOWS, TimeDelta::hours(8));
    made.into_iter()
        .map(|at| {
            let team = words.one(dice, "team");
            let name = words.one(dice, "workflow");
            workflow::Model {
                id: dice.id(at),
                user_id: people.at(dice, at).id,
                name: format!("{name} of {team}"),
                description: Some(format!("Runs for {team}, step by step.")),
                definition: json!({
                    "trigger": dice.pick(&["manual", "schedule", "event"]),
                    "steps": [
                        { "id": "collect", "kind": "agent", "next": "decide" },
                        { "id": "decide", "kind": "condition", "next": "report" },
                        { "id": "report", "kind": "agent" },
                    ],
                }),
                is_active: !dice.percent(15),
                last_run_at: None,
                run_count: 0,
                version: 1,
                created_at: at,
                updated_at: at,
            }
        })
        .collect()
}

/// What each person's agents need, and something more.
fn integrations(
    rows: &Rows<'_>,
    dice: &Dice,
    book: &Book,
    people: &People,
) -> Vec<integration::Model> {
    let mut wanted = std::collections::BTreeMap::new();
    for agent in &book.agents {
        let needs = agent.required_integrations.as_array().into_iter().flatten();
        for provider in needs.filter_map(Value::as_str) {
            let since = agent.created_at - TimeDelta::minutes(20);
            let since = wanted
                .entry((agent.user_id, provider.to_owned()))
                .or_insert(since);
            *since = agent.created_at.min(*since);
        }
    }
    let mut all = Vec::new();
    for ((user_id, provider), since) in wanted {
        let joined = people.users.iter().find(|person| person.id == user_id);
        let since = joined.map_or(since, |person| person.since.max(since));
        let id = dice.id(since);
        let status = match dice.number::<u32>(0, 19) {
            0 => IntegrationStatus::Expired,
            1 => IntegrationStatus::Error,
            2 => IntegrationStatus::Revoked,
            _ => IntegrationStatus::Connected,
        };
        let secret = json!({ "access_token": format!("demo-{}", dice.hex::<16>()) });
        let place = format!("integrations/{id}/credentials");
        all.push(integration::Model {
            id,
            user_id,
            status,
            credentials: (status != IntegrationStatus::Revoked)
                .then(|| rows.seal(&place, secret.to_string().as_bytes())),
            scopes: [format!("{provider}.read"), format!("{provider}.write")]
                .into_iter()
                .collect(),
            metadata: json!({ "account": format!("{}@{provider}.example.com", dice.hex::<3>()) }),
            expires_at: match status {
                IntegrationStatus::Connected => Some(rows.days_ago(-dice.number::<i64>(5, 60))),
                IntegrationStatus::Expired => Some(rows.days_ago(2).max(since)),
                _ => None,
            },
            provider,
            version: 1,
            created_at: since,
            updated_at: since,
        });
    }
    all
}
