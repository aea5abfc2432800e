//! What waits for a thread that owns a connection.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};

use tokio::sync::oneshot;

use crate::answer::Answer;
use crate::error::StoreError;

/// Where an answer goes.
pub(super) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// Queries for a thread, which ends when its queue is dropped and empty.
pub(super) struct Queue<Q> {
    queries: Sender<Q>,
    path: PathBuf,
}

impl<Q> std::fmt::Debug for Queue<Q> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Queue({})", self.path.display())
    }
}

impl<Q: Send + 'static> Queue<Q> {
    /// Starts a thread that serves queries about a file until no more can come.
    pub(super) fn serve(
        thread: &str,
        path: &Path,
        serve: impl FnOnce(&Receiver<Q>) + Send + 'static,
    ) -> Result<Self, StoreError> {
        let (queries, queue) = channel();
        std::thread::Builder::new()
            .name(thread.into())
            .spawn(move || serve(&queue))
            .map_err(|e| StoreError::Unavailable(e.to_string()))?;
        Ok(Queue { queries, path: path.to_owned() })
    }

    /// Asks the thread.
    pub(super) fn ask<T: Send + 'static>(&self, query: impl FnOnce(Reply<T>) -> Q) -> Answer<'_, T> {
        let (reply, answer) = oneshot::channel();
        // If the thread has ended, the reply is dropped with the query, and there is no answer either.
        let _ = self.queries.send(query(reply));
        Answer::later(async move {
            let gone = || StoreError::Unavailable(format!("{}: its thread has ended", self.path.display()));
            answer.await.unwrap_or_else(|_| Err(gone()))
        })
    }
}
