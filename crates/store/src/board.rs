//! What gateways tell each other: who is banned, and whether an attack lasts.

use std::fmt::Debug;

use crate::answer::Answer;
use crate::millis::Millis;

/// Something that holds until a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// What it is about; a later post of the same name replaces it.
    pub name: String,
    /// What is said of it.
    pub value: String,
    /// Until when it stands.
    pub until: Millis,
}

/// A board of posts, few enough to be read as a whole. A gateway keeps a copy of it and reads it again and again, so that no
/// request waits for it.
pub trait Board: Send + Sync + Debug {
    /// Puts a post up. Of more than a backend holds, those that end soonest go.
    ///
    /// # Errors
    /// If the backend does not answer.
    fn put(&self, post: Post, now: Millis) -> Answer<'_, ()>;

    /// Takes a post down, and says whether there was one.
    ///
    /// # Errors
    /// If the backend does not answer.
    fn take_down(&self, name: String) -> Answer<'_, bool>;

    /// Every post that stands; `None` if nothing has changed since this was asked last.
    ///
    /// # Errors
    /// If the backend does not answer.
    fn news(&self, now: Millis) -> Answer<'_, Option<Vec<Post>>>;
}
