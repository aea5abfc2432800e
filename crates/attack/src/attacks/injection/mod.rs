//! Injection beside SQL: operators of document databases, commands, paths, templates, XML, requests, headers, formulas
//! ([guide §9]).
//!
//! [guide §9]: https://github.com/doorward/doorward/blob/main/docs/guide.md#9-web-application-firewall

mod command;
mod csv;
mod files;
mod header;
mod host;
mod ldap;
mod listener;
mod location;
mod lookup;
mod nosql_operator;
mod nosql_secret;
mod path_traversal;
mod prototype;
mod redirect;
mod ssrf;
mod takes;
mod template;
mod xxe;

use crate::attack::Attack;

pub(super) const ATTACKS: &[Attack] = &[
    ssrf::ATTACK,
    redirect::ATTACK,
    host::ATTACK,
    header::ATTACK,
    csv::ATTACK,
    nosql_operator::ATTACK,
    command::ATTACK,
    path_traversal::ATTACK,
    template::ATTACK,
    ldap::ATTACK,
    xxe::ATTACK,
    prototype::ATTACK,
    nosql_secret::ATTACK,
    lookup::ATTACK,
];
