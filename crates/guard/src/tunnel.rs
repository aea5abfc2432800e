//! A connection that an answer has turned into a tunnel: it lives longer than the answer, and its line is written at its
//! end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::account::Account;
use crate::wire::body::{End, OnEnd};

/// A tunnel, counted. It is over when nobody holds it any more. Who forwards puts it into the extensions of the answer
/// that begins it (101), and holds it as long as bytes pass.
#[derive(Clone, Default)]
pub struct Tunnel(Arc<Counted>);

#[derive(Default)]
struct Counted {
    from_client: AtomicU64,
    to_client: AtomicU64,
    told: Mutex<Option<Told>>,
}

/// Who is told of the end, and the account that the bytes are added to.
type Told = (Arc<Account>, Box<dyn OnEnd>);

impl Tunnel {
    /// Bytes came from the client.
    pub fn received(&self, bytes: u64) {
        self.0.from_client.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes went to the client.
    pub fn sent(&self, bytes: u64) {
        self.0.to_client.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Tells somebody of its end.
    pub(crate) fn on_end(&self, account: Arc<Account>, told: Box<dyn OnEnd>) {
        *self.0.told.lock() = Some((account, told));
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if let Some((account, mut told)) = self.told.get_mut().take() {
            account.received(*self.from_client.get_mut());
            told.ended(*self.to_client.get_mut(), End::Whole);
        }
    }
}
