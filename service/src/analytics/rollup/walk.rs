//! The way of a rebuild through all that is summed up, and where one that was broken off goes on.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use entity::id::ThreadId;

use super::compare::{self, Grain, Part};
use super::rebuild::{self, Missing, Progress, Report};
use super::sums::month_around;
use super::{DAY, active, packs, runs, stages, store};
use crate::ctx::Ctx;
use crate::error::Result;

/// How many threads are compared at once.
const PAGE: u64 = 500;

/// How far a rebuild is. Moments are seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Position {
    /// Days of tokens, from this one on.
    Days(Option<i64>),
    /// Threads after this one.
    Threads(Option<ThreadId>),
    /// Runs from this month on.
    Runs(Option<i64>),
    /// Stages from this day on.
    Stages(Option<i64>),
    /// Who was active.
    People,
}

impl Position {
    /// What it is called, and how much of the whole is done where that begins, in percent.
    const fn stage(self) -> (&'static str, u8) {
        match self {
            Self::Days(_) => ("days", 0),
            Self::Threads(_) => ("threads", 50),
            Self::Runs(_) => ("months of runs", 60),
            Self::Stages(_) => ("days of stages", 70),
            Self::People => ("people", 90),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = |moment: &Option<i64>| moment.map(|at| at.to_string()).unwrap_or_default();
        match self {
            Self::Days(from) => write!(f, "days {}", moment(from)),
            Self::Threads(after) => {
                let after = after.map(|id| id.to_string()).unwrap_or_default();
                write!(f, "threads {after}")
            }
            Self::Runs(from) => write!(f, "runs {}", moment(from)),
            Self::Stages(from) => write!(f, "stages {}", moment(from)),
            Self::People => write!(f, "people "),
        }
    }
}

impl FromStr for Position {
    type Err = ();

    fn from_str(text: &str) -> std::result::Result<Self, ()> {
        let (stage, at) = text.split_once(' ').ok_or(())?;
        let moment = || match at {
            "" => Ok(None),
            at => at.parse().map(Some).map_err(drop),
        };
        match stage {
            "days" => Ok(Self::Days(moment()?)),
            "threads" if at.is_empty() => Ok(Self::Threads(None)),
            "threads" => Ok(Self::Threads(Some(at.parse().map_err(drop)?))),
            "runs" => Ok(Self::Runs(moment()?)),
            "stages" => Ok(Self::Stages(moment()?)),
            "people" => Ok(Self::People),
            _ => Err(()),
        }
    }
}

/// A rebuild on its way.
pub(super) struct Walk<'a> {
    ctx: &'a Ctx,
    begun: DateTime<Utc>,
    check: bool,
    /// Whether it goes on where one was broken off, and says where it is for the next.
    keeps: bool,
    tell: &'a (dyn Fn(Progress) + Send + Sync),
    report: Report,
}

impl<'a> Walk<'a> {
    pub(super) fn begin(
        ctx: &'a Ctx,
        check: bool,
        keeps: bool,
        tell: &'a (dyn Fn(Progress) + Send + Sync),
    ) -> Self {
        let report = Report {
            mended: !check,
            ..Report::default()
        };
        Self {
            ctx,
            begun: ctx.now(),
            check,
            keeps,
            tell,
            report,
        }
    }

    pub(super) async fn finish(mut self) -> Result<Report> {
        let mut position = Position::Days(None);
        if self.keeps
            && let Some(state) = store::state(&self.ctx.read()?).await?
        {
            // What was proven before there were the others stays so.
            if state.built_at.is_some() {
                position = Position::Runs(None);
            }
            if let Some(came_to) = state.resume_from {
                position = came_to.parse().unwrap_or(position);
            }
        }
        loop {
            position = match position {
                Position::Days(from) => self.days(from).await?,
                Position::Threads(after) => self.threads(after).await?,
                Position::Runs(from) => self.runs(from).await?,
                Position::Stages(from) => self.stages(from).await?,
                Position::People => {
                    self.tell(position, 0, None);
                    let differences = &mut self.report.differences;
                    active::settle(self.ctx, self.check, differences).await?;
                    break;
                }
            };
            self.came_to(position).await?;
        }
        if !self.check {
            let tx = self.ctx.write().await?;
            store::hold(&tx).await?;
            packs::forget_all(&tx).await?;
            store::built(&tx).await?;
            store::advance(&tx, self.begun).await?;
            tx.commit().await?;
        }
        Ok(self.report)
    }

    fn tell(&self, position: Position, done: u64, all: Option<u64>) {
        let (stage, percent) = position.stage();
        // Of days it is known how many there are: they are the first half.
        let part = all.map_or(0, |all| done * 50 / all.max(1));
        (self.tell)(Progress {
            stage,
            done,
            all,
            percent: percent + u8::try_from(part).unwrap_or(50).min(50),
        });
    }

