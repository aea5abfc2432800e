//! The origin of a sandboxed frame, which anybody can have.

use super::{Probing, cors_reflected};
use crate::client::ClientError;
use crate::report::Outcome;

attack!("cors-null", Cors, Code, "A sandboxed frame sends `Origin: null`; is that allowed?", run);

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    cors_reflected::try_origins(p, &["null"]).await
}
