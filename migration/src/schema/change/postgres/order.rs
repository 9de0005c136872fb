//! What is made of what comes after it.

use super::super::super::rename::mentions;

/// Something that is made or dropped: what it is called, and the text that says what it is made of.
pub(super) struct Thing<T> {
    pub(super) what: T,
    pub(super) name: String,
    pub(super) text: String,
}

/// `things` in such an order that each comes after those that its text mentions; the order that they
/// have where none mentions the other, or each the other.
pub(super) fn bottom_up<T>(things: Vec<Thing<T>>) -> Vec<T> {
    let over = |one: &Thing<T>, other: &Thing<T>| {
        one.name != other.name && mentions(&one.text, &other.name)
    };
    let under: Vec<Vec<usize>> = things
        .iter()
        .map(|one| {
            let others = things.iter().enumerate();
            let under = others.filter(|(_, other)| over(one, other));
            under.map(|(at, _)| at).collect()
        })
        .collect();
    let mut is_left = vec![true; things.len()];
    let mut things: Vec<Option<T>> = things.into_iter().map(|one| Some(one.what)).collect();
    let mut order = Vec::new();
    loop {
        let left = || (0..is_left.len()).filter(|at| is_left[*at]);
        let free = left().find(|at| !under[*at].iter().any(|other| is_left[*other]));
        let Some(at) = free.or_else(|| left().next()) else {
            return order;
        };
        is_left[at] = false;
        order.extend(things[at].take());
    }
}
