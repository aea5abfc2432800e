//! Rules that run: what the engine does for each, with everything resolved that can be.

use std::sync::Arc;

use crate::collection::Collection;
use crate::ctl::Ctl;
use crate::filter::slot::Slot;
use crate::macros::Template;
use crate::operator::{CompiledOperator, NumberTest};
use crate::transform::Transformation;
use crate::tx::TxName;
use crate::variable::Target;

/// An entry of a phase.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Rule(Arc<CompiledRule>),
    Marker(Arc<str>),
}

impl Step {
    /// The rule, if it is one.
    pub(crate) fn rule(&self) -> Option<&CompiledRule> {
        match self {
            Step::Rule(rule) => Some(rule),
            Step::Marker(_) => None,
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
