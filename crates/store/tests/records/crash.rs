//! Other processes that write to the same file, and are killed while they do.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use store::records::{Expected, Records};
use store::sqlite::SqliteRecords;

use super::{NOW, increment, put, write};

/// Starts this test binary again, to do what a test of it is for, with a file.
fn start(test: &str, file: &Path) -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("records::crash::{test}"), "--ignored", "--nocapture"])
        .env(FILE, file)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    (child, output)
}

const FILE: &str = "DOORWARD_TEST_FILE";

fn given() -> SqliteRecords {
    SqliteRecords::open(Path::new(&std::env::var(FILE).expect("another test starts this one"))).unwrap()
}

/// Pairs of records that one commit makes.
fn pair(id: &str) -> Vec<store::records::Write> {
    ["debit", "credit"].map(|kind| put(kind, id, Expected::Absent, "{}")).to_vec()
}

#[tokio::test]
#[ignore = "another test starts and kills it"]
#[allow(clippy::print_stdout)]
async fn commits_until_it_is_killed() {
    let records = Arc::new(given());
    for caller in 0..20 {
        let records = Arc::clone(&records);
        tokio::spawn(async move {
            for count in 0.. {
                let id = format!("{}-{caller}-{count}", std::process::id());
                write(&*records, pair(&id)).await;
                println!("done {id}");
            }
        });
    }
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_kill_and_nothing_is_half_there() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("records");
    let mut answered = Vec::new();
    for round in 1..=6 {
        let (mut child, output) = start("commits_until_it_is_killed", &file);
        let mut lines = output.lines().map(Result::unwrap);
        let mut done = lines.by_ref().filter_map(|line| line.strip_prefix("done ").map(str::to_owned));
        answered.extend(done.by_ref().take(round * 37));
        child.kill().unwrap();
        child.wait().unwrap();
        // What it said before its end.
        answered.extend(done);
        let records = SqliteRecords::open(&file).unwrap();
        for id in &answered {
            assert!(records.get("debit", id, NOW).await.unwrap().is_some(), "{id} was answered");
        }
        let debits = records.list("debit", "", usize::MAX, NOW).await.unwrap();
        let credits = records.list("credit", "", usize::MAX, NOW).await.unwrap();
        assert!(debits.len() >= answered.len());
        let same =
            |(debit, credit): (&store::records::Record, &store::records::Record)| debit.id == credit.id;
        assert!(
            debits.len() == credits.len() && debits.iter().zip(&credits).all(same),
            "a commit is half there"
        );
    }
}

#[tokio::test]
#[ignore = "another test starts it"]
async fn counts_to_a_hundred() {
    let records = given();
    for _ in 0..100 {
        increment(&records, "sum").await;
    }
}

#[tokio::test]
async fn processes_that_make_a_file_at_once_and_count_together_lose_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("records");
    let children = [(); 3].map(|()| start("counts_to_a_hundred", &file));
    for (mut child, _output) in children {
        assert!(child.wait().unwrap().success());
    }
    let records = SqliteRecords::open(&file).unwrap();
    let sum = records.get("number", "sum", NOW).await.unwrap().unwrap();
    assert_eq!((sum.value.as_str(), sum.version), ("300", 300));
}
