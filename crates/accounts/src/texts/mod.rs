//! The words of pages and mails, one file for each language.
//!
//! A file has exactly the keys of `en.toml`, and in each text the same `{placeholders}`. English and German are built in;
//! [`Texts::from_file`] reads another language and names every key that is missing or unknown.

mod catalogue;
mod fill;
mod languages;
mod tags;
#[cfg(test)]
mod tests;

pub use catalogue::{Hint, Notice, Problem, Texts, TextsError};
pub(crate) use fill::fill;
pub use languages::Languages;
