//! What a record may be: the same on every backend, and checked before one is asked.

use std::collections::BTreeSet;

use super::{Change, Kind, Write};
use crate::error::StoreError;
use crate::millis::Millis;

const MAX_KIND: usize = 32;
const MAX_ID: usize = 512;
const MAX_VALUE: usize = 1 << 20;
const MAX_WRITES: usize = 1000;
const MAX_VALUES: usize = 16 << 20;
/// The last time that databases can keep.
const MAX_TIME: Millis = Millis::MAX / 2;

/// Checks the kind of a record.
pub(crate) fn check_kind(kind: Kind) -> Result<(), StoreError> {
    let letters = kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    allow(letters && (1..=MAX_KIND).contains(&kind.len()), "a kind has 1 to 32 lower case letters and `-`")
}

/// Checks the id of a record, or an owner.
pub(crate) fn check_id(id: &str) -> Result<(), StoreError> {
    allow(!id.is_empty(), "an id or owner is empty")?;
    check_after(id)
}

/// Checks the id that a list begins behind.
pub(crate) fn check_after(after: &str) -> Result<(), StoreError> {
    allow(after.len() <= MAX_ID, "an id or owner has more than 512 bytes")?;
    allow(!after.contains('\0'), "an id or owner has a NUL character")
}

/// Checks the changes of a commit.
pub(crate) fn check_writes(writes: &[Write]) -> Result<(), StoreError> {
    allow(writes.len() <= MAX_WRITES, "a commit has more than 1000 changes")?;
    let mut named = BTreeSet::new();
    let mut values = 0;
    for write in writes {
        check_kind(write.kind)?;
        check_id(&write.id)?;
        allow(named.insert((write.kind, &write.id)), "a commit changes a record twice")?;
        if let Change::Put { owner, expires_at, value } = &write.change {
            owner.as_deref().map_or(Ok(()), check_id)?;
            allow(expires_at.is_none_or(|time| time <= MAX_TIME), "a record expires in more than 2^63 ms")?;
            allow(value.len() <= MAX_VALUE, "a value has more than 1 MiB")?;
            values += value.len();
            allow(values <= MAX_VALUES, "the values of a commit have more than 16 MiB")?;
            allow(!value.contains('\0'), "a value has a NUL character")?;
        }
    }
    Ok(())
}

fn allow(within: bool, bound: &'static str) -> Result<(), StoreError> {
    if within { Ok(()) } else { Err(StoreError::OutOfBounds(bound)) }
}

#[cfg(test)]
mod tests {
    use super::super::Expected;
    use super::*;

    fn put(kind: Kind, id: &str, owner: Option<&str>, expires_at: Option<Millis>, value: &str) -> Write {
        let change = Change::Put { owner: owner.map(str::to_owned), expires_at, value: value.into() };
        Write { kind, id: id.into(), expected: Expected::Any, change }
    }

    #[test]
    fn records_within_the_bounds_are_allowed_and_others_are_not() {
        let long = "x".repeat(512);
        let longer = "x".repeat(513);
        let large = "1".repeat(1 << 20);
        let larger = "1".repeat((1 << 20) + 1);
        let allowed = [
            put("user", "a", None, None, "{}"),
            put("refresh-family", &long, Some(&long), Some(MAX_TIME), &large),
            put("abcdefghijklmnopqrstuvwxyzabcdef", "ü \u{1}\n\u{10ffff}", Some("'"), Some(0), ""),
        ];
        for write in allowed {
            assert_eq!(check_writes(&[write]), Ok(()));
        }
        let refused = [
            put("", "a", None, None, "{}"),
            put("User", "a", None, None, "{}"),
            put("user\0", "a", None, None, "{}"),
            put("abcdefghijklmnopqrstuvwxyzabcdefg", "a", None, None, "{}"),
            put("user", "", None, None, "{}"),
            put("user", &longer, None, None, "{}"),
            put("user", "a\0", None, None, "{}"),
            put("user", "a", Some(""), None, "{}"),
            put("user", "a", Some(&longer), None, "{}"),
            put("user", "a", Some("\0"), None, "{}"),
            put("user", "a", None, Some(MAX_TIME + 1), "{}"),
            put("user", "a", None, None, "\"\0\""),
            put("user", "a", None, None, &larger),
        ];
        for write in refused {
            let Err(StoreError::OutOfBounds(_)) = check_writes(std::slice::from_ref(&write)) else {
                panic!("{write:?} should be refused");
            };
        }
    }

    #[test]
    fn a_commit_has_a_bounded_number_of_changes_and_names_each_record_once() {
        let many = |count: usize| (0..count).map(|id| put("user", &id.to_string(), None, None, "{}"));
        assert_eq!(check_writes(&[]), Ok(()));
        assert_eq!(check_writes(&many(1000).collect::<Vec<_>>()), Ok(()));
        assert!(check_writes(&many(1001).collect::<Vec<_>>()).is_err());
        let twice = [put("user", "a", None, None, "1"), put("user", "a", None, None, "2")];
        assert!(check_writes(&twice).is_err());
        let large = "1".repeat(1 << 20);
        let megabytes = |count: usize| {
            (0..count).map(|id| put("user", &id.to_string(), None, None, &large)).collect::<Vec<_>>()
        };
        assert_eq!(check_writes(&megabytes(16)), Ok(()));
        assert!(check_writes(&megabytes(17)).is_err());
        let neighbours = [put("user", "a", None, None, "1"), put("session", "a", None, None, "2")];
        assert_eq!(check_writes(&neighbours), Ok(()));
    }
}
