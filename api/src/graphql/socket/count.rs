//! How many sockets there are, and how many of them are one person's.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use entity::id::UserId;
use service::settings::Socket;

/// The sockets that are open.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Sockets(Arc<Mutex<Open>>);

#[derive(Debug, Default)]
struct Open {
    all: usize,
    of: HashMap<UserId, usize>,
}

/// A place among the open sockets, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    sockets: Sockets,
    person: Option<UserId>,
}

impl Sockets {
    /// A place for a socket whose caller is not known yet; nothing where there are too many.
    pub(super) fn enter(&self, limits: &Socket) -> Option<Place> {
        let mut open = self.open();
        if open.all >= limits.all {
            return None;
        }
        open.all += 1;
        Some(Place {
            sockets: self.clone(),
            person: None,
        })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Say whose the socket is; whether they may have one more.
    pub(super) fn belong(&mut self, person: UserId, limits: &Socket) -> bool {
        let mut open = self.sockets.open();
        let count = open.of.entry(person).or_default();
        if *count >= limits.each {
            return false;
        }
        *count += 1;
        drop(open);
        self.person = Some(person);
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.sockets.open();
        open.all -= 1;
        if let Some(person) = self.person
            && let Some(count) = open.of.get_mut(&person)
        {
            *count -= 1;
            if *count == 0 {
                open.of.remove(&person);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_given_back() {
        let limits = Socket {
            all: 3,
            each: 1,
            ..Socket::default()
        };
        let person = |number| UserId(uuid::Uuid::from_u128(number));
        let sockets = Sockets::default();
        let mut first = sockets.enter(&limits).unwrap();
        let mut second = sockets.enter(&limits).unwrap();
        let third = sockets.enter(&limits).unwrap();
        assert!(sockets.enter(&limits).is_none());
        assert!(first.belong(person(1), &limits));
        assert!(!second.belong(person(1), &limits));
        assert!(second.belong(person(2), &limits));
        drop((first, third));
        let mut again = sockets.enter(&limits).unwrap();
        assert!(again.belong(person(1), &limits));
        drop((second, again));
        let open = sockets.open();
        assert_eq!((open.all, open.of.len()), (0, 0));
    }
}
