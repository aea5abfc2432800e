//! What holds beside the policy and changes without it: who is banned, what lists say that are fetched, which crawlers are
//! what they say, and whether an attack lasts.

pub(crate) mod attack;
pub(crate) mod bans;
pub(crate) mod crawlers;
pub(crate) mod lists;

use std::sync::Arc;

use parking_lot::Mutex;
use store::{Board, Millis};

/// All of it.
pub(crate) struct Standing {
    pub(crate) bans: bans::Bans,
    pub(crate) lists: lists::RemoteLists,
    pub(crate) crawlers: crawlers::Crawlers,
    pub(crate) attack: attack::AttackMode,
    pub(crate) board: Arc<dyn Board>,
    /// When an operator's order ends.
    pub(crate) order_until: Mutex<Option<Millis>>,
}

impl Standing {
    pub(crate) fn new(board: Arc<dyn Board>) -> Self {
        Standing {
            bans: bans::Bans::default(),
            lists: lists::RemoteLists::default(),
            crawlers: crawlers::Crawlers::default(),
            attack: attack::AttackMode::default(),
            board,
            order_until: Mutex::default(),
        }
    }
}
