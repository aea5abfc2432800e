//! The prober: attacks an API from outside and reports with evidence
