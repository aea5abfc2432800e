//! One caller.

use store::StoreError;
use store::records::{Change, Committed, Expected, Record, Write};

use super::{Backends, NOW, delete, ids, put, put_of, write};

use Expected::{Absent, Any, Version};

#[tokio::test]
async fn a_record_is_read_as_it_was_written() {
    let backends = Backends::start().await;
    let long = "ü".repeat(256);
    let large = format!("\"{}\"", "x".repeat((1 << 20) - 2));
    let cases = [
        ("user", "7", None, None, "{}"),
        ("refresh-family", long.as_str(), Some(long.as_str()), Some(NOW + 1), large.as_str()),
        (
            "abcdefghijklmnopqrstuvwxyzabcdef",
            "\u{10ffff} ' \\ % \n\u{1}",
            Some("'; --"),
            Some(u64::MAX / 2),
            "\"\\u0000\"",
        ),
        ("user", " ", Some("İi"), None, ""),
    ];
    for records in backends.open() {
        for (kind, id, owner, expires_at, value) in cases {
            assert_eq!(records.get(kind, id, NOW).await.unwrap(), None);
            write(&*records, vec![put_of(kind, id, Absent, owner, expires_at, value)]).await;
            let found = records.get(kind, id, NOW).await.unwrap().unwrap();
            let changed_at = found.changed_at;
            let (id, owner, value) = (id.to_owned(), owner.map(str::to_owned), value.to_owned());
            let expected = Record { id, version: 1, owner, expires_at, changed_at, value };
            assert!(found == expected, "{records:?} {kind}");
            assert!(changed_at >= NOW, "{records:?}");
        }
        assert_eq!(records.get("session", "7", NOW).await.unwrap(), None, "{records:?}: of another kind");
    }
}

