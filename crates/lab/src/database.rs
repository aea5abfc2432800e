//! The shop's data: SQLite in memory. A reset restores it.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags, Result};

/// One database, with a connection that may write and one that may only read.
pub struct Database {
    connections: Mutex<Connections>,
    /// The stored passwords of [`ACCOUNTS`], hashed once.
    hashes: Vec<String>,
}

/// One lock for both: connections that share a cache lock each other's tables.
struct Connections {
    writer: Connection,
    reader: Connection,
}

/// The accounts of the shop: name and password.
pub const ACCOUNTS: [(&str, &str); 3] =
    [("alice", "wonderland-2026"), ("bob", "builder-of-things"), ("admin", "correct-horse-battery")];

const SCHEMA: &str = "
    DROP TABLE IF EXISTS users; DROP TABLE IF EXISTS orders; DROP TABLE IF EXISTS comments;
    DROP TABLE IF EXISTS signing_keys;
    CREATE TABLE signing_keys (kid TEXT PRIMARY KEY, secret TEXT);
    CREATE TABLE IF NOT EXISTS sessions (id INTEGER PRIMARY KEY, user_id INTEGER, is_ended INTEGER);
    CREATE TABLE IF NOT EXISTS refresh_tokens (token TEXT PRIMARY KEY, session_id INTEGER, is_spent INTEGER);
    CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, password TEXT, email TEXT, avatar_url TEXT, bio TEXT, role TEXT, settings TEXT);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER, item TEXT, quantity INTEGER, note TEXT, price INTEGER);
    CREATE TABLE comments (id INTEGER PRIMARY KEY, user_id INTEGER, text TEXT);
    INSERT INTO orders VALUES (1, 1, 'tea set', 1, 'leave it with the neighbour', 40), (2, 1, 'croquet mallet', 2, '', 30),
                              (3, 2, 'hammer', 1, 'gate code 4711', 12), (4, 2, 'nails', 500, '', 9);
    INSERT INTO comments VALUES (1, 2, 'Solid hammer, would build again.');
";

impl Database {
    /// A new database with the shop's data, and the stored passwords of [`ACCOUNTS`].
    ///
    /// # Errors
    /// When SQLite cannot create it.
    pub(crate) fn new(hashes: Vec<String>) -> Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("file:lab-{}?mode=memory&cache=shared", COUNT.fetch_add(1, Ordering::Relaxed));
        let flags = OpenFlags::default() | OpenFlags::SQLITE_OPEN_URI;
        let connections = Connections {
            writer: Connection::open_with_flags(&name, flags)?,
            reader: Connection::open_with_flags(&name, flags)?,
        };
        connections.reader.pragma_update(None, "query_only", true)?;
        let database = Database { connections: Mutex::new(connections), hashes };
        database.reset()?;
        Ok(database)
    }

    /// Restores the initial data. Sessions go on.
    ///
    /// # Errors
    /// When SQLite cannot write.
    pub fn reset(&self) -> Result<()> {
        let writer = &self.connections.lock().writer;
        writer.execute_batch(SCHEMA)?;
        for ((id, (name, _)), password) in (1_i64..).zip(ACCOUNTS).zip(&self.hashes) {
            let role = if name == "admin" { "admin" } else { "user" };
            writer.execute(
                "INSERT INTO users VALUES (?1, ?2, ?3, ?4, '', '', ?5, '{\"theme\":\"light\",\"credit_limit\":100}')",
                (id, name, password, format!("{name}@shop.example"), role),
            )?;
        }
        Ok(())
    }

    /// Runs `work` on the connection that may write.
    pub fn write<T>(&self, work: impl FnOnce(&Connection) -> T) -> T {
        work(&self.connections.lock().writer)
    }

    /// Runs `work` on the connection that may only read, which read endpoints should use ([guide §1]).
    ///
    /// [guide §1]: https://github.com/doorward/doorward/blob/main/docs/guide.md#1-sql-injection
    pub fn read<T>(&self, work: impl FnOnce(&Connection) -> T) -> T {
        work(&self.connections.lock().reader)
    }
}
