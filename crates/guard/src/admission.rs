//! Connections, before HTTP is read from them.
//!
//! Bans, lists of addresses and limits of connections belong here: a peer that is turned away costs no TLS handshake
//! and no parser.

use crate::decision::Refusal;
use crate::exchange::peer::Peer;

/// Decides about connections.
///
/// ```
/// use guard::{Admission, Peer, Refusal};
/// use http::StatusCode;
///
/// struct LoopbackOnly;
///
/// impl Admission for LoopbackOnly {
///     fn refuse(&self, peer: &Peer) -> Option<Refusal> {
///         let refusal = || Refusal::new(StatusCode::FORBIDDEN, "not-loopback", peer.address.to_string());
///         (!peer.address.is_loopback()).then(refusal)
///     }
/// }
/// ```
pub trait Admission: Send + Sync {
    /// Why a connection of this peer is closed at once; nothing when it is served. Only rule and evidence of a refusal
    /// count: a peer to whom nothing was said yet gets no status.
    fn refuse(&self, peer: &Peer) -> Option<Refusal>;
}

/// Serves everybody.
pub(crate) struct Open;

impl Admission for Open {
    fn refuse(&self, _: &Peer) -> Option<Refusal> {
        None
    }
}
