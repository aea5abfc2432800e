//! `gradle.lockfile`: <https://docs.gradle.org/current/userguide/dependency_locking.html>.

use super::lines::lines;
use crate::deps::ecosystem::Ecosystem;
use crate::deps::package::{Contents, Scope, TextFault};

/// `group:artifact:version=configuration,configuration`
pub(super) fn read(text: &str, out: &mut Contents) -> Result<(), TextFault> {
    let mut is_lock = text.contains("This is a Gradle generated file");
    for (number, line) in lines(text) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((dependency, configurations)) = line.split_once('=') else {
            return Err(TextFault::new(number, "a line has no `=`"));
        };
        is_lock = true;
        if dependency == "empty" {
            continue;
        }
        let parts: Vec<&str> = dependency.split(':').collect();
        let [group, artifact, version] = *parts.as_slice() else {
            out.fault(number, format!("`{dependency}` is no group:artifact:version"));
            continue;
        };
        let of_tests = |configuration: &str| configuration.to_ascii_lowercase().contains("test");
        let scope = match configurations.split(',').all(of_tests) {
            true => Scope::Development,
            false => Scope::Production,
        };
        out.package(Ecosystem::Maven, &format!("{group}:{artifact}"), version, number, scope);
    }
    if is_lock { Ok(()) } else { Err(TextFault::new(1, "this is no gradle.lockfile: it has no entry")) }
}
