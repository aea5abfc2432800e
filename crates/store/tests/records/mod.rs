//! What every store of records promises, run on all of them.

mod crash;
mod postgres;
mod promises;
mod races;
mod sqlite;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};

use store::memory::MemoryRecords;
use store::postgres::PostgresRecords;
use store::records::{Change, Committed, Expected, Kind, Record, Records, Write};
use store::sqlite::SqliteRecords;

use crate::servers::Server;

/// A time of the caller's.
const NOW: u64 = 1_700_000_000_000;

/// All backends, with no records.
struct Backends {
    directory: tempfile::TempDir,
    database: Database,
    memory: Arc<MemoryRecords>,
}

/// A database of its own on a server that tests share while they run at the same time.
struct Database {
    server: Arc<Server>,
    name: String,
}

impl Database {
    async fn start() -> Database {
        static SERVER: Mutex<Weak<Server>> = Mutex::new(Weak::new());
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let server = {
            let mut shared = SERVER.lock().unwrap();
            shared.upgrade().unwrap_or_else(|| {
                let server = Arc::new(Server::postgres());
                *shared = Arc::downgrade(&server);
                server
            })
        };
        let name = format!("records{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let (client, connection) = tokio_postgres::connect(&server.url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        Database { server, name }
    }

    fn url(&self) -> String {
        self.server.url.replace("/postgres?", &format!("/{}?", self.name))
    }
}

impl Backends {
    async fn start() -> Backends {
        let memory = Arc::new(MemoryRecords::new());
        Backends { directory: tempfile::tempdir().unwrap(), database: Database::start().await, memory }
    }

    /// A handle on each; all that are opened share its records.
    fn open(&self) -> [Arc<dyn Records>; 3] {
        [
            Arc::clone(&self.memory) as Arc<dyn Records>,
            Arc::new(SqliteRecords::open(&self.directory.path().join("records")).unwrap()),
            Arc::new(PostgresRecords::open(&self.database.url()).unwrap()),
        ]
    }
}

fn put(kind: Kind, id: &str, expected: Expected, value: &str) -> Write {
    put_of(kind, id, expected, None, None, value)
}

fn put_of(
    kind: Kind,
    id: &str,
    expected: Expected,
    owner: Option<&str>,
    expires_at: Option<u64>,
    value: &str,
) -> Write {
    let change = Change::Put { owner: owner.map(str::to_owned), expires_at, value: value.into() };
    Write { kind, id: id.into(), expected, change }
}

fn delete(kind: Kind, id: &str, expected: Expected) -> Write {
    Write { kind, id: id.into(), expected, change: Change::Delete }
}

/// Commits what nothing stands in the way of.
async fn write(records: &dyn Records, writes: Vec<Write>) {
    assert_eq!(records.commit(writes, NOW).await.unwrap(), Committed::Done);
}

fn ids(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| record.id.as_str()).collect()
}

/// Adds one to a number, and tries again until nobody else was first. How often somebody was.
async fn increment(records: &dyn Records, id: &str) -> usize {
    let mut conflicts = 0;
    loop {
        let found = records.get("number", id, NOW).await.unwrap();
        let (expected, number) = found.map_or((Expected::Absent, 0), |record| {
            (Expected::Version(record.version), record.value.parse::<u64>().unwrap())
        });
        let next = put("number", id, expected, &(number + 1).to_string());
        match records.commit(vec![next], NOW).await.unwrap() {
            Committed::Done => return conflicts,
            Committed::Conflict => conflicts += 1,
        }
    }
}
