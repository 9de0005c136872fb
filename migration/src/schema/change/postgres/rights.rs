//! Who may do what: what is made anew has lost it.

use super::super::super::difference::{granted_on, is_on};
use super::super::super::name::unquoted;
use super::Plan;

impl Plan<'_> {
    pub(super) fn give_rights(&mut self) {
        for (what, rights) in &self.to.grants {
            let is_new = self.is_made(granted_on(what));
            let known = self.from.grants.get(what).filter(|_| !is_new);
            if known == Some(rights) {
                continue;
            }
            let (object, role) = (granted_on(what), role(what));
            if known.is_some() || rights.is_empty() {
                self.push(format!("REVOKE ALL ON {object} FROM {role}"));
            }
            let (more, plain): (Vec<&str>, Vec<&str>) = rights
                .split(", ")
                .filter(|right| !right.is_empty())
                .partition(|right| right.ends_with('*'));
            for (rights, option) in [(plain, ""), (more, " WITH GRANT OPTION")] {
                if !rights.is_empty() {
                    let rights = rights.join(", ").replace('*', "");
                    self.push(format!("GRANT {rights} ON {object} TO {role}{option}"));
                }
            }
        }
        let lost = self.lost();
        for what in self.from.grants.clone().into_keys() {
            let object = granted_on(&what);
            let is_lost = lost.iter().any(|one| is_on(one, object)) || self.is_made(object);
            if is_lost || self.to.grants.contains_key(&what) {
                continue;
            }
            let role = role(&what);
            let usual = match object.split(' ').next() {
                Some("FUNCTION" | "PROCEDURE") if role == "PUBLIC" => Some("EXECUTE"),
                Some("TYPE") if role == "PUBLIC" => Some("USAGE"),
                _ => None,
            };
            self.push(format!("REVOKE ALL ON {object} FROM {role}"));
            if let Some(right) = usual {
                self.push(format!("GRANT {right} ON {object} TO {role}"));
            }
        }
    }

    /// Whether the object is new, or made anew.
    fn is_made(&self, object: &str) -> bool {
        let name = object.split_once(' ').map_or(object, |(_, name)| name);
        self.touched.contains(name) || self.touched.contains(&unquoted(name))
    }
}

fn role(what: &str) -> &str {
    what.rsplit_once(" TO ").map_or("PUBLIC", |(_, role)| role)
}
