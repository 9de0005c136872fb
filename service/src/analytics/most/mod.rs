//! Who spent most, of everybody, over a time. Buckets that are over are read packed, a row for all
//! people; the rest, with what is not folded yet, person by person.

mod store;

use entity::Scope;
use entity::id::UserId;
use uuid::Uuid;

use super::cover::{PEOPLE, Stretch, cover};
use super::store::Row;
use super::token_usage::{Dimension, Question};
use super::varint::{read_signed, write_signed};
use crate::db::Reader;
use crate::error::{Error, Result};

/// What a pack begins with.
const VERSION: u8 = 1;

/// People in the order of their ids, with their tokens.
type People = Vec<(Uuid, i64)>;

/// People and their tokens as bytes.
pub(super) fn pack(people: &[(UserId, i64)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1 + people.len() * 20);
    bytes.push(VERSION);
    for (user, tokens) in people {
        bytes.extend_from_slice(user.0.as_bytes());
        write_signed(&mut bytes, *tokens);
    }
    bytes
}

/// From bytes; `None`, where they are none of ours.
fn unpack(bytes: &[u8]) -> Option<People> {
    let (version, mut rest) = bytes.split_first()?;
    if *version != VERSION {
        return None;
    }
    let mut people = People::with_capacity(rest.len() / 18);
    while !rest.is_empty() {
        let (user, more) = rest.split_first_chunk()?;
        rest = more;
        people.push((Uuid::from_bytes(*user), read_signed(&mut rest)?));
    }
    Some(people)
}

/// Both, added up: as long a way as both are.
fn merged(one: People, other: People, sign: i64) -> People {
    let mut all = People::with_capacity(one.len().max(other.len()));
    let (mut one, mut other) = (one.into_iter().peekable(), other.into_iter().peekable());
    loop {
        let next = match (one.peek(), other.peek()) {
            (Some((a, _)), Some((b, _))) => a.cmp(b),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (None, None) => return all,
        };
        let mut tokens = 0_i64;
        let mut user = Uuid::nil();
        if next.is_le()
            && let Some((who, some)) = one.next()
        {
            user = who;
            tokens += some;
        }
        if next.is_ge()
            && let Some((who, some)) = other.next()
        {
            user = who;
            tokens = tokens.wrapping_add(some.wrapping_mul(sign));
        }
        all.push((user, tokens));
    }
}

/// The people who spent most, and all others as one; `None`, where another way is to be gone.
pub(super) async fn tokens(
    reader: &Reader,
    scope: Scope,
    question: &Question,
) -> Result<Option<Vec<Row>>> {
    if scope != Scope::Everyone || question.group_by != [Dimension::User] || question.cost {
        return Ok(None);
    }
    let whole = Stretch {
        at: 0,
        from: question.range.from.timestamp(),
        to: question.range.to.timestamp(),
        minus: false,
    };
    let pieces = cover(PEOPLE, &[whole], &[]);
    let Some(parts) = store::parts(reader, &pieces, whole).await? else {
        return Ok(None);
    };
    let mut all = People::new();
    for (sign, packed) in parts.packs {
        let people = unpack(&packed).ok_or_else(|| Error::internal("a pack is none".to_owned()))?;
        all = merged(all, people, sign);
    }
    let mut loose = parts.people;
    loose.sort_unstable_by_key(|(user, _)| *user);
    let mut once = People::with_capacity(loose.len());
    for (user, tokens) in loose {
        match once.last_mut() {
            Some((last, sum)) if *last == user => *sum = sum.wrapping_add(tokens),
            _ => once.push((user, tokens)),
        }
    }
    all = merged(all, once, 1);
    // Who only appears in what is taken off spent nothing.
    all.retain(|(_, tokens)| *tokens != 0);
    Ok(Some(ranked(all, question.top)))
}

/// The first of them by what they spent, and the rest as one.
fn ranked(mut all: People, top: usize) -> Vec<Row> {
    let order = |(a, most): &(Uuid, i64), (b, least): &(Uuid, i64)| least.cmp(most).then(a.cmp(b));
    if top < all.len() {
        all.select_nth_unstable_by(top, order);
    }
    let row = |tokens, user: Option<Uuid>| Row {
        stretch: 0,
        tokens,
        price: None,
        others: Some(i32::from(user.is_none())),
        model: None,
        task: None,
        kind: None,
        user_id: user.map(UserId),
    };
    let some = top.min(all.len());
    let (first, rest) = all.split_at_mut(some);
    first.sort_unstable_by(order);
    let mut rows: Vec<Row> = first
        .iter()
        .map(|(user, tokens)| row(*tokens, Some(*user)))
        .collect();
    if !rest.is_empty() {
        let others: i128 = rest.iter().map(|(_, tokens)| i128::from(*tokens)).sum();
        rows.push(row(i64::try_from(others).unwrap_or(i64::MAX), None));
    }
    rows
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn people() -> impl Strategy<Value = BTreeMap<u8, i64>> {
        prop::collection::btree_map(any::<u8>(), -1_000_000_i64..1_000_000_000, 0..60)
    }

    fn listed(people: &BTreeMap<u8, i64>) -> People {
        let one = |(user, tokens): (&u8, &i64)| (Uuid::from_u128(u128::from(*user)), *tokens);
        people.iter().map(one).collect()
    }

    proptest! {
        #[test]
        fn packs_add_up(one in people(), other in people(), top in 1_usize..20) {
            let ids: Vec<(UserId, i64)> =
                listed(&one).into_iter().map(|(user, tokens)| (UserId(user), tokens)).collect();
            prop_assert_eq!(unpack(&pack(&ids)), Some(listed(&one)));
            let all = merged(listed(&one), listed(&other), -1);
            let mut sums = one;
            for (user, tokens) in &other {
                *sums.entry(*user).or_default() -= tokens;
            }
            prop_assert_eq!(&all, &listed(&sums));
            let rows = ranked(all, top);
            let whole: i64 = rows.iter().map(|row| row.tokens).sum();
            prop_assert_eq!(whole, sums.values().sum::<i64>());
            let mut order = listed(&sums);
            order.sort_by(|(a, most), (b, least)| least.cmp(most).then(a.cmp(b)));
            for (row, (user, tokens)) in rows.iter().take(top).zip(order) {
                prop_assert_eq!((row.user_id, row.tokens), (Some(UserId(user)), tokens));
            }
        }
    }

    #[test]
    fn bytes_that_are_none_of_ours_are_refused() {
        assert_eq!(unpack(&[]), None);
        assert_eq!(unpack(&[7]), None);
        assert_eq!(unpack(&[VERSION, 1, 2, 3]), None);
        assert_eq!(unpack(&[VERSION]), Some(People::new()));
    }
}
