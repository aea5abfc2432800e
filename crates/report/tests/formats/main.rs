//! Whole reports in every format: golden files of an ordinary one, and hostile texts in every field.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, clippy::panic)]

mod contrast;
mod golden;
mod hostile;
mod markup;
mod sample;
