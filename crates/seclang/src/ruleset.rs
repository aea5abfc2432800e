//! The compiled rule set.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::ctl::Ctl;
use crate::filter::{Filter, Slot};
use crate::lexer::SyntaxError;
use crate::loader::Loader;
use crate::macros::Template;
use crate::operator::{CompiledOperator, NumberTest};
use crate::transform::Transformation;
use crate::tx::TxName;
use crate::variable::{Collection, Target};

/// Compiled rules and engine settings, shared by all transactions.
#[derive(Debug, Default)]
pub struct RuleSet {
    /// Rules and markers of each phase, in order.
    pub(crate) phases: [Vec<Step>; 5],
    /// Excludes rules that cannot match.
    pub(crate) filter: Filter,
    pub(crate) settings: Settings,
    /// Rules that load but have no effect here, and why.
    pub warnings: Vec<SyntaxError>,
}

/// An entry of a phase.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Rule(Arc<CompiledRule>),
    Marker(Arc<str>),
}

/// `SecRuleEngine`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineMode {
    /// Rules may refuse an exchange.
    On,
    /// Rules run, and refuse nothing.
    DetectionOnly,
    /// No rule runs.
    Off,
}

/// Settings from directives.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) mode: EngineMode,
    pub(crate) argument_separator: u8,
    pub(crate) arguments_limit: usize,
    pub(crate) signature: Vec<String>,
    /// How long an unchanged record lasts.
    pub(crate) collection_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            mode: EngineMode::On,
            argument_separator: b'&',
            arguments_limit: 1000,
            signature: Vec::new(),
            collection_timeout: Duration::from_secs(3600),
        }
    }
}

/// A compiled rule with its chain.
#[derive(Debug)]
pub(crate) struct CompiledRule {
    pub(crate) id: u64,
    pub(crate) file: Arc<str>,
    pub(crate) line: usize,
    pub(crate) message: Option<Template>,
    pub(crate) logdata: Option<Template>,
    pub(crate) tags: Vec<Template>,
    pub(crate) severity: Option<u8>,
    pub(crate) revision: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) disruptive: Disruptive,
    pub(crate) status: u16,
    pub(crate) log: bool,
    pub(crate) skip: usize,
    pub(crate) skip_after: Option<Arc<str>>,
    /// The step that `skip_after` jumps to.
    pub(crate) jump: usize,
    pub(crate) links: Vec<Link>,
    /// Its place in the filter, if it can be filtered.
    pub(crate) slot: Option<Slot>,
}

/// The disruptive action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Disruptive {
    Pass,
    Deny,
    Drop,
    Redirect(Template),
    Allow(Allowed),
}

/// The scope of `allow`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allowed {
    Everything,
    Phase,
    Request,
}

/// One link of a chain; most chains have one.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) targets: Vec<Target>,
    pub(crate) exclusions: Vec<Target>,
    /// `None` for `SecAction`, which always matches.
    pub(crate) operator: Option<CompiledOperator>,
    pub(crate) transformations: Vec<Transformation>,
    pub(crate) multi_match: bool,
    pub(crate) capture: bool,
    pub(crate) effects: Vec<Effect>,
    /// The whole test, if it compares a number in `TX` with a constant.
    pub(crate) tx_comparison: Option<TxComparison>,
}

/// `TX:score "@ge 5"`, `&TX:name "@eq 0"`.
#[derive(Debug)]
pub(crate) struct TxComparison {
    pub(crate) name: TxName,
    pub(crate) counted: bool,
    pub(crate) test: NumberTest,
    pub(crate) against: i64,
    pub(crate) negated: bool,
}

/// A non-disruptive action.
#[derive(Debug, Clone)]
pub(crate) enum Effect {
    Set {
        collection: Collection,
        key: Template,
        change: Change,
    },
    /// The same for a `TX` variable with a constant name.
    SetTx(TxName, Change),
    Control(Ctl),
    /// `expirevar:ip.x=60`: a variable of a record expires after some seconds.
    Expire(Collection, Template, Template),
    /// `deprecatevar:ip.x=1/60`: a number decreases by an amount every so many seconds.
    Deprecate {
        collection: Collection,
        key: Template,
        amount: i64,
        seconds: u64,
    },
    /// `initcol:ip=%{REMOTE_ADDR}`, `setsid`, `setuid`: opens a record of a collection.
    Init(Collection, Template),
}

/// What `setvar` does to a variable.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    Set(Template),
    Add(Template),
    Subtract(Template),
    Unset,
}

impl CompiledRule {
    /// The paranoia level in its tags (`paranoia-level/2`), or 0.
    pub(crate) fn paranoia_level(&self) -> u8 {
        let tags = self.tags.iter().filter_map(Template::constant);
        tags.filter_map(|tag| tag.strip_prefix(b"paranoia-level/"))
            .find_map(|level| std::str::from_utf8(level).ok()?.parse().ok())
            .unwrap_or(0)
    }
}

impl RuleSet {
    /// Loads and compiles files, in order.
    ///
    /// # Errors
    /// The first error, with file and line.
    pub fn load(files: &[PathBuf]) -> Result<RuleSet, SyntaxError> {
        let mut loader = Loader::default();
        for file in files {
            loader.file(file, 0)?;
        }
        loader.finish()
    }

    /// Compiles a text. Files that it includes are relative to `directory`; `name` stands for the file in errors.
    ///
    /// ```
    /// use std::path::Path;
    /// use seclang::RuleSet;
    ///
    /// let rules = RuleSet::parse("a.conf", "SecRule ARGS attack id:1,deny", Path::new("."))?;
    /// assert_eq!(rules.len(), 1);
    ///
    /// let error = RuleSet::parse("a.conf", "SecRule ARGZ attack id:1,deny", Path::new(".")).unwrap_err();
    /// assert_eq!(error.to_string(), "a.conf:1: unknown variable `ARGZ`");
    /// # Ok::<(), seclang::SyntaxError>(())
    /// ```
    ///
    /// # Errors
    /// The first error, with file and line.
    pub fn parse(name: &str, text: &str, directory: &Path) -> Result<RuleSet, SyntaxError> {
        let mut loader = Loader::default();
        loader.text(name, text, directory, 0)?;
        loader.finish()
    }

    /// Builds the filter for rules up to a paranoia level. Otherwise the first transactions that need it build it.
    pub fn prepare(&self, paranoia_level: u8) {
        self.filter.prepare(paranoia_level);
    }

    /// The number of rules; a chain counts once.
    pub fn len(&self) -> usize {
        self.phases.iter().flatten().filter(|step| matches!(step, Step::Rule(_))).count()
    }

    /// Whether there are no rules.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
