//! Which rollups answer for a stretch of time: the coarsest that fit between its edges, finer ones for
//! what is left. Of a month that is asked for in the larger part, the smaller part is taken off.

use super::rollup::{DAY, HOUR, QUARTER, month_around};

/// A rollup that may answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// Its table.
    pub table: &'static str,
    /// The column that says when.
    pub column: &'static str,
    /// How long its buckets are.
    pub unit: Unit,
    /// The column that says how many tokens.
    pub tokens: &'static str,
}

/// How long the buckets of a rollup are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Quarter,
    Hour,
    Day,
    Month,
}

impl Unit {
    /// The seconds of a bucket; of the last day of it, where they differ.
    pub(super) const fn seconds(self) -> i64 {
        match self {
            Self::Quarter => QUARTER,
            Self::Hour => HOUR,
            Self::Day | Self::Month => DAY,
        }
    }

    /// Whether its column is a date.
    pub(super) const fn is_date(self) -> bool {
        matches!(self, Self::Day | Self::Month)
    }

    /// The first edge at or after a moment, and the last at or before another.
    fn within(self, from: i64, to: i64) -> (i64, i64) {
        if self == Self::Month {
            let (first, next) = month_around(from);
            let first = if first == from { first } else { next };
            return (first, month_around(to).0);
        }
        let seconds = self.seconds();
        (
            from + (-from).rem_euclid(seconds),
            to - to.rem_euclid(seconds),
        )
    }
}

/// What tells apart everybody's tokens, the coarsest first.
pub(super) const EVERYBODY: &[Source] = &[
    source("token_day_rollups", "day", Unit::Day, "count"),
    source("token_hour_rollups", "bucket_start", Unit::Hour, "count"),
    source("token_rollups", "bucket_start", Unit::Quarter, "count"),
];
/// What tells people apart, and not what their tokens were; the coarsest first.
pub(super) const PEOPLE: &[Source] = &[
    source("user_month_rollups", "month", Unit::Month, "tokens"),
    source("user_day_rollups", "day", Unit::Day, "tokens"),
    source("token_user_rollups", "bucket_start", Unit::Quarter, "count"),
];
/// What tells apart people and what their tokens were.
pub(super) const PEOPLE_TOLD: &[Source] = &[source(
    "token_user_rollups",
    "bucket_start",
    Unit::Quarter,
    "count",
)];
/// What is not in the rollups yet.
pub(super) const OPEN: Source = source("token_deltas", "bucket_start", Unit::Quarter, "count");

const fn source(
    table: &'static str,
    column: &'static str,
    unit: Unit,
    tokens: &'static str,
) -> Source {
    Source {
        table,
        column,
        unit,
        tokens,
    }
}

/// A stretch of time that counts towards one bucket of the answer (in seconds since 1970).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    /// The bucket.
    pub at: i64,
    pub from: i64,
    pub to: i64,
    /// Whether it is taken off, and not added.
    pub minus: bool,
}

/// A rollup, and the stretches of it that are read, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub source: Source,
    pub stretches: Vec<Stretch>,
}

impl Piece {
    /// The whole of it and the length of a stretch, where all are as long and without gaps.
    pub(super) fn even(&self) -> Option<(Stretch, i64)> {
        let (first, last) = (*self.stretches.first()?, *self.stretches.last()?);
        let length = first.to - first.from;
        let follows = |pair: &[Stretch]| {
            let [one, next] = pair else { return false };
            let alike = one.minus == next.minus && next.to - next.from == length;
            alike && one.to == next.from && one.at + 1 == next.at
        };
        let whole = Stretch {
            to: last.to,
            ..first
        };
        let even = self.stretches.windows(2).all(follows);
        even.then_some((whole, length))
    }
}

