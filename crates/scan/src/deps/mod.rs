//! Dependencies: lock files matched against the Open Source Vulnerabilities database (OSV).
//!
//! A scan has three steps, and only the one in the middle may touch the network:
//!
//! 1. [`inventory`] walks a directory and reads every lock file in it into [`Package`]s. What a file names without an
//!    exact version becomes an [`Unjudged`], what cannot be read a [`Fault`]: neither is ever silence.
//! 2. [`osv::offline`] looks the packages up in an exported database, [`osv::online`] asks the API.
//! 3. [`judge`] merges what several advisories say of one fault, rates it, and sets aside what an ignore file names.
//!
//! Lock files and advisories are written by others. All readers are bounded by [`Limits`], and what exceeds a limit is
//! told as a failure.

mod ecosystem;
mod ignore;
mod inventory;
mod judge;
mod level;
mod limits;
mod lock;
pub mod osv;
mod outcome;
mod package;
mod sbom;
mod tree;
mod version;
mod vulnerability;

pub use ecosystem::Ecosystem;
pub use ignore::{Date, Ignore, IgnoreError, Ignores};
pub use inventory::{Inventory, InventoryError, inventory};
pub use judge::judge;
pub use level::Level;
pub use limits::Limits;
pub use outcome::Outcome;
pub use package::{Fault, Package, Scope, Unjudged};
pub use sbom::sbom;
pub use version::Version;
pub use vulnerability::Vulnerability;
