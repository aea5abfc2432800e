//! Several callers at once.

use std::sync::Arc;

use store::records::{Committed, Expected, Records};

use super::{Backends, NOW, delete, increment, put, write};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_handles_that_count_together_lose_nothing() {
    let backends = Backends::start().await;
    for (one, other) in backends.open().into_iter().zip(backends.open()) {
        let count = |records: Arc<dyn Records>| {
            tokio::spawn(async move {
                for _ in 0..100 {
                    increment(&*records, "sum").await;
                }
            })
        };
        let (mine, theirs) = (count(Arc::clone(&one)), count(Arc::clone(&other)));
        mine.await.unwrap();
        theirs.await.unwrap();
        let sum = other.get("number", "sum", NOW).await.unwrap().unwrap();
        assert_eq!((sum.value.as_str(), sum.version), ("200", 200), "{one:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_make_or_change_or_delete_the_same_record_one_succeeds() {
    let backends = Backends::start().await;
    for (one, other) in backends.open().into_iter().zip(backends.open()) {
        let changes = [
            put("token", "t", Expected::Absent, "made"),
            put("token", "t", Expected::Version(1), "spent"),
            delete("token", "t", Expected::Version(2)),
        ];
        for change in changes {
            let attempts: Vec<_> = (0..40)
                .map(|attempt| {
                    let records = Arc::clone(if attempt % 2 == 0 { &one } else { &other });
                    // Each makes another record too, and that of a loser is not there.
                    let mine = put("receipt", &attempt.to_string(), Expected::Any, "{}");
                    let change = vec![mine, change.clone()];
                    tokio::spawn(async move { records.commit(change, NOW).await.unwrap() })
                })
                .collect();
            let mut done = 0;
            for attempt in attempts {
                done += usize::from(attempt.await.unwrap() == Committed::Done);
            }
            assert_eq!(done, 1, "{one:?} {change:?}");
        }
        let receipts = one.list("receipt", "", 99, NOW).await.unwrap();
        let written: u64 = receipts.iter().map(|receipt| receipt.version).sum();
        assert_eq!(written, 3, "{one:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_that_meet_in_several_records_behave_as_if_one_came_after_the_other() {
    let backends = Backends::start().await;
    for (one, other) in backends.open().into_iter().zip(backends.open()) {
        for round in 0..30 {
            let (x, y) = (&format!("x{round}"), &format!("y{round}"));
            // Each is made only if the other one is not there.
            let mine = vec![put("r", x, Expected::Absent, "1"), delete("r", y, Expected::Absent)];
            let theirs = vec![put("r", y, Expected::Absent, "1"), delete("r", x, Expected::Absent)];
            let spawn = |records: &Arc<dyn Records>, writes| {
                let records = Arc::clone(records);
                tokio::spawn(async move { records.commit(writes, NOW).await.unwrap() })
            };
            let (mine, theirs) = (spawn(&one, mine), spawn(&other, theirs));
            let committed = [mine.await.unwrap(), theirs.await.unwrap()];
            let done = committed.iter().filter(|one| **one == Committed::Done).count();
            assert_eq!(done, 1, "{one:?}");
            // Both write both, in either order: what is left is of one of them.
            let both = |value: &str, reversed: bool| {
                let mut writes = vec![put("s", x, Expected::Any, value), put("s", y, Expected::Any, value)];
                if reversed {
                    writes.reverse();
                }
                writes
            };
            let (mine, theirs) = (spawn(&one, both("mine", false)), spawn(&other, both("theirs", true)));
            assert_eq!(mine.await.unwrap(), Committed::Done);
            assert_eq!(theirs.await.unwrap(), Committed::Done);
            let value = async |id: &str| one.get("s", id, NOW).await.unwrap().unwrap().value;
            assert_eq!(value(x).await, value(y).await, "{one:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_commits_at_once_are_all_answered_and_read_by_others() {
    let backends = Backends::start().await;
    for (one, other) in backends.open().into_iter().zip(backends.open()) {
        let commits: Vec<_> = (0..1000)
            .map(|id: u32| {
                let records = Arc::clone(&one);
                tokio::spawn(async move {
                    write(&*records, vec![put("user", &id.to_string(), Expected::Absent, "{}")]).await;
                    id
                })
            })
            .collect();
        for commit in commits {
            let id = commit.await.unwrap().to_string();
            assert!(other.get("user", &id, NOW).await.unwrap().is_some(), "{other:?}: {id}");
        }
    }
}

#[tokio::test]
async fn a_caller_who_goes_away_leaves_nothing_locked() {
    let backends = Backends::start().await;
    for records in backends.open() {
        write(&*records, vec![put("user", "a", Expected::Any, "{}")]).await;
        for wait in 0..30 {
            let commit = records.commit(vec![put("user", "a", Expected::Any, "{}")], NOW);
            let _ = tokio::time::timeout(std::time::Duration::from_micros(wait * 50), commit).await;
        }
        let version = records.get("user", "a", NOW).await.unwrap().unwrap().version;
        assert!((1..=31).contains(&version), "{records:?}");
        let next = put("user", "b", Expected::Absent, "{}");
        write(&*records, vec![put("user", "a", Expected::Any, "{}"), next]).await;
    }
}