/// Which stretches of which `sources` (the coarsest first) make up `stretches`: no bucket of a rollup
/// lies across an edge, or across one of the `cuts` (in order).
pub(super) fn cover(sources: &[Source], stretches: &[Stretch], cuts: &[i64]) -> Vec<Piece> {
    let piece = |source: &Source| Piece {
        source: *source,
        stretches: Vec::new(),
    };
    let mut pieces: Vec<Piece> = sources.iter().map(piece).collect();
    for stretch in stretches {
        let mut from = stretch.from;
        let inner = cuts.iter().copied();
        let inner = inner.filter(|cut| stretch.from < *cut && *cut < stretch.to);
        for to in inner.chain([stretch.to]) {
            fill(
                &mut pieces,
                Stretch {
                    from,
                    to,
                    ..*stretch
                },
            );
            from = to;
        }
    }
    pieces.retain(|piece| !piece.stretches.is_empty());
    pieces
}

fn fill(pieces: &mut [Piece], stretch: Stretch) {
    let Some((piece, finer)) = pieces.split_first_mut() else {
        return;
    };
    let Stretch { from, to, .. } = stretch;
    if from >= to {
        return;
    }
    let unit = piece.source.unit;
    // The finest answers for whatever is left.
    let (first, last) = match (finer.is_empty(), unit) {
        (true, _) => (from, to),
        (false, Unit::Month) => months(from, to),
        (false, _) => unit.within(from, to),
    };
    if first >= last {
        return fill(finer, stretch);
    }
    // What lies between the edges of both: too little, or too much.
    for (less, more) in [(from, first), (last, to)] {
        let between = if less <= more {
            Stretch {
                from: less,
                to: more,
                ..stretch
            }
        } else {
            Stretch {
                from: more,
                to: less,
                minus: !stretch.minus,
                ..stretch
            }
        };
        fill(finer, between);
    }
    match piece.stretches.last_mut() {
        Some(before)
            if before.at == stretch.at && before.minus == stretch.minus && before.to == first =>
        {
            before.to = last;
        }
        _ => piece.stretches.push(Stretch {
            from: first,
            to: last,
            ..stretch
        }),
    }
}

