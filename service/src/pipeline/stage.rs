//! What a worker hands in for a stage, and what must be true of it.

use chrono::{DateTime, Utc};
use entity::id::{OpportunityCardId, RunId};
use serde::Serialize;
use serde_json::Value;

use super::error::Error;
use super::run::ALL;
use super::store;
use crate::check::Check;
use crate::error::Result;
use crate::secret::fingerprint;
use crate::write::Write;

/// How many stages a run has.
pub const STAGES: i32 = 5;

const TEXT: usize = 20_000;
const MARKDOWN: usize = 5_000_000;

/// The output of one stage.
#[derive(Clone, Debug, Serialize)]
pub struct NewStage {
    /// The whole text.
    pub markdown_output: String,
    /// Its structured part.
    pub json_output: Option<Value>,
    /// When the worker began with it.
    #[serde(skip)]
    pub started_at: Option<DateTime<Utc>>,
    /// How long it took, in milliseconds.
    #[serde(skip)]
    pub duration_ms: Option<i64>,
    /// The inspiration report: with stage 1, and only there.
    pub report: Option<NewReport>,
    /// The cards: with stage 5, and only there.
    pub cards: Vec<NewCard>,
}

/// The inspiration report.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the fields are those of `inspiration_reports`")]
pub struct NewReport {
    pub inspiration1_title: String,
    pub inspiration1_content: String,
    pub inspiration1_elements: Vec<String>,
    pub inspiration2_title: String,
    pub inspiration2_content: String,
    pub inspiration2_elements: Vec<String>,
}

/// A card.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the fields are those of `opportunity_cards`")]
pub struct NewCard {
    pub number: i32,
    pub title: String,
    pub tagline: String,
    pub problem: String,
    pub solution: String,
    pub why_now: String,
    pub target_segment: String,
    pub quick_win: String,
}

impl NewStage {
    /// Check everything that can be checked without the run.
    pub(super) fn check(&self, stage: i32) -> Result<()> {
        if !(1..=STAGES).contains(&stage) {
            return Err(Error::NoSuchStage.into());
        }
        let mut check = Check::default();
        check.time("/started_at", self.started_at);
        check_output(&mut check, &self.markdown_output);
        if let Some(json) = &self.json_output {
            check.json("/json_output", json);
        }
        if self.duration_ms.is_some_and(|duration| duration < 0) {
            check.wrong("/duration_ms", "must not be negative");
        }
        match (&self.report, stage == 1) {
            (None, true) => check.wrong("/report", "must come with stage 1"),
            (Some(_), false) => check.wrong("/report", "comes with stage 1 only"),
            (Some(report), true) => report.check(&mut check, "/report"),
            (None, false) => {}
        }
        if stage == STAGES {
            self.check_cards(&mut check);
        } else if !self.cards.is_empty() {
            check.wrong("/cards", "come with stage 5 only");
        }
        Ok(check.done()?)
    }

    fn check_cards(&self, check: &mut Check) {
        if !(1..=5).contains(&self.cards.len()) {
            check.wrong("/cards", "must be one to five");
        }
        for (at, card) in self.cards.iter().enumerate() {
            if !(1..=5).contains(&card.number) {
                check.wrong(format!("/cards/{at}/number"), "must be 1 to 5");
            }
            if self.cards[..at]
                .iter()
                .any(|other| other.number == card.number)
            {
                check.wrong(format!("/cards/{at}/number"), "is taken by another card");
            }
            card.check(check, &format!("/cards/{at}"));
        }
    }

    /// What tells a repetition from a contradiction: the content, not when it was made.
    pub(super) fn hash(&self) -> Result<String> {
        let content = serde_json::to_vec(self).map_err(crate::error::Error::internal)?;
        Ok(fingerprint(&content))
    }
}

impl NewCard {
    fn check(&self, check: &mut Check, at: &str) {
        for (name, text) in [
            ("title", &self.title),
            ("tagline", &self.tagline),
            ("problem", &self.problem),
            ("solution", &self.solution),
            ("why_now", &self.why_now),
            ("target_segment", &self.target_segment),
            ("quick_win", &self.quick_win),
        ] {
            check.text(format!("{at}/{name}"), text, name == "title", TEXT);
        }
    }
}

/// A card was written by staff: as it stands it must be one that a worker hands in.
pub(crate) async fn card_written(tx: &Write, id: OpportunityCardId) -> Result<()> {
    let card = store::card_held(tx, ALL, id).await?;
    let mut check = Check::default();
    let card = NewCard {
        number: card.number,
        title: card.title,
        tagline: card.tagline,
        problem: card.problem,
        solution: card.solution,
        why_now: card.why_now,
        target_segment: card.target_segment,
        quick_win: card.quick_win,
    };
    card.check(&mut check, "");
    Ok(check.done()?)
}

/// The report of a run was written by staff: the same.
pub(crate) async fn report_written(tx: &Write, run: RunId) -> Result<()> {
    let Some(report) = store::report(tx, run).await? else {
        return Ok(());
    };
    let mut check = Check::default();
    let report = NewReport {
        inspiration1_title: report.inspiration1_title,
        inspiration1_content: report.inspiration1_content,
        inspiration1_elements: report.inspiration1_elements.0,
        inspiration2_title: report.inspiration2_title,
        inspiration2_content: report.inspiration2_content,
        inspiration2_elements: report.inspiration2_elements.0,
    };
    report.check(&mut check, "");
    Ok(check.done()?)
}

/// What a stage brought may be mended by staff, and not emptied.
pub(crate) fn check_output(check: &mut Check, markdown: &str) {
    check.text("/markdown_output", markdown, true, MARKDOWN);
}

impl NewReport {
    fn check(&self, check: &mut Check, at: &str) {
        for (name, text) in [
            ("inspiration1_title", &self.inspiration1_title),
            ("inspiration1_content", &self.inspiration1_content),
            ("inspiration2_title", &self.inspiration2_title),
            ("inspiration2_content", &self.inspiration2_content),
        ] {
            check.text(
                format!("{at}/{name}"),
                text,
                name.ends_with("title"),
                TEXT * 5,
            );
        }
        for (name, list) in [
            ("inspiration1_elements", &self.inspiration1_elements),
            ("inspiration2_elements", &self.inspiration2_elements),
        ] {
            for (place, text) in list.iter().enumerate() {
                check.text(format!("{at}/{name}/{place}"), text, false, TEXT);
            }
        }
    }
}
