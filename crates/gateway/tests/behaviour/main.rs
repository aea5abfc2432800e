//! What a person who runs the gateway would see, over real sockets and against real peers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::cast_possible_truncation
)]

mod access_lines;
mod accounts;
mod admission;
mod allow_with;
mod balancing;
mod books;
mod bots;
mod browser;
mod cedar;
mod client_certificates;
mod connecting;
mod core_rule_set;
mod credential_stuffing;
mod credentials;
mod defaults;
mod doors;
mod failures;
mod floods;
mod foreign_objects;
mod frames;
mod framing;
mod graphql_limits;
mod heads;
mod honest;
mod http_api;
mod idp;
mod in_a_browser;
mod issuers;
mod large;
mod lenient;
mod limits;
mod log_in_pages;
mod many_sessions;
mod many_values;
mod metrics;
mod names;
mod networks;
mod observing;
mod one_reading;
mod ownership;
mod parts;
mod passkeys;
mod permissions;
mod protocols;
mod provider_attacks;
mod providers;
mod proxied;
mod readings;
mod refused_uploads;
mod reload;
mod reused;
mod routes;
mod schema;
mod secrets;
#[path = "../../../store/tests/servers/mod.rs"]
mod servers;
mod several;
mod shared_limits;
mod standing;
mod streams;
mod support;
#[path = "../../../guard/tests/things/mod.rs"]
mod things;
mod tokens;
mod traffic;
mod way_back;
