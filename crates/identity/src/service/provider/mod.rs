//! What logging in with a provider stands on.
//!
//! | module | content |
//! |---|---|
//! | `web` | how requests get to a provider: this crate opens no socket |
//! | `discovery` | what a provider says of itself, and its keys |
//! | `protocol` | the requests of the protocol, by the crate `openidconnect` |
//! | `id_token` | ID tokens, verified as all tokens are, and what they say |
//! | `registry` | the providers that a service knows |
//! | `away` | what waits for somebody who has gone there |
//! | `kept` | what a session keeps of it |

pub(super) mod away;
pub(super) mod discovery;
pub(super) mod id_token;
pub(super) mod kept;
pub(super) mod protocol;
pub(super) mod registry;
pub(super) mod web;
