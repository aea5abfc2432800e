//! A body that is read to its end before anything is done with it.

use std::task::Poll;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::Body;

use crate::held::{OverBudget, Share};

/// A body that is held.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    pub(crate) bytes: Bytes,
    pub(crate) trailers: Option<HeaderMap>,
}

/// A body that could not be held.
#[derive(Debug)]
pub(crate) struct CollectError {
    pub(crate) why: Unheld,
    /// What was read of it.
    pub(crate) read: Bytes,
}

/// Why a body could not be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unheld {
    /// It is longer than the limit.
    TooLarge,
    /// It did not come in time.
    TooSlow,
    /// It broke off.
    Broken,
    /// Too much is held already.
    OverBudget(OverBudget),
}

/// Holds a body of at most `limit` bytes, read within a time. They count as held in `share`.
pub(crate) async fn collect<B>(
    body: B,
    limit: usize,
    patience: std::time::Duration,
    share: &mut Share,
) -> Result<Collected, CollectError>
where
    B: Body<Data = Bytes>,
{
    if body.is_end_stream() {
        return Ok(Collected::default());
    }
    if body.size_hint().lower() > limit as u64 {
        return Err(CollectError { why: Unheld::TooLarge, read: Bytes::new() });
    }
    collect_start(body, limit, patience, share).await
}

/// The same for a body of which no more than its beginning may be wanted: it is read up to the limit however long it is.
pub(crate) async fn collect_start<B>(
    body: B,
    limit: usize,
    patience: std::time::Duration,
    share: &mut Share,
) -> Result<Collected, CollectError>
where
    B: Body<Data = Bytes>,
{
    let mut pieces = Pieces::default();
    let outcome = {
        let mut read = std::pin::pin!(pieces.read(body, limit, share));
        // A body that is already here needs no timer.
        match std::future::poll_fn(|cx| Poll::Ready(read.as_mut().poll(cx))).await {
            Poll::Ready(done) => done,
            Poll::Pending => tokio::time::timeout(patience, read).await.unwrap_or(Err(Unheld::TooSlow)),
        }
    };
    let trailers = pieces.trailers.take();
    match outcome {
        Ok(()) => Ok(Collected { bytes: pieces.joined(), trailers }),
        Err(why) => Err(CollectError { why, read: pieces.joined() }),
    }
}

/// What was read of a body so far. Most bodies come in one piece, which then need not be copied.
#[derive(Default)]
struct Pieces {
    first: Option<Bytes>,
    all: BytesMut,
    trailers: Option<HeaderMap>,
}

impl Pieces {
    async fn read<B: Body<Data = Bytes>>(
        &mut self,
        body: B,
        limit: usize,
        share: &mut Share,
    ) -> Result<(), Unheld> {
        let mut body = std::pin::pin!(body);
        let mut total = 0usize;
        while let Some(frame) = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
            match frame.map_err(|_| Unheld::Broken)?.into_data() {
                Ok(data) => {
                    total += data.len();
                    let added = share.add(data.len());
                    self.add(data);
                    added.map_err(Unheld::OverBudget)?;
                }
                Err(frame) => self.trailers = frame.into_trailers().ok(),
            }
            if total > limit {
                return Err(Unheld::TooLarge);
            }
        }
        Ok(())
    }

    fn add(&mut self, data: Bytes) {
        match &self.first {
            None => self.first = Some(data),
            Some(start) => {
                if self.all.is_empty() {
                    self.all.extend_from_slice(start);
                }
                self.all.extend_from_slice(&data);
            }
        }
    }

    fn joined(self) -> Bytes {
        if self.all.is_empty() { self.first.unwrap_or_default() } else { self.all.freeze() }
    }
}
