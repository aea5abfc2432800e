//! How rules select members of collections.

use regex::bytes::Regex;

use crate::collection::Collection;
use crate::tx::TxName;

/// Which members of a collection a target selects.
#[derive(Debug, Clone)]
pub(crate) enum Selector {
    /// All.
    All,
    /// Those with a name, whatever its case.
    Name(String),
    /// The `TX` variable with a name.
    Tx(TxName),
    /// Those whose name matches.
    Matching(Regex),
}

impl Selector {
    /// Whether a member's name is selected.
    pub(crate) fn selects(&self, name: &[u8]) -> bool {
        match self {
            Selector::All => true,
            Selector::Name(own) => own.as_bytes().eq_ignore_ascii_case(name),
            Selector::Tx(own) => own.text().eq_ignore_ascii_case(name),
            Selector::Matching(regex) => regex.is_match(name),
        }
    }
}

/// A variable in a rule's target list, compiled.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) collection: Collection,
    pub(crate) selector: Selector,
    /// `&`: the number of members.
    pub(crate) counted: bool,
}

impl Target {
    pub(crate) fn compile(raw: &crate::rule::Variable) -> Result<Target, String> {
        let collection =
            Collection::named(&raw.name).ok_or_else(|| format!("unknown variable `{}`", raw.name))?;
        let selector = match raw.selector.as_deref() {
            None => Selector::All,
            Some(text) => match text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
                // A selector of `XML` is XPath.
                Some(pattern) if collection != Collection::Xml => {
                    Selector::Matching(crate::operator::selector(pattern)?)
                }
                _ if collection == Collection::Tx => {
                    Selector::Tx(TxName::new(text.trim_matches('\'').as_bytes()))
                }
                _ => Selector::Name(text.trim_matches('\'').to_owned()),
            },
        };
        Ok(Target { collection, selector, counted: raw.counted })
    }

    /// Whether this target, as an exclusion, excludes a member.
    pub(crate) fn excludes(&self, collection: Collection, name: &[u8]) -> bool {
        self.collection == collection && self.selector.selects(name)
    }
}
