//! Runs of documents through the five stages, with what came of them.

use chrono::{DateTime, TimeDelta, Utc};
use entity::id::RunId;
use entity::pipeline::run::{self, RunStatus};
use entity::pipeline::run_event::{self, RunEventKind};
use entity::pipeline::{inspiration_report, opportunity_card, stage_output};
use serde_json::json;

use super::dice::Dice;
use super::people::{People, Person};
use super::rows::Rows;
use super::text::{self, Words};
use super::upload::Documents;
use crate::error::Result;
use crate::secret::fingerprint;

const RUNS: usize = 340;
const STAGES: i32 = 5;

/// All that the runs hold.
#[derive(Default)]
struct Book {
    runs: Vec<run::Model>,
    events: Vec<run_event::Model>,
    outputs: Vec<stage_output::Model>,
    reports: Vec<inspiration_report::Model>,
    cards: Vec<opportunity_card::Model>,
}

/// What the texts are made of.
struct Material {
    dice: Dice,
    companies: Vec<Words>,
    report: Words,
    failures: Words,
}

/// A run that is over, for those who tell of it.
#[derive(Clone, Debug)]
pub(super) struct Ended {
    pub(super) run: run::Model,
    /// Whether an operator sent it through a second time.
    pub(super) retried: Option<DateTime<Utc>>,
}

/// Write the runs; the ended ones come back.
pub(super) async fn write(
    rows: &mut Rows<'_>,
    people: &People,
    mut documents: Documents,
) -> Result<Vec<Ended>> {
    let mut companies = text::read(include_str!("words/pipeline.txt"));
    let (Some(failures), Some(report)) = (companies.pop(), companies.pop()) else {
        return Ok(Vec::new());
    };
    let material = Material {
        dice: Dice::of("pipeline"),
        companies,
        report,
        failures,
    };
    let mut book = Book::default();
    let mut ended = Vec::new();
    let dice = &material.dice;
    for (at, created) in (0..).zip(dice.moments(rows.now, RUNS, TimeDelta::minutes(9))) {
        let owner = people.at(dice, created);
        // The last few are still waiting or under way.
        let left = RUNS - at;
        let fate = match left {
            1..=5 => RunStatus::Pending,
            6..=9 => RunStatus::Running,
            _ if dice.percent(13) => RunStatus::Failed,
            _ => RunStatus::Completed,
        };
        let (mut run, retried) = material.story(&mut book, rows.now, owner, created, fate);
        documents.attach(&mut run);
        if run.completed_at.is_some() {
            let run = run.clone();
            ended.push(Ended { run, retried });
        }
        book.runs.push(run);
    }
    rows.put(run::Entity, book.runs).await?;
    rows.put(run_event::Entity, book.events).await?;
    rows.put(inspiration_report::Entity, book.reports).await?;
    rows.put(stage_output::Entity, book.outputs).await?;
    rows.put(opportunity_card::Entity, book.cards).await?;
    Ok(ended)
}

impl Material {
    /// One run from its beginning to where it stands.
    fn story(
        &self,
        book: &mut Book,
        now: DateTime<Utc>,
        owner: Person,
        created: DateTime<Utc>,
        fate: RunStatus,
    ) -> (run::Model, Option<DateTime<Utc>>) {
        let dice = &self.dice;
        let company = dice.favour(&self.companies);
        let mut run = self.begun(company, owner, created, fate);
        let mut events = Events::of(run.id);
        events.add(dice, created, RunEventKind::Created, None, None);
        if fate == RunStatus::Pending {
            book.events.append(&mut events.all);
            return (run, None);
        }
        let worker = format!("pipeline-{}", dice.number::<u32>(1, 3));
        let mut at = created + dice.seconds(5, 240);
        run.started_at = Some(at);
        run.claimed_by = Some(worker.clone());
        run.attempt = 1;
        events.add(dice, at, RunEventKind::Claimed, None, Some(&worker));
        let mut retried = None;
        if fate == RunStatus::Completed && now - created > TimeDelta::hours(6) && dice.percent(7) {
            at += dice.seconds(20, 200);
            let again = at + dice.seconds(600, 7_200);
            retried = Some(again);
            events.add(dice, at, RunEventKind::Failed, Some(1), Some(&worker));
            events.add(dice, again, RunEventKind::Retried, None, None);
            at = again + dice.seconds(5, 60);
            run.attempt = 2;
            events.add(dice, at, RunEventKind::Claimed, None, Some(&worker));
        } else if dice.percent(3) {
            // A worker that fell silent: its lease ran out, and the next took over.
            at += TimeDelta::seconds(70);
            run.attempt = 2;
            events.add(dice, at, RunEventKind::Reclaimed, None, Some(&worker));
        }
        run.current_stage = match fate {
            RunStatus::Completed => STAGES,
            RunStatus::Failed => dice.number(0, 4),
            _ => dice.number(1, 4),
        };
        // Those under way must not be ahead of the clock.
        let longest = if fate == RunStatus::Running { 8 } else { 150 };
        for stage in 1..=run.current_stage {
            let took = dice.seconds(longest / 4 + u64::from(stage.unsigned_abs()), longest);
            at += took;
            self.stage(book, &run, company, (stage, at, took));
            events.add(dice, at, RunEventKind::Stage, Some(stage), Some(&worker));
        }
        let last = run.current_stage;
        match fate {
            RunStatus::Completed => {
                run.completed_at = Some(at);
                events.add(dice, at, RunEventKind::Completed, Some(last), Some(&worker));
            }
            RunStatus::Failed => {
                at += dice.seconds(3, 60);
                run.completed_at = Some(at);
                let stage = format!("stage{last}");
                run.error_message = Some(self.failures.one(dice, &stage).to_owned());
                events.add(
                    dice,
                    at,
                    RunEventKind::Failed,
                    Some(last + 1),
                    Some(&worker),
                );
            }
            _ => {
                run.lease_token = Some(dice.uuid());
                run.lease_until = Some(now + TimeDelta::minutes(10));
            }
        }
        run.updated_at = at.min(now);
        run.version = i64::try_from(events.all.len()).unwrap_or(1);
        book.events.append(&mut events.all);
        (run, retried)
    }