#[tokio::test]
async fn a_commit_happens_if_what_is_there_is_as_expected() {
    let backends = Backends::start().await;
    // What is there (its version, and whether it has expired), what is expected, and the version afterwards; nothing if
    // that is a conflict.
    let cases = [
        (None, Absent, Some(1)),
        (None, Any, Some(1)),
        (None, Version(1), None),
        (None, Version(0), None),
        (Some((1, false)), Absent, None),
        (Some((1, false)), Any, Some(2)),
        (Some((1, false)), Version(1), Some(2)),
        (Some((3, false)), Version(3), Some(4)),
        (Some((3, false)), Version(2), None),
        (Some((3, false)), Version(4), None),
        (Some((3, false)), Version(u64::MAX), None),
        (Some((3, true)), Absent, Some(1)),
        (Some((3, true)), Any, Some(1)),
        (Some((3, true)), Version(3), None),
    ];
    for records in backends.open() {
        for ((there, expected, after), case) in cases.into_iter().zip(0..) {
            for deletes in [false, true] {
                let id = &format!("{case} {deletes}");
                let (versions, expires_at) = there.map_or((0, None), |(versions, has_expired)| {
                    (versions, Some(if has_expired { NOW } else { NOW + 1 }))
                });
                for version in 0..versions {
                    let before = put_of("user", id, Any, Some("old"), expires_at, "old");
                    assert_eq!(records.commit(vec![before], NOW - 1).await, Ok(Committed::Done), "{version}");
                }
                let change = if deletes {
                    delete("user", id, expected)
                } else {
                    put_of("user", id, expected, Some("new"), None, "new")
                };
                let case = format!("{records:?}: {there:?} {change:?}");
                let committed = records.commit(vec![change], NOW).await.unwrap();
                let found = records.get("user", id, NOW).await.unwrap();
                let found = found.map(|record| (record.version, record.owner.unwrap(), record.value));
                let kept = |version, text: &str| Some((version, text.to_owned(), text.to_owned()));
                match after {
                    Some(_) if deletes => assert_eq!((committed, found), (Committed::Done, None), "{case}"),
                    Some(version) => {
                        assert_eq!((committed, found), (Committed::Done, kept(version, "new")), "{case}");
                    }
                    None => {
                        let old = there.filter(|(_, has_expired)| !has_expired);
                        let old = old.and_then(|(version, _)| kept(version, "old"));
                        assert_eq!((committed, found), (Committed::Conflict, old), "{case}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn one_conflict_undoes_all_of_a_commit() {
    let backends = Backends::start().await;
    for records in backends.open() {
        write(&*records, vec![put("user", "b", Absent, "old"), put("user", "d", Absent, "old")]).await;
        let conflict = |id: &str| put("user", id, Version(7), "new");
        let others = || {
            [
                put("user", "c", Absent, "new"),
                put("session", "b", Any, "new"),
                delete("user", "d", Version(1)),
            ]
        };
        for (id, at) in [("a", 0), ("b", 1), ("z", 3)] {
            let mut writes = others().to_vec();
            writes.insert(at, conflict(id));
            assert_eq!(records.commit(writes, NOW).await.unwrap(), Committed::Conflict, "{records:?}");
            let users = records.list("user", "", 10, NOW).await.unwrap();
            assert_eq!(ids(&users), ["b", "d"], "{records:?}");
            assert!(users.iter().all(|user| user.version == 1 && user.value == "old"), "{records:?}");
            assert_eq!(records.get("session", "b", NOW).await.unwrap(), None, "{records:?}");
        }
        write(&*records, others().to_vec()).await;
        assert_eq!(ids(&records.list("user", "", 10, NOW).await.unwrap()), ["b", "c"], "{records:?}");
        write(&*records, Vec::new()).await;
    }
}

#[tokio::test]
async fn records_are_listed_in_the_order_of_the_bytes_of_their_ids() {
    let backends = Backends::start().await;
    // In this order; a language's own would be another one.
    let ordered =
        ["A", "B", "Z-1", "Z1", "a", "a ", "a-", "aa", "ab", "z", "Ä", "ä", "\u{ffff}", "\u{10000}"];
    for records in backends.open() {
        let users = ordered.iter().rev().map(|id| put("user", id, Absent, "{}")).collect();
        write(&*records, users).await;
        write(&*records, vec![put("unit", "0", Absent, "{}"), put("users", "0", Absent, "{}")]).await;
        let all = records.list("user", "", 100, NOW).await.unwrap();
        assert_eq!(ids(&all), ordered, "{records:?}");
        for limit in [0, 1, 3, usize::MAX] {
            let some = records.list("user", "Z1", limit, NOW).await.unwrap();
            assert_eq!(ids(&some), ordered[4..][..limit.min(10)], "{records:?}");
        }
        assert_eq!(ids(&records.list("user", "Z2", 1, NOW).await.unwrap()), ["a"], "no such id is needed");
        assert!(records.list("user", "\u{10000}", 9, NOW).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn all_that_is_kept_of_somebody_is_found() {
    let backends = Backends::start().await;
    for records in backends.open() {
        let of = |owner, id: &str| put_of("session", id, Any, owner, None, "{}");
        write(&*records, vec![of(Some("7"), "c"), of(Some("7"), "a"), of(Some("8"), "b"), of(None, "d")])
            .await;
        write(&*records, vec![put_of("key", "e", Absent, Some("7"), None, "{}")]).await;
        let his = async |limit| ids(&records.owned("session", "7", limit, NOW).await.unwrap()).join(" ");
        assert_eq!(his(10).await, "a c", "{records:?}");
        assert_eq!(his(1).await, "a", "{records:?}");
        assert_eq!(his(0).await, "", "{records:?}");
        write(&*records, vec![of(Some("8"), "a"), of(Some("7"), "d"), delete("session", "c", Any)]).await;
        assert_eq!(his(usize::MAX).await, "d", "{records:?}: it changes hands");
    }
}

#[tokio::test]
async fn an_expired_record_is_nowhere_and_can_be_deleted() {
    let backends = Backends::start().await;
    for records in backends.open() {
        let until = |id: &str, expires_at| put_of("session", id, Absent, Some("7"), expires_at, "{}");
        let writes = vec![until("a", Some(NOW + 1)), until("b", Some(NOW + 2)), until("c", None)];
        write(&*records, [writes, vec![put_of("key", "d", Absent, None, Some(NOW + 1), "{}")]].concat())
            .await;
        for (now, expected) in [(NOW, "a b c"), (NOW + 1, "b c"), (NOW + 2, "c"), (u64::MAX, "c")] {
            let case = format!("{records:?} at {now}");
            let listed = records.list("session", "", 10, now).await.unwrap();
            assert_eq!(ids(&listed).join(" "), expected, "{case}");
            assert_eq!(records.owned("session", "7", 10, now).await.unwrap(), listed, "{case}");
            let (mut changed, _) = records.changed("session", 0, now).await.unwrap();
            changed.sort_by(|one, other| one.id.cmp(&other.id));
            assert_eq!(changed, listed, "{case}");
            for id in ["a", "b", "c"] {
                let found = records.get("session", id, now).await.unwrap();
                assert_eq!(found.is_some(), expected.contains(id), "{case}");
            }
        }
        assert_eq!(
            records.list("session", "", 1, NOW + 1).await.unwrap()[0].id,
            "b",
            "limits do not count them"
        );
        for (now, limit, deleted) in
            [(NOW, 9, 0), (NOW + 1, 1, 1), (NOW + 1, 9, 1), (NOW + 9, 0, 0), (NOW + 9, 9, 1)]
        {
            assert_eq!(records.delete_expired(limit, now).await.unwrap(), deleted, "{records:?} at {now}");
        }
        assert_eq!(ids(&records.list("session", "", 10, NOW).await.unwrap()), ["c"], "{records:?}");
    }
}

#[tokio::test]
async fn what_was_changed_since_a_time_is_found() {
    let backends = Backends::start().await;
    for records in backends.open() {
        write(&*records, vec![put("key", "b", Absent, "{}"), put("key", "c", Absent, "{}")]).await;
        let (all, clock) = records.changed("key", 0, NOW).await.unwrap();
        let (first, changed_at) = (all[0].changed_at, all[1].changed_at);
        assert_eq!(all.len(), 2, "{records:?}");
        assert!(first <= changed_at && changed_at <= clock && clock < first + 60_000, "{records:?}");
        assert_eq!(records.changed("key", first, NOW).await.unwrap().0.len(), 2, "{records:?}");
        assert!(records.changed("key", clock + 60_000, NOW).await.unwrap().0.is_empty(), "{records:?}");
        assert!(records.changed("user", 0, NOW).await.unwrap().0.is_empty(), "{records:?}");
        // Until the clock of the backend has gone on, so that the dates differ.
        let mut later = NOW + 1;
        loop {
            let change = vec![put("key", "b", Any, "{}"), put("key", "a", Any, "{}")];
            assert_eq!(records.commit(change, later).await.unwrap(), Committed::Done);
            let found = records.get("key", "a", later).await.unwrap().unwrap();
            if found.changed_at > changed_at {
                break;
            }
            later += 1;
        }
        let (all, _) = records.changed("key", 0, later).await.unwrap();
        assert_eq!(all[0].id, "c", "{records:?}: the oldest change comes first");
        let (mut new, _) = records.changed("key", changed_at + 1, later).await.unwrap();
        new.sort_by(|one, other| one.id.cmp(&other.id));
        assert_eq!(ids(&new), ["a", "b"], "{records:?}");
    }
}

#[tokio::test]
async fn what_is_out_of_bounds_is_refused_alike_and_nothing_is_written() {
    let backends = Backends::start().await;
    let long = "x".repeat(513);
    let large = "1".repeat((1 << 20) + 1);
    let good = || put("user", "good", Any, "{}");
    let many =
        |count: usize| (0..count).map(|id| put("user", &id.to_string(), Any, "{}")).collect::<Vec<_>>();
    let mut bad = vec![
        vec![put("User", "a", Any, "{}")],
        vec![put("", "a", Any, "{}")],
        vec![put("user", "", Any, "{}")],
        vec![put("user", &long, Any, "{}")],
        vec![put("user", "a\0b", Any, "{}")],
        vec![put_of("user", "a", Any, Some(""), None, "{}")],
        vec![put_of("user", "a", Any, Some("a\0"), None, "{}")],
        vec![put_of("user", "a", Any, None, Some(u64::MAX), "{}")],
        vec![put("user", "a", Any, "\"\0\"")],
        vec![put("user", "a", Any, &large)],
        vec![delete("user", "", Any)],
        vec![good(), delete("user", "good", Any)],
    ];
    bad.iter_mut().for_each(|writes| writes.insert(0, good()));
    bad.push(many(1001));
    for records in backends.open() {
        for writes in &bad {
            let refused = records.commit(writes.clone(), NOW).await;
            assert!(matches!(refused, Err(StoreError::OutOfBounds(_))), "{records:?} {:?}", writes.last());
        }
        let refused = [
            records.get("user", "", NOW).await.err(),
            records.get("user", &long, NOW).await.err(),
            records.get("user", "\0", NOW).await.err(),
            records.get("USER", "a", NOW).await.err(),
            records.list("user", &long, 1, NOW).await.err(),
            records.list("user", "\0", 1, NOW).await.err(),
            records.list("us er", "", 1, NOW).await.err(),
            records.owned("user", "", 1, NOW).await.err(),
            records.owned("user", "\0", 1, NOW).await.err(),
            records.owned("user\0", "a", 1, NOW).await.err(),
            records.changed("1", 0, NOW).await.err(),
        ];
        for (error, case) in refused.into_iter().zip(0..) {
            assert!(matches!(error, Some(StoreError::OutOfBounds(_))), "{records:?} {case} {error:?}");
        }
        assert!(records.list("user", "", 1, NOW).await.unwrap().is_empty(), "{records:?}");
        write(&*records, many(1000)).await;
        let all: Vec<Write> =
            many(1000).into_iter().map(|put| Write { change: Change::Delete, ..put }).collect();
        write(&*records, all).await;
        assert!(records.list("user", "", 1, NOW).await.unwrap().is_empty(), "{records:?}");
    }
}
