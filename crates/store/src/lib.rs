//! Shared state behind small traits: counters for rate limits