    fn begun(
        &self,
        company: &Words,
        owner: Person,
        created: DateTime<Utc>,
        status: RunStatus,
    ) -> run::Model {
        let dice = &self.dice;
        let document = self.report.one(dice, "document");
        let name = format!("{document}-{}.pdf", dice.hex::<2>());
        run::Model {
            id: dice.id(created),
            user_id: owner.id,
            company_id: company.name.to_lowercase().replace(' ', "-"),
            company_name: company.name.to_owned(),
            document_url: format!("https://files.example.com/{name}"),
            document_name: name,
            document_upload_id: None,
            status,
            current_stage: 0,
            error_message: None,
            started_at: None,
            completed_at: None,
            claimed_by: None,
            lease_token: None,
            lease_until: None,
            attempt: 0,
            version: 1,
            created_at: created,
            updated_at: created,
        }
    }

    fn stage(
        &self,
        book: &mut Book,
        run: &run::Model,
        company: &Words,
        (stage, made, took): (i32, DateTime<Utc>, TimeDelta),
    ) {
        const NAMES: [&str; 5] = [
            "Inspiration",
            "Trends",
            "Neighbours",
            "Ideas",
            "Opportunities",
        ];
        let dice = &self.dice;
        let say = |kind: &str| company.say(dice, &self.report, kind);
        let name = NAMES[usize::try_from(stage - 1).unwrap_or(0)];
        let text = format!("# {name}\n\n{}\n\n{}\n", say("stage"), say("stage"));
        book.outputs.push(stage_output::Model {
            id: dice.id(made),
            run_id: run.id,
            stage_number: stage,
            content_hash: fingerprint(text.as_bytes()),
            markdown_output: text,
            json_output: (stage > 1).then(|| {
                json!({
                    "confidence": dice.number::<u32>(40, 99), "sources": dice.number::<u32>(2, 14),
                })
            }),
            attempt: run.attempt,
            started_at: Some(made - took),
            duration_ms: Some(took.num_milliseconds()),
            created_at: made,
            updated_at: made,
        });
        if stage == 1 {
            let elements = || (0..3).map(|_| say("element")).collect();
            book.reports.push(inspiration_report::Model {
                id: dice.id(made),
                run_id: run.id,
                inspiration1_title: say("inspiration"),
                inspiration1_content: say("inspiration_text"),
                inspiration1_elements: elements(),
                inspiration2_title: say("inspiration"),
                inspiration2_content: say("inspiration_text"),
                inspiration2_elements: elements(),
                created_at: made,
                updated_at: made,
            });
        }
        if stage == STAGES {
            book.cards.extend((1..=5).map(|number| {
                let starred = dice.percent(11);
                let idea = company.narrowed(dice, &["product", "segment", "trend"]);
                let say = |kind: &str| idea.say(dice, &self.report, kind);
                opportunity_card::Model {
                    id: dice.id(made + TimeDelta::milliseconds(i64::from(number))),
                    run_id: run.id,
                    user_id: run.user_id,
                    number,
                    title: say("title"),
                    tagline: say("tagline"),
                    problem: say("problem"),
                    solution: say("solution"),
                    why_now: say("why_now"),
                    target_segment: say("segment_line"),
                    quick_win: say("quick_win"),
                    starred,
                    version: 1 + i64::from(starred),
                    created_at: made,
                    updated_at: made,
                }
            }));
        }
    }
}

/// The history of one run, line by line.
struct Events {
    run: RunId,
    all: Vec<run_event::Model>,
}

impl Events {
    fn of(run: RunId) -> Self {
        let all = Vec::new();
        Self { run, all }
    }

    fn add(
        &mut self,
        dice: &Dice,
        at: DateTime<Utc>,
        kind: RunEventKind,
        stage: Option<i32>,
        worker: Option<&str>,
    ) {
        self.all.push(run_event::Model {
            id: dice.id(at),
            run_id: self.run,
            seq: i64::try_from(self.all.len()).unwrap_or(0) + 1,
            kind,
            stage,
            worker: worker.map(str::to_owned),
            created_at: at,
            updated_at: at,
        });
    }
}
