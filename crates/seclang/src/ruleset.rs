//! A rule set: files read, rules compiled, ready for transactions.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::ctl::Ctl;
use crate::filter::{Filter, Slot};
use crate::lexer::SyntaxError;
use crate::loader::Loader;
use crate::macros::Template;
use crate::operator::{NumberTest, Operator};
use crate::transform::Transformation;
use crate::tx::TxName;
use crate::variable::Target;

/// Rules, compiled, with what directives say of the engine.
#[derive(Debug, Default)]
pub struct RuleSet {
    /// Rules and markers of each phase, in order.
    pub(crate) phases: [Vec<Step>; 5],
    /// What can match a value at all.
    pub(crate) filter: Filter,
    /// Settings of directives.
    pub(crate) settings: Settings,
    /// What is accepted, and has no effect here.
    pub warnings: Vec<SyntaxError>,
}

/// A place in a phase.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Rule(Arc<Rule>),
    Marker(Arc<str>),
}

/// Whether the engine decides, watches or sleeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineMode {
    /// Rules decide.
    On,
    /// Rules are evaluated, and nothing is refused.
    DetectionOnly,
    /// Nothing is evaluated.
    Off,
}

/// Settings of directives.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) mode: EngineMode,
    pub(crate) argument_separator: u8,
    pub(crate) arguments_limit: usize,
    pub(crate) signature: Vec<String>,
    /// How long a record lasts that nobody changes.
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

/// A rule with its chain.
#[derive(Debug)]
pub(crate) struct Rule {
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
    /// The step that `skip_after` leads to.
    pub(crate) jump: usize,
    pub(crate) links: Vec<Link>,
    /// Its place in the filter, when it has one.
    pub(crate) slot: Option<Slot>,
}

/// What a match means for the exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Disruptive {
    Pass,
    Deny,
    Drop,
    Redirect(Template),
    Allow(Allowed),
}

/// How much `allow` lets through.
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
    /// None for `SecAction`, which always matches.
    pub(crate) operator: Option<Operator>,
    pub(crate) transformations: Vec<Transformation>,
    pub(crate) multi_match: bool,
    pub(crate) capture: bool,
    pub(crate) effects: Vec<Effect>,
    /// The whole question, where it is one number of `TX` against another.
    pub(crate) number: Option<NumberQuestion>,
}

/// `TX:score "@ge 5"`, `&TX:name "@eq 0"`.
#[derive(Debug)]
pub(crate) struct NumberQuestion {
    pub(crate) name: TxName,
    pub(crate) counted: bool,
    pub(crate) test: NumberTest,
    pub(crate) against: i64,
    pub(crate) negated: bool,
}

/// What a matching link does beside deciding.
#[derive(Debug, Clone)]
pub(crate) enum Effect {
    Set {
        collection: crate::variable::Collection,
        key: Template,
        change: Change,
    },
    /// The same of a variable of `TX` whose name is known.
    SetTx(TxName, Change),
    Control(Ctl),
    /// `expirevar:ip.x=60`: when a variable of a record ends.
    Expire(crate::variable::Collection, Template, Template),
    /// `deprecatevar:ip.x=1/60`: a number gets smaller by so much in so many seconds.
    Deprecate {
        collection: crate::variable::Collection,
        key: Template,
        amount: i64,
        seconds: u64,
    },
    /// `initcol:ip=%{REMOTE_ADDR}`, `setsid`, `setuid`: which record of a collection this transaction has.
    Init(crate::variable::Collection, Template),
}

/// What happens to a variable.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    Set(Template),
    Add(Template),
    Subtract(Template),
    Unset,
}

impl Rule {
    /// The paranoia level that its tags name; zero when they name none.
    pub(crate) fn paranoia_level(&self) -> u8 {
        let tags = self.tags.iter().filter_map(Template::constant);
        tags.filter_map(|tag| tag.strip_prefix(b"paranoia-level/"))
            .find_map(|level| std::str::from_utf8(level).ok()?.parse().ok())
            .unwrap_or(0)
    }
}

impl RuleSet {
    /// Reads and compiles files, in order.
    ///
    /// # Errors
    /// What is wrong, with file and line.
    pub fn load(files: &[PathBuf]) -> Result<RuleSet, SyntaxError> {
        let mut loader = Loader::default();
        for file in files {
            loader.file(file, 0)?;
        }
        loader.finish()
    }

    /// Compiles a text; files that it names are found beside `directory`.
    ///
    /// # Errors
    /// What is wrong, with file and line.
    pub fn parse(name: &str, text: &str, directory: &Path) -> Result<RuleSet, SyntaxError> {
        let mut loader = Loader::default();
        loader.text(name, text, directory, 0)?;
        loader.finish()
    }

    /// Builds beforehand what the first exchange would build: for rules of the paranoia levels up to one.
    pub fn prepare(&self, paranoia_level: u8) {
        self.filter.prepare(paranoia_level);
    }

    /// How many rules there are, chains counted once.
    pub fn len(&self) -> usize {
        self.phases.iter().flatten().filter(|step| matches!(step, Step::Rule(_))).count()
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
