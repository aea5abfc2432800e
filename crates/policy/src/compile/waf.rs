//! `[waf.crs]`: the rules are read and compiled, or say what is wrong with them.

use std::path::{Path, PathBuf};

use seclang::RuleSet;

use super::Compiler;
use crate::compiled::{CoreRuleSet, PolicyFile};
use crate::config::{CrsConfig, Detectors, WafConfig};
use openapi::Source;

impl Compiler {
    /// Somebody has to judge what comes in.
    pub(super) fn detectors(&mut self, config: &WafConfig) {
        if config.detectors == Detectors::Off && config.crs.is_none() {
            self.wrong(
                &["waf", "detectors"],
                "without detectors and without a rule set nothing is judged",
                "name a rule set in `[waf.crs]`, or say `injection = \"off\"` in `[doors]`",
            );
        }
    }

    pub(super) fn core_rule_set(&mut self, config: &CrsConfig) -> Option<CoreRuleSet> {
        if !(1..=4).contains(&config.paranoia) {
            self.wrong(&["waf", "crs", "paranoia"], "paranoia levels are 1, 2, 3 and 4", "begin with 1");
            return None;
        }
        let directory = self.directory.join(&config.path);
        let Some(files) = rule_files(&directory) else {
            self.wrong(
                &["waf", "crs", "path"],
                format!("{} holds no rules", directory.display()),
                "name the directory that has `rules` in it; on Debian, install modsecurity-crs",
            );
            return None;
        };
        let setup = setup_file(&directory);
        let own = |paths: &[PathBuf]| paths.iter().map(|path| self.directory.join(path)).collect::<Vec<_>>();
        let files: Vec<PathBuf> =
            setup.into_iter().chain(own(&config.before)).chain(files).chain(own(&config.after)).collect();
        self.files.extend(files.iter().cloned().map(PolicyFile::at));
        match RuleSet::load(&files) {
            Ok(rules) => {
                rules.prepare(config.paranoia);
                Some(CoreRuleSet {
                    rules,
                    paranoia: config.paranoia,
                    threshold: config.threshold,
                    profile: config.profile,
                    responses: config.responses,
                    response_threshold: config.response_threshold,
                    audit_log: config.audit_log.as_ref().map(|path| self.directory.join(path)),
                })
            }
            Err(error) => {
                self.problems.push(at_line(&error));
                None
            }
        }
    }
}

fn rule_files(directory: &Path) -> Option<Vec<PathBuf>> {
    let entries = std::fs::read_dir(directory.join("rules")).ok()?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "conf"));
    files.sort();
    (!files.is_empty()).then_some(files)
}

/// The setup beside the rules, or where Debian keeps it.
fn setup_file(directory: &Path) -> Option<PathBuf> {
    let beside = ["crs-setup.conf", "crs-setup.conf.example"].map(|name| directory.join(name));
    let debian = (directory == Path::new("/usr/share/modsecurity-crs"))
        .then(|| PathBuf::from("/etc/modsecurity/crs/crs-setup.conf"));
    beside.into_iter().chain(debian).find(|path| path.is_file())
}

fn at_line(error: &seclang::SyntaxError) -> openapi::Problem {
    let text = std::fs::read(&*error.file).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let start: usize = text.split_inclusive('\n').take(error.line.saturating_sub(1)).map(str::len).sum();
    let end = text[start..].find('\n').map_or(text.len(), |length| start + length);
    let span = (error.line > 0).then_some(start..end);
    Source::new(&*error.file, text).problem(span, error.reason.clone())
}
