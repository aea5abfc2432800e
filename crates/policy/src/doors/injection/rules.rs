//! `[waf]`: rule sets of the ModSecurity language, read and compiled, or refused with the line that is wrong.

use std::path::{Path, PathBuf};

#[cfg(feature = "rules")]
use openapi::{Problem, Source};
#[cfg(feature = "rules")]
use seclang::RuleSet;
use serde::{Deserialize, Serialize};

use crate::reader::{PolicyFile, Reader};
use crate::settings::settings;

settings! {
    /// `[waf]`: what inspects inputs.
    pub struct WafConfig {
        /// The OWASP Core Rule Set.
        pub crs: Option<CrsConfig> = None,
        /// Whether the built-in detectors run: `on` or `off`.
        pub detectors: NativeDetectors = NativeDetectors::On,
    }
}

/// Whether the built-in detectors run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NativeDetectors {
    /// They do.
    On,
    /// Only the rule set does.
    Off,
}

/// Which application the rule set protects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CrsProfile {
    /// An API: methods and media types of the route and the document, parameters in paths.
    #[default]
    Api,
    /// The rule set's own setup, unchanged.
    Website,
}

settings! {
    /// `[waf.crs]`: the OWASP Core Rule Set.
    pub item struct CrsConfig {
        /// A directory with `rules`, and `crs-setup.conf` or `crs-setup.conf.example`; Debian's package by default.
        #[serde(default = "debian")]
        pub path: PathBuf,
        /// Files of the operator's own, before the rules.
        #[serde(default)]
        pub before: Vec<PathBuf>,
        /// Files of the operator's own, after the rules.
        #[serde(default)]
        pub after: Vec<PathBuf>,
        /// Paranoia level, 1 to 4: higher levels refuse more, with more false positives.
        #[serde(default = "one")]
        pub paranoia: u8,
        /// The anomaly score at which a request is refused; a critical finding is 5.
        #[serde(default = "five")]
        pub threshold: u32,
        /// `api` takes methods and media types from the route and the document; `website` leaves the CRS setup
        /// unchanged.
        #[serde(default)]
        pub profile: CrsProfile,
        /// Whether responses are inspected too; texts, JSON and XML are held for that.
        #[serde(default = "yes")]
        pub responses: bool,
        /// The anomaly score at which a response is refused.
        #[serde(default = "four")]
        pub response_threshold: u32,
        /// A file for the findings of the rules, in the JSON form of ModSecurity's audit log.
        pub audit_log: Option<PathBuf>,
    }
}

/// What the rules say of websites and does not hold for APIs: a body without a type is read here by what it is, and the
/// query options of OData are no operators of MongoDB.
#[cfg(feature = "rules")]
const FOR_APIS: &str = r#"
SecRuleRemoveById 920340 920640
SecRuleUpdateTargetById 942290 "!ARGS_NAMES:/^\$(?:apply|compute|count|expand|filter|format|index|levels|orderby|search|select|skip|skiptoken|top)$/"
"#;

/// Where Debian's package `modsecurity-crs` is.
fn debian() -> PathBuf {
    "/usr/share/modsecurity-crs".into()
}

fn yes() -> bool {
    true
}

fn four() -> u32 {
    4
}

fn one() -> u8 {
    1
}

fn five() -> u32 {
    5
}

/// Stands for a rule set in a build without the rule engine, where there is none.
#[cfg(not(feature = "rules"))]
#[derive(Debug)]
pub enum RuleSet {}

/// The OWASP Core Rule Set, and how strict it is.
#[derive(Debug)]
pub struct CoreRuleSet {
    /// Its rules.
    pub rules: RuleSet,
    /// Paranoia level.
    pub paranoia: u8,
    /// The score at which a request is refused.
    pub threshold: u32,
    /// Which application it protects.
    pub profile: CrsProfile,
    /// Whether responses are inspected.
    pub responses: bool,
    /// The score at which a response is refused.
    pub response_threshold: u32,
    /// The file for findings in ModSecurity's form.
    pub audit_log: Option<PathBuf>,
}

impl WafConfig {
    /// Compiles the rule set, if there is one. Inputs must be inspected by something.
    pub(crate) fn compile(&self, reader: &mut Reader) -> Option<CoreRuleSet> {
        let rules = self.crs.as_ref().and_then(|crs| crs.compile(reader));
        if self.detectors == NativeDetectors::Off && self.crs.is_none() {
            reader.wrong(
                &["waf", "detectors"],
                "without detectors and without a rule set nothing is inspected",
                "name a rule set in `[waf.crs]`, or write `injection = \"off\"` in `[doors]`",
            );
        }
        rules
    }
}

impl CrsConfig {
    fn compile(&self, reader: &mut Reader) -> Option<CoreRuleSet> {
        if !(1..=4).contains(&self.paranoia) {
            reader.wrong(&["waf", "crs", "paranoia"], "paranoia levels are 1, 2, 3 and 4", "begin with 1");
            return None;
        }
        let directory = reader.path(&self.path);
        let Some(files) = rule_files(&directory) else {
            reader.wrong(
                &["waf", "crs", "path"],
                format!("{} holds no rules", directory.display()),
                "name the directory that has `rules` in it; on Debian, install modsecurity-crs",
            );
            return None;
        };
        let setup = setup_file(&directory);
        let own = |paths: &[PathBuf]| paths.iter().map(|path| reader.path(path)).collect::<Vec<_>>();
        let files: Vec<PathBuf> =
            setup.into_iter().chain(own(&self.before)).chain(files).chain(own(&self.after)).collect();
        reader.files.extend(files.iter().cloned().map(PolicyFile::at));
        Some(CoreRuleSet {
            rules: self.load(&files, reader)?,
            paranoia: self.paranoia,
            threshold: self.threshold,
            profile: self.profile,
            responses: self.responses,
            response_threshold: self.response_threshold,
            audit_log: self.audit_log.as_ref().map(|path| reader.path(path)),
        })
    }

    #[cfg(feature = "rules")]
    fn load(&self, files: &[PathBuf], reader: &mut Reader) -> Option<RuleSet> {
        let after = if self.profile == CrsProfile::Api { FOR_APIS } else { "" };
        match RuleSet::load(files, after) {
            Ok(rules) => {
                rules.prepare(self.paranoia);
                Some(rules)
            }
            Err(error) => {
                reader.problems.push(at_line(&error));
                None
            }
        }
    }

    /// Refuses: a rule set that is named and not run would be an open door.
    #[cfg(not(feature = "rules"))]
    fn load(&self, _: &[PathBuf], reader: &mut Reader) -> Option<RuleSet> {
        reader.wrong(
            &["waf", "crs"],
            "this build has no rule engine",
            "build with the feature `rules`, or remove `[waf.crs]`",
        );
        None
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

#[cfg(feature = "rules")]
fn at_line(error: &seclang::SyntaxError) -> Problem {
    let text = std::fs::read(&*error.file).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let span = error.line.checked_sub(1).map(|before| {
        let start: usize = text.split_inclusive('\n').take(before).map(str::len).sum();
        start..start + text.split('\n').nth(before).map_or(0, str::len)
    });
    Source::new(&*error.file, text).problem(span, error.reason.clone())
}
