//! One file per command.

pub mod attack;
mod audit_report;
pub mod check;
pub mod corpus;
pub mod demo;
pub mod init;
pub mod inspect;
pub mod lab;
pub mod learn;
mod request_file;
pub mod rules;
pub mod run;
mod table;
