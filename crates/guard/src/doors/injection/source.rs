//! Where a judged text stands in a request, which decides what the policy can say about it.

use crate::events::redact::excerpt;

/// Where a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source<'n> {
    /// It is the value under this name, which `exempt` and `prose` may name.
    Value(&'n str),
    /// It is a name. No setting names names: they are judged whatever is exempt.
    Name(NamesOf),
    /// It stands in a place without names.
    Place(&'static str),
}

/// What a name is one of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NamesOf {
    /// The members, fields, elements and attributes of a body.
    Body,
    Query,
    Cookies,
}

impl NamesOf {
    /// A name in words: `the name of selector.n.$gt`. `pointer` is its place in a JSON body.
    pub(super) fn in_words(self, name: &[u8], pointer: Option<&str>) -> String {
        let path = pointer.map(|pointer| {
            let steps = pointer.split('/').skip(1);
            steps.map(|step| step.replace("~1", "/").replace("~0", "~")).collect::<Vec<_>>().join(".")
        });
        let shown = excerpt(path.as_deref().map_or(name, str::as_bytes));
        let whose = match self {
            NamesOf::Body => "",
            NamesOf::Query => " in the query",
            NamesOf::Cookies => " among the cookies",
        };
        format!("the name of {shown}{whose}")
    }
}
