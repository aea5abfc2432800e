//! The shop's data: SQLite in memory, made anew by a reset.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags, Result};

/// Two connections to one database: one that may write, one that may only read.
pub struct Database {
    connections: Mutex<Connections>,
}

/// One lock for both: connections that share a cache would otherwise find each other's tables locked.
struct Connections {
    writer: Connection,
    reader: Connection,
}

const SCHEMA: &str = "
    DROP TABLE IF EXISTS users; DROP TABLE IF EXISTS orders; DROP TABLE IF EXISTS comments;
    CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, password TEXT, email TEXT, avatar_url TEXT, bio TEXT, role TEXT, settings TEXT);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER, item TEXT, quantity INTEGER, note TEXT, price INTEGER);
    CREATE TABLE comments (id INTEGER PRIMARY KEY, user_id INTEGER, text TEXT);
    INSERT INTO orders VALUES (1, 1, 'tea set', 1, 'leave it with the neighbour', 40), (2, 1, 'croquet mallet', 2, '', 30),
                              (3, 2, 'hammer', 1, 'gate code 4711', 12), (4, 2, 'nails', 500, '', 9);
    INSERT INTO comments VALUES (1, 2, 'Solid hammer, would build again.');
";

impl Database {
    /// A database of its own, with the shop's data.
    ///
    /// # Errors
    /// When SQLite cannot make it.
    pub fn new() -> Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("file:lab-{}?mode=memory&cache=shared", COUNT.fetch_add(1, Ordering::Relaxed));
        let flags = OpenFlags::default() | OpenFlags::SQLITE_OPEN_URI;
        let connections = Connections {
            writer: Connection::open_with_flags(&name, flags)?,
            reader: Connection::open_with_flags(&name, flags)?,
        };
        connections.reader.pragma_update(None, "query_only", true)?;
        let database = Database { connections: Mutex::new(connections) };
        database.reset()?;
        Ok(database)
    }

    /// Puts everything back.
    ///
    /// # Errors
    /// When SQLite cannot.
    pub fn reset(&self) -> Result<()> {
        let writer = &self.connections.lock().writer;
        writer.execute_batch(SCHEMA)?;
        for (i, (name, password)) in crate::PEOPLE.iter().enumerate() {
            let role = if *name == "admin" { "admin" } else { "user" };
            writer.execute(
                "INSERT INTO users VALUES (?1, ?2, ?3, ?4, '', '', ?5, '{\"theme\":\"light\",\"credit_limit\":100}')",
                (i as i64 + 1, name, password, format!("{name}@shop.example"), role),
            )?;
        }
        Ok(())
    }

    /// Works on the connection that may write.
    pub fn write<T>(&self, work: impl FnOnce(&Connection) -> T) -> T {
        work(&self.connections.lock().writer)
    }

    /// Works on the connection that may only read: what a read endpoint should use ([guide §1]).
    ///
    /// [guide §1]: https://github.com/doorward/doorward/blob/main/docs/guide.md#1-sql-injection
    pub fn read<T>(&self, work: impl FnOnce(&Connection) -> T) -> T {
        work(&self.connections.lock().reader)
    }
}
