//! All pages, read by an HTML parser.

mod pages;
mod parsed;
mod style;
