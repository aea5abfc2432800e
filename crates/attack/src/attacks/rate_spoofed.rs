//! One password after the other, each from another address, as it says.

use super::{Probing, rate_login};
use crate::client::ClientError;
use crate::report::Outcome;

attack!("rate-spoofed", RateLimiting, Code, "If I say that I am somebody else each time, do I get new tries?", run);

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    rate_login::try_passwords(p, |probe, i| {
        let address = format!("198.51.100.{}", i + 1);
        probe
            .header("x-forwarded-for", address.clone())
            .header("forwarded", format!("for={address}"))
            .header("x-real-ip", address.clone())
            .header("true-client-ip", address)
    })
    .await
}
