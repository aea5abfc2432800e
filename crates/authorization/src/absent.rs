//! What stands for Cedar in a build without it: policies cannot be compiled, so nothing can run without them.

use std::collections::BTreeMap;

use openapi::{Document, Problem, Source};

use crate::claim_type::ClaimType;
use crate::request::{AuthorizationDecision, AuthorizationRequest, Needs};
use crate::visibility::VisibilityOf;

/// Compiled policies, of which this build has none.
#[derive(Debug)]
pub enum Cedar {}

impl Cedar {
    /// Refuses policies.
    ///
    /// # Errors
    /// Always: a policy that is written and not enforced would be an open door.
    pub fn compile(
        _: &Document,
        _: &BTreeMap<String, ClaimType>,
        sources: &[Source],
        _: &VisibilityOf<'_>,
    ) -> Result<Cedar, Vec<Problem>> {
        let problem = |source: &Source| {
            source
                .problem(None, "this build has no Cedar, so it cannot enforce policies")
                .with_help("build with the feature `cedar`, or remove the policies from `[cedar]`")
        };
        Err(sources.iter().map(problem).collect())
    }

    /// What a decision depends on.
    pub fn needs(&self, _: &str) -> Needs {
        match *self {}
    }

    /// Evaluates the policies.
    pub fn decide(&self, _: &str, _: &AuthorizationRequest<'_>) -> AuthorizationDecision {
        match *self {}
    }
}
