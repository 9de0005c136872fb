//! How many sockets there are, how many of them are one person's, and how many are nobody's yet:
//! those have few places of their own, so that they take none from the people who signed in.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use entity::id::UserId;
use service::settings::Socket;

use crate::metrics::sockets::{Caller, Refused, close_one, open_one};

/// The sockets that are open.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Sockets(Arc<Mutex<Open>>);

#[derive(Debug, Default)]
struct Open {
    /// Those whose caller is known.
    all: usize,
    of: HashMap<UserId, usize>,
    /// Those whose caller is not known yet.
    unknown: usize,
    from: HashMap<IpAddr, usize>,
}

/// Whose a socket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Person(UserId),
    /// Nobody's yet, from an address.
    Unknown(IpAddr),
}

/// A place among the open sockets, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    sockets: Sockets,
    whose: Whose,
}

impl Sockets {
    /// A place for a socket of `person`, or of somebody from `address` who is not known yet.
    pub(super) fn enter(
        &self,
        person: Option<UserId>,
        address: Option<IpAddr>,
        limits: &Socket,
    ) -> Result<Place, Refused> {
        let whose = person.map_or_else(|| Whose::Unknown(network(address)), Whose::Person);
        self.open().take(whose, limits)?;
        Ok(Place {
            sockets: self.clone(),
            whose,
        })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn take(&mut self, whose: Whose, limits: &Socket) -> Result<(), Refused> {
        match whose {
            Whose::Person(_) if self.all >= limits.all => return Err(Refused::All),
            Whose::Person(person) => {
                if !add(&mut self.of, person, limits.each) {
                    return Err(Refused::Person);
                }
                self.all += 1;
            }
            Whose::Unknown(_) if self.unknown >= limits.unknown => return Err(Refused::Unknown),
            Whose::Unknown(address) => {
                if !add(&mut self.from, address, limits.address) {
                    return Err(Refused::Address);
                }
                self.unknown += 1;
            }
        }
        open_one(whose.caller());
        Ok(())
    }

    fn give_back(&mut self, whose: Whose) {
        match whose {
            Whose::Person(person) => {
                self.all -= 1;
                subtract(&mut self.of, &person);
            }
            Whose::Unknown(address) => {
                self.unknown -= 1;
                subtract(&mut self.from, &address);
            }
        }
        close_one(whose.caller());
    }
}

impl Whose {
    fn caller(self) -> Caller {
        match self {
            Self::Person(_) => Caller::Known,
            Self::Unknown(_) => Caller::Unknown,
        }
    }
}

impl Place {
    /// Say whose the socket is, if they may have one more.
    pub(super) fn belong(&mut self, person: UserId, limits: &Socket) -> Result<(), Refused> {
        let whose = Whose::Person(person);
        if self.whose != whose {
            let mut open = self.sockets.open();
            open.take(whose, limits)?;
            open.give_back(self.whose);
            drop(open);
            self.whose = whose;
        }
        Ok(())
    }

    /// Whether it is known whose it is.
    pub(super) fn is_known(&self) -> bool {
        matches!(self.whose, Whose::Person(_))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.sockets.open().give_back(self.whose);
    }
}

/// Count one more, unless there are `most`.
fn add<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: K, most: usize) -> bool {
    if most == 0 {
        return false;
    }
    let count = counts.entry(key).or_default();
    let free = *count < most;
    *count += usize::from(free);
    free
}

fn subtract<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

/// What counts as one address: of IPv6 the network that one line has.
fn network(address: Option<IpAddr>) -> IpAddr {
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V6(address)) => {
            let bits = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(bits))
        }
        Some(address) => address,
        None => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_given_back() {
        let limits = Socket {
            all: 2,
            each: 1,
            unknown: 3,
            address: 2,
            ..Socket::default()
        };
        let person = |number| UserId(uuid::Uuid::from_u128(number));
        let sockets = Sockets::default();
        let enter = |address: &str| {
            let address = address.parse().ok();
            sockets.enter(None, address, &limits)
        };
        let mut first = enter("2001:db8::1").unwrap();
        let mut second = enter("2001:db8::2").unwrap();
        assert_eq!(enter("2001:db8::3").unwrap_err(), Refused::Address);
        let mut third = enter("192.0.2.1").unwrap();
        assert_eq!(enter("192.0.2.2").unwrap_err(), Refused::Unknown);
        // Those who signed in are not kept out by them.
        let signed = sockets.enter(Some(person(9)), None, &limits).unwrap();
        assert!(signed.is_known() && !first.is_known());
        let again = sockets.enter(Some(person(9)), None, &limits);
        assert_eq!(again.unwrap_err(), Refused::Person);
        assert_eq!(first.belong(person(1), &limits), Ok(()));
        assert_eq!(second.belong(person(2), &limits), Err(Refused::All));
        drop(signed);
        assert_eq!(second.belong(person(1), &limits), Err(Refused::Person));
        assert_eq!(second.belong(person(2), &limits), Ok(()));
        drop(first);
        assert_eq!(third.belong(person(1), &limits), Ok(()));
        drop((second, third));
        let open = sockets.open();
        let counts = (open.all, open.of.len(), open.unknown, open.from.len());
        assert_eq!(counts, (0, 0, 0, 0));
    }
}
