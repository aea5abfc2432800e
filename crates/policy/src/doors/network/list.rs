//! `[[network.list]]`: lists of networks that others publish.

use std::path::PathBuf;
use std::time::Duration;

use http::Uri;
use ipnet::IpNet;
use reputation::AddressTable;
use reputation::list::parse;
use serde::{Deserialize, Serialize};

use crate::doors::auth::is_loopback;
use crate::reader::Reader;
use crate::settings::settings;
use crate::units::Period;

settings! {
    /// `[[network.list]]`: a list of networks, in a file or behind a URL. Read are lines of networks, addresses, ranges and
    /// `AS64496`, JSON as Spamhaus, CrowdSec, clouds and search engines publish it, and the exit list of Tor.
    pub item struct ListConfig {
        /// What events call it.
        pub name: String,
        /// The file. The policy is read again when it changes.
        pub file: Option<PathBuf>,
        /// Where it is fetched: `https://`, or `http://` on this machine.
        pub url: Option<String>,
        /// What becomes of a client that is on it: `refuse`, `challenge`, `report`, or `pass`, which no other list, country,
        /// ban or bot rule refuses.
        #[serde(default)]
        pub action: ListAction,
        /// How often it is fetched; only what has changed is sent again (`ETag`).
        #[serde(default = "an_hour")]
        pub every: Period,
        /// Where the last list that was fetched is kept, for a start while its publisher is away.
        pub copy: Option<PathBuf>,
    }
}

fn an_hour() -> Period {
    Period(Duration::from_secs(3600))
}

/// What becomes of a client that is on a list. The first that holds decides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ListAction {
    /// No list, country, ban or bot rule refuses it.
    Pass,
    /// It is refused.
    #[default]
    Refuse,
    /// A browser has to work for its first request.
    Challenge,
    /// It passes, with an event.
    Report,
}

impl ListAction {
    /// Its name in configuration.
    pub const fn name(self) -> &'static str {
        match self {
            ListAction::Pass => "pass",
            ListAction::Refuse => "refuse",
            ListAction::Challenge => "challenge",
            ListAction::Report => "report",
        }
    }
}

/// A list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// What events call it.
    pub name: String,
    /// What becomes of those on it.
    pub action: ListAction,
    /// Where it comes from.
    pub source: ListSource,
}

/// Where a list comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListSource {
    /// The policy itself.
    Policy,
    /// A file, with the number of its entries.
    File(PathBuf, usize),
    /// Fetched.
    Remote(RemoteList),
}

/// A list that is fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteList {
    /// From where.
    pub url: Uri,
    /// How often.
    pub every: Duration,
    /// Where the last one is kept.
    pub copy: Option<PathBuf>,
}

/// What lists say when a policy is read.
#[derive(Default)]
pub(super) struct Known {
    pub(super) lists: Vec<List>,
    pub(super) networks: Vec<(IpNet, u16)>,
    pub(super) asns: Vec<(u32, u16)>,
}

/// Reads the lists, and puts those first that decide first.
pub(super) fn compile(deny: &[IpNet], files: &[PathBuf], lists: &[ListConfig], reader: &mut Reader) -> Known {
    let mut read: Vec<(List, reputation::list::Entries)> = Vec::new();
    if !deny.is_empty() {
        let list =
            List { name: "[network] deny".into(), action: ListAction::Refuse, source: ListSource::Policy };
        let networks = deny.iter().map(IpNet::trunc).collect();
        read.push((list, reputation::list::Entries { networks, operators: Vec::new() }));
    }
    for (i, file) in files.iter().enumerate() {
        let at = ["network", "deny_files", &i.to_string()];
        let Some(entries) = from_file(file, &at, reader) else { continue };
        let name = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let source = ListSource::File(reader.path(file), entries.len());
        read.push((List { name, action: ListAction::Refuse, source }, entries));
    }
    for (i, list) in lists.iter().enumerate() {
        read.extend(one(list, &i.to_string(), reader));
    }
    if read.len() > usize::from(AddressTable::MAX_VALUE) {
        reader.wrong(&["network", "list"], "more lists than can be told apart", "put several into one");
        return Known::default();
    }
    read.sort_by_key(|(list, _)| list.action);
    let mut known = Known::default();
    for (n, (list, entries)) in (0_u16..).zip(read) {
        known.networks.extend(entries.networks.into_iter().map(|network| (network, n)));
        known.asns.extend(entries.operators.into_iter().map(|number| (number, n)));
        known.lists.push(list);
    }
    // The list that decides first comes first for each number.
    known.asns.sort_unstable();
    known.asns.dedup_by_key(|(number, _)| *number);
    known
}

fn one(config: &ListConfig, index: &str, reader: &mut Reader) -> Option<(List, reputation::list::Entries)> {
    let at = |setting: &'static str| ["network", "list", index, setting];
    let list = |source| List { name: config.name.clone(), action: config.action, source };
    match (&config.file, &config.url) {
        (Some(file), None) => {
            let entries = from_file(file, &at("file"), reader)?;
            Some((list(ListSource::File(reader.path(file), entries.len())), entries))
        }
        (None, Some(url)) => {
            let parsed = url.parse::<Uri>().ok().filter(|url| url.host().is_some());
            let is_safe = |url: &Uri| match url.scheme_str() {
                Some("https") => true,
                Some("http") => url.host().is_some_and(is_loopback),
                _ => false,
            };
            let Some(url) = parsed.filter(is_safe) else {
                let message = format!("`{url}` is no address that a list can be fetched from");
                reader.wrong(
                    &at("url"),
                    message,
                    "write `https://host/path`; `http://` only on this machine",
                );
                return None;
            };
            let copy = config.copy.as_ref().map(|copy| reader.path(copy));
            let remote = RemoteList { url, every: config.every.0, copy };
            Some((list(ListSource::Remote(remote)), reputation::list::Entries::default()))
        }
        _ => {
            reader.wrong(&at("name"), "a list has one source", "keep one of `file` and `url`");
            None
        }
    }
}

fn from_file(file: &std::path::Path, at: &[&str], reader: &mut Reader) -> Option<reputation::list::Entries> {
    let bytes = reader.file(file, at)?;
    match parse(&bytes) {
        Ok(entries) => Some(entries),
        Err(error) => {
            let message = format!("{}: {error}", reader.path(file).display());
            reader.wrong(at, message, "write `192.0.2.0/24` or an address, one a line");
            None
        }
    }
}
