//! `doorward demo`.
use crate::{Failure, Outcome};
#[derive(clap::Args)]
pub struct Demo {}
impl Demo { pub fn run(self) -> Result<Outcome, Failure> { Ok(Outcome::Fine) } }