/// The months that are the most of a stretch, by the edges that are nearest to its own.
fn months(from: i64, to: i64) -> (i64, i64) {
    let (begun, next) = month_around(from);
    let first = if from - begun < next - from {
        begun
    } else {
        next
    };
    let (begun, next) = month_around(to);
    let last = if next - to < to - begun { next } else { begun };
    // Less than half a month is its days.
    if to - from < (last - first) / 2 {
        (to, from)
    } else {
        (first, last)
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<DateTime<Utc>>().unwrap().timestamp()
    }

    fn stretch(bucket: i64, from: &str, to: &str) -> Stretch {
        Stretch {
            at: bucket,
            from: at(from),
            to: at(to),
            minus: false,
        }
    }

    fn minus(from: &str, to: &str) -> Stretch {
        Stretch {
            minus: true,
            ..stretch(0, from, to)
        }
    }

    /// By table, the stretches.
    fn told(pieces: &[Piece]) -> Vec<(&'static str, Vec<Stretch>)> {
        let told = |piece: &Piece| (piece.source.table, piece.stretches.clone());
        pieces.iter().map(told).collect()
    }

    #[test]
    fn whole_days_then_hours_then_quarters() {
        let range = stretch(0, "2026-03-01T22:30:00Z", "2026-03-05T01:00:00Z");
        let pieces = cover(EVERYBODY, &[range], &[]);
        assert_eq!(
            told(&pieces),
            [
                (
                    "token_day_rollups",
                    vec![stretch(0, "2026-03-02T00:00:00Z", "2026-03-05T00:00:00Z")]
                ),
                (
                    "token_hour_rollups",
                    vec![
                        stretch(0, "2026-03-01T23:00:00Z", "2026-03-02T00:00:00Z"),
                        stretch(0, "2026-03-05T00:00:00Z", "2026-03-05T01:00:00Z"),
                    ]
                ),
                (
                    "token_rollups",
                    vec![stretch(0, "2026-03-01T22:30:00Z", "2026-03-01T23:00:00Z")]
                ),
            ]
        );
    }

    #[test]
    fn months_of_people() {
        let range = stretch(0, "2026-01-31T00:00:00Z", "2026-04-02T00:00:00Z");
        let pieces = cover(PEOPLE, &[range], &[]);
        assert_eq!(
            told(&pieces),
            [
                (
                    "user_month_rollups",
                    vec![stretch(0, "2026-02-01T00:00:00Z", "2026-04-01T00:00:00Z")]
                ),
                (
                    "user_day_rollups",
                    vec![
                        stretch(0, "2026-01-31T00:00:00Z", "2026-02-01T00:00:00Z"),
                        stretch(0, "2026-04-01T00:00:00Z", "2026-04-02T00:00:00Z"),
                    ]
                ),
            ]
        );
    }

    #[test]
    fn the_smaller_part_of_a_month_is_taken_off() {
        let range = stretch(0, "2026-01-05T06:00:00Z", "2026-04-25T00:00:00Z");
        let pieces = cover(PEOPLE, &[range], &[]);
        assert_eq!(
            told(&pieces),
            [
                (
                    "user_month_rollups",
                    vec![stretch(0, "2026-01-01T00:00:00Z", "2026-05-01T00:00:00Z")]
                ),
                (
                    "user_day_rollups",
                    vec![
                        minus("2026-01-01T00:00:00Z", "2026-01-05T00:00:00Z"),
                        minus("2026-04-25T00:00:00Z", "2026-05-01T00:00:00Z"),
                    ]
                ),
                (
                    "token_user_rollups",
                    vec![minus("2026-01-05T00:00:00Z", "2026-01-05T06:00:00Z")]
                ),
            ]
        );
        // A few days in the middle of a month, or over its edge, are days.
        for (from, to) in [
            ("2026-01-03T00:00:00Z", "2026-01-29T00:00:00Z"),
            ("2026-01-10T00:00:00Z", "2026-01-20T00:00:00Z"),
            ("2026-01-30T00:00:00Z", "2026-02-02T00:00:00Z"),
        ] {
            let pieces = cover(PEOPLE, &[stretch(0, from, to)], &[]);
            let all = pieces.iter().flat_map(|piece| &piece.stretches);
            let signed = |one: &Stretch| (one.to - one.from) * if one.minus { -1 } else { 1 };
            assert_eq!(all.map(signed).sum::<i64>(), at(to) - at(from), "{from}");
        }
    }

    #[test]
    fn days_of_another_zone_are_hours() {
        let days: Vec<Stretch> = (0..3)
            .map(|day| Stretch {
                at: day,
                from: at("2026-03-01T15:00:00Z") + day * DAY,
                to: at("2026-03-02T15:00:00Z") + day * DAY,
                minus: false,
            })
            .collect();
        let pieces = cover(EVERYBODY, &days, &[]);
        assert_eq!(told(&pieces), [("token_hour_rollups", days)]);
        let whole = stretch(0, "2026-03-01T15:00:00Z", "2026-03-04T15:00:00Z");
        assert_eq!(pieces[0].even(), Some((whole, DAY)));
        // One of them is longer.
        let mut uneven = pieces[0].clone();
        uneven.stretches[2].to += HOUR;
        assert_eq!(uneven.even(), None);
    }

    #[test]
    fn what_a_cut_goes_through_is_read_from_finer_ones() {
        let range = stretch(0, "2026-03-01T00:00:00Z", "2026-03-04T00:00:00Z");
        let pieces = cover(EVERYBODY, &[range], &[at("2026-03-02T10:45:00Z")]);
        let days = vec![
            stretch(0, "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"),
            stretch(0, "2026-03-03T00:00:00Z", "2026-03-04T00:00:00Z"),
        ];
        assert_eq!(told(&pieces)[0], ("token_day_rollups", days));
        let quarters = vec![stretch(0, "2026-03-02T10:00:00Z", "2026-03-02T11:00:00Z")];
        assert_eq!(told(&pieces)[2], ("token_rollups", quarters));
        let all: i64 = pieces
            .iter()
            .flat_map(|piece| &piece.stretches)
            .map(|stretch| stretch.to - stretch.from)
            .sum();
        assert_eq!(all, 3 * DAY, "nothing twice, and nothing left out");
    }
}
