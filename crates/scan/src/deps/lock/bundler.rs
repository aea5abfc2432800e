//! `Gemfile.lock`: <https://bundler.io/man/gemfile.5.html>.
//!
//! Sections begin in the first column. Below `specs:`, four spaces come before a gem, six before what it depends on.

use std::collections::HashSet;

use super::lines::lines;
use crate::deps::ecosystem::Ecosystem;
use crate::deps::package::{Contents, Scope, TextFault};

pub(super) fn read(text: &str, out: &mut Contents) -> Result<(), TextFault> {
    let mut section = "";
    let mut is_lock = false;
    let mut seen = HashSet::new();
    for (number, line) in lines(text) {
        if line.starts_with(['<', '>', '=']) {
            return Err(TextFault::new(number, "there is a conflict of a merge"));
        }
        if !line.starts_with(' ') && !line.trim().is_empty() {
            section = line.trim();
            is_lock |= matches!(section, "GEM" | "GIT" | "PATH" | "PLUGIN SOURCE" | "DEPENDENCIES");
        }
        // A path is the user's own.
        if !matches!(section, "GEM" | "GIT" | "PLUGIN SOURCE") {
            continue;
        }
        let Some(spec) = line.strip_prefix("    ").filter(|spec| !spec.starts_with(' ')) else { continue };
        let parts = spec.trim().strip_suffix(')').and_then(|spec| spec.split_once(" ("));
        let Some((name, version)) = parts else {
            out.fault(number, "a gem has no version");
            continue;
        };
        // Behind a hyphen stands the platform: `nokogiri (1.13.0-x86_64-linux)`.
        let version = version.split('-').next().unwrap_or(version);
        if seen.insert((name, version)) {
            out.package(Ecosystem::RubyGems, name, version, number, Scope::Unsaid);
        }
    }
    if is_lock { Ok(()) } else { Err(TextFault::new(1, "this is no Gemfile.lock: it has no section `GEM`")) }
}
