//! The prober: attacks an API from outside, judges by evidence, and reports.
//!
//! It knows the API by its OpenAPI document ([`Surface`]) and two people who may use it ([`Identity`]). Every attack
//! is one file in [`attacks`]: it states what the attacker thinks, sends, and says *exploited* only when the
//! answers prove it. It knows nothing of the guard.

pub mod attacks;
mod client;
mod identity;
pub mod ordinary;
mod report;
mod run;
mod surface;
mod token;

pub use attacks::{ALL, Attack, By, Door};
pub use client::{Answer, Client, ClientError, Exchange, Probe, Target};
pub use identity::Identity;
pub use report::{Finding, Outcome, Report, Status};
pub use run::{Options, Reset, run};
pub use surface::{Body, Endpoint, Surface, SurfaceError};
