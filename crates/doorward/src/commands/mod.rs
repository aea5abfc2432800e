//! One file per command.

pub(crate) mod attack;
mod audit_report;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod corpus;
pub(crate) mod demo;
pub(crate) mod health;
pub(crate) mod init;
pub(crate) mod inspect;
pub(crate) mod keys;
pub(crate) mod lab;
pub(crate) mod learn;
pub(crate) mod man;
pub(crate) mod operate;
mod output;
pub(crate) mod rules;
pub(crate) mod run;
pub(crate) mod scan;
mod terminal;
pub(crate) mod users;
