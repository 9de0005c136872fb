//! Where the store has what: a whole file, and the parts of one that is still to come.

use crate::chance::{Chance, bytes};

/// The folder of whole files.
pub(super) const FILES: &str = "files";
/// The folder of parts.
pub(super) const PARTS: &str = "parts";

/// A fresh key. It is chance alone, so that no name of a caller's ever is one.
pub(super) fn fresh(chance: &dyn Chance) -> String {
    hex::encode(bytes::<16>(chance))
}

/// Where the whole file is.
pub(crate) fn file(key: &str) -> String {
    // Some folders rather than one: directories grow slow with their files.
    format!("{FILES}/{}/{key}", &key[..2.min(key.len())])
}

/// The folder of the parts of a file.
pub(super) fn parts(key: &str) -> String {
    format!("{PARTS}/{key}")
}

/// Where a part is that begins at `offset`. Two writers of one place never share it.
pub(super) fn part(key: &str, offset: i64, chance: &dyn Chance) -> String {
    format!(
        "{PARTS}/{key}/{offset:016}-{}",
        hex::encode(bytes::<8>(chance))
    )
}

/// The file's key that the place of a whole file or of a part is of; none where it is no place of
/// ours.
pub(super) fn of(place: &str) -> Option<&str> {
    let mut words = place.split('/');
    let key = match (words.next()?, words.next()?, words.next()?) {
        (FILES, folder, key) if key.starts_with(folder) => key,
        (PARTS, key, _) => key,
        _ => return None,
    };
    let ours = key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit());
    (ours && words.next().is_none()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::SeededChance;

    #[test]
    fn a_place_tells_its_key() {
        let chance = SeededChance::new(1);
        let key = fresh(&chance);
        assert_eq!(of(&file(&key)), Some(key.as_str()));
        assert_eq!(of(&part(&key, 7, &chance)), Some(key.as_str()));
        assert!(part(&key, 7, &chance).starts_with(&parts(&key)));
        for other in ["probe/x", "files/ab/short", "parts/x", "files/ab/cd/ef", ""] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
