//! `doorward init`.
use crate::{Failure, Outcome};
#[derive(clap::Args)]
pub struct Init {}
impl Init { pub fn run(self) -> Result<Outcome, Failure> { Ok(Outcome::Fine) } }