    async fn came_to(&self, position: Position) -> Result<()> {
        if !self.keeps {
            return Ok(());
        }
        let tx = self.ctx.write().await?;
        store::came_to(&tx, position.to_string()).await?;
        tx.commit().await
    }

    async fn days(&mut self, from: Option<i64>) -> Result<Position> {
        let engine = self.ctx.services.db.engine();
        let reader = self.ctx.read()?;
        let last = compare::edge(&reader, engine, None, true).await?;
        let first = compare::edge(&reader, engine, None, false).await?;
        let days = |from: i64, to: i64| u64::try_from((to - from) / DAY).unwrap_or_default();
        let all = first.zip(last).map(|(first, last)| days(first, last) + 1);
        let mut next = match from {
            Some(_) => compare::edge(&reader, engine, from, false).await?,
            None => first,
        };
        let mut missed = Missing::new();
        while let Some(day) = next {
            let done = days(first.unwrap_or(day), day);
            self.tell(Position::Days(next), done, all);
            let differences = &mut self.report.differences;
            let missing = rebuild::settle_day(self.ctx, day, self.check, differences).await?;
            for one in missing {
                *missed.entry(one.user_id).or_default() += one.amount();
            }
            self.report.days += 1;
            next = compare::edge(&self.ctx.read()?, engine, Some(day + DAY), false).await?;
            let month = Grain::UserMonths.around(day);
            if next.is_none_or(|next| next >= month.1) {
                let missing = std::mem::take(&mut missed);
                let differences = &mut self.report.differences;
                rebuild::settle_month(self.ctx, month, missing, self.check, differences).await?;
            }
            self.came_to(Position::Days(Some(day + DAY))).await?;
        }
        Ok(Position::Threads(None))
    }

    async fn threads(&mut self, mut after: Option<ThreadId>) -> Result<Position> {
        loop {
            self.tell(Position::Threads(after), self.report.threads, None);
            let page = compare::thread_page(&self.ctx.read()?, after, PAGE).await?;
            let whole = page.len() as u64 == PAGE;
            // The last part has no end: it has what is younger than the page as well.
            let end = page.last().copied().filter(|_| whole);
            let part = Part::Threads(after, end);
            let differences = &mut self.report.differences;
            rebuild::settle_threads(self.ctx, part, self.check, differences).await?;
            self.report.threads += page.len() as u64;
            if !whole {
                return Ok(Position::Runs(None));
            }
            after = end;
            self.came_to(Position::Threads(after)).await?;
        }
    }

    async fn runs(&mut self, mut from: Option<i64>) -> Result<Position> {
        loop {
            self.tell(Position::Runs(from), self.report.run_months, None);
            let differences = &mut self.report.differences;
            let next = runs::settle(self.ctx, from, self.check, differences).await?;
            let Some(next) = next else {
                return Ok(Position::Stages(None));
            };
            self.report.run_months += 1;
            from = Some(next);
            self.came_to(Position::Runs(from)).await?;
        }
    }

    async fn stages(&mut self, mut from: Option<i64>) -> Result<Position> {
        // The day that was last, and what its month lacks so far.
        let mut before: Option<(i64, stages::Missing)> = None;
        loop {
            self.tell(Position::Stages(from), self.report.stage_days, None);
            let differences = &mut self.report.differences;
            let next = stages::settle_day(self.ctx, from, self.check, differences).await?;
            let (day, mut missing) = match next {
                Some((end, missing)) => (Some(end - DAY), missing),
                None => (None, stages::Missing::new()),
            };
            if let Some((last, missed)) = before.take() {
                if day.is_some_and(|day| day < month_around(last).1) {
                    missing.extend(missed);
                } else {
                    let differences = &mut self.report.differences;
                    stages::settle_month(self.ctx, last, missed, self.check, differences).await?;
                }
            }
            let Some(day) = day else {
                return Ok(Position::People);
            };
            self.report.stage_days += 1;
            from = Some(day + DAY);
            before = Some((day, missing));
            // The month comes last: whoever goes on begins with its last day again.
            self.came_to(Position::Stages(Some(day))).await?;
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_position_is_read_as_it_was_written() {
        for position in [
            Position::Days(None),
            Position::Days(Some(-DAY)),
            Position::Threads(None),
            Position::Threads(Some(ThreadId(Uuid::from_u128(7)))),
            Position::Runs(None),
            Position::Runs(Some(DAY)),
            Position::Stages(None),
            Position::Stages(Some(DAY)),
            Position::People,
        ] {
            assert_eq!(position.to_string().parse(), Ok(position));
        }
        for other in ["", "days", "days x", "threads 7", "years "] {
            assert_eq!(other.parse::<Position>(), Err(()), "{other}");
        }
    }
}
