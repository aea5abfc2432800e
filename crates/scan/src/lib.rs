//! Looks at what an API is made of: its source code ([`code`]) and its dependencies ([`deps`]).

pub mod code;
pub mod deps;
