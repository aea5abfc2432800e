//! A price of one's own.

use super::{Probing, mass_owner};
use crate::client::ClientError;
use crate::report::Outcome;

attack!("mass-price", MassAssignment, Code, "What if I say what it costs?", run);

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    mass_owner::try_assign(p, &[("price", 0), ("total", 0), ("discount", 100)]).await
}
