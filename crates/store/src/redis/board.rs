//! A board that gateways share: a hash of posts, and a number that every change raises, so that those who look again and
//! again read one number.

use std::fmt::{self, Debug};

use parking_lot::Mutex;
use redis::RedisError;

use super::server::{Link, Server};
use crate::answer::Answer;
use crate::board::{Board, Post};
use crate::error::StoreError;
use crate::millis::{Millis, unix_millis};

/// Both are in one slot of a cluster.
const POSTS: &str = "{doorward:board}";
const CHANGES: &str = "{doorward:board}:changes";

/// A board on a server. Cheap to make: it connects on first use.
pub struct RedisBoard {
    server: Server,
    max: usize,
    link: tokio::sync::Mutex<Option<Link>>,
    seen: Mutex<Option<u64>>,
}

impl RedisBoard {
    /// A board at an address, for about so many posts.
    ///
    /// # Errors
    /// If the address is none.
    pub fn open(url: &str, max: usize) -> Result<Self, StoreError> {
        let server = Server::parse(url)?;
        Ok(RedisBoard {
            server,
            max: max.max(1),
            link: tokio::sync::Mutex::default(),
            seen: Mutex::new(None),
        })
    }

    /// Does something over the connection, which is made anew when it broke.
    async fn with<T>(
        &self,
        work: impl AsyncFnOnce(&mut Link) -> Result<T, RedisError>,
    ) -> Result<T, StoreError> {
        let mut held = self.link.lock().await;
        if held.is_none() {
            *held = Some(self.server.connect().await?);
        }
        let Some(link) = &mut *held else { return Err(StoreError::Unavailable("no connection".into())) };
        let done = work(link).await;
        if done.is_err() {
            *held = None;
        }
        done.map_err(|error| self.server.unavailable(&error))
    }
}

fn read(name: String, value: &str) -> Option<Post> {
    let (until, value) = value.split_once('\t')?;
    Some(Post { name, value: value.to_owned(), until: until.parse().ok()? })
}

impl Board for RedisBoard {
    fn put(&self, post: Post, now: Millis) -> Answer<'_, ()> {
        Answer::later(async move {
            let is_full = self
                .with(async |link| {
                    let mut commands = redis::pipe();
                    let value = format!("{}\t{}", post.until, post.value);
                    commands.atomic().cmd("HSET").arg(POSTS).arg(&post.name).arg(value).ignore();
                    commands.cmd("INCR").arg(CHANGES).ignore();
                    commands.cmd("HLEN").arg(POSTS);
                    let (length,): (usize,) = commands.query_async(link).await?;
                    Ok(length > self.max)
                })
                .await?;
            if is_full {
                self.make_room(now).await?;
            }
            Ok(())
        })
    }

    fn take_down(&self, name: String) -> Answer<'_, bool> {
        Answer::later(async move {
            self.with(async |link| {
                let mut commands = redis::pipe();
                commands.atomic().cmd("HDEL").arg(POSTS).arg(&name);
                commands.cmd("INCR").arg(CHANGES).ignore();
                let (gone,): (u32,) = commands.query_async(link).await?;
                Ok(gone > 0)
            })
            .await
        })
    }

    fn news(&self, now: Millis) -> Answer<'_, Option<Vec<Post>>> {
        Answer::later(async move {
            let changes: Option<u64> =
                self.with(async |link| redis::cmd("GET").arg(CHANGES).query_async(link).await).await?;
            let changes = changes.unwrap_or(0);
            if *self.seen.lock() == Some(changes) {
                return Ok(None);
            }
            let posts = self.all().await?;
            *self.seen.lock() = Some(changes);
            Ok(Some(posts.into_iter().filter(|post| post.until > now).collect()))
        })
    }
}

impl RedisBoard {
    async fn all(&self) -> Result<Vec<Post>, StoreError> {
        let all: Vec<(String, String)> =
            self.with(async |link| redis::cmd("HGETALL").arg(POSTS).query_async(link).await).await?;
        Ok(all.into_iter().filter_map(|(name, value)| read(name, &value)).collect())
    }

    /// Drops what has ended, and of what stands, the tenth that ends soonest.
    async fn make_room(&self, now: Millis) -> Result<(), StoreError> {
        let mut posts = self.all().await?;
        posts.sort_unstable_by_key(|post| post.until);
        let ended = posts.partition_point(|post| post.until <= now.min(unix_millis()));
        let surplus = posts.len().saturating_sub(self.max - self.max / 10).max(ended);
        let names: Vec<&str> = posts.iter().take(surplus).map(|post| post.name.as_str()).collect();
        for some in names.chunks(1000) {
            self.with(async |link| redis::cmd("HDEL").arg(POSTS).arg(some).query_async::<()>(link).await)
                .await?;
        }
        Ok(())
    }
}

impl Debug for RedisBoard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisBoard({})", self.server.name)
    }
}
