//! `[network.countries]` and `[network.asns]`: where clients are, and who operates their network.

use std::collections::BTreeSet;
use std::path::PathBuf;

use reputation::{CountryCode, Geo};
use serde::{Deserialize, Serialize};

use crate::reader::Reader;
use crate::settings::{serialize_as_text, settings};

settings! {
    /// `[network.countries]`: only clients of some countries, or none of some. It needs a database in the MaxMind DB format, of
    /// any vendor: GeoLite2-Country, DB-IP, IPinfo. Addresses of private networks have no country and pass.
    pub struct CountriesConfig {
        /// When not empty, only these: two letters of ISO 3166-1.
        pub allow: Vec<Country> = Vec::new(),
        /// Never these.
        pub deny: Vec<Country> = Vec::new(),
        /// The database. The policy is read again when it changes.
        pub database: Option<PathBuf> = None,
        /// What `allow` does with a public address that the database does not know: `refuse` or `pass`.
        pub unknown: Unknown = Unknown::Refuse,
    }
}

settings! {
    /// `[network.asns]`: operators of networks, by their number (ASN).
    pub struct AsnsConfig {
        /// Never these: `[64496, 64511]`. `AS64496` in a list of `[[network.list]]` does the same.
        pub deny: Vec<u32> = Vec::new(),
        /// The database, in the MaxMind DB format.
        pub database: Option<PathBuf> = None,
    }
}

/// A country in configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Country(pub CountryCode);

impl std::fmt::Display for Country {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map(Country).map_err(serde::de::Error::custom)
    }
}

serialize_as_text!(Country);

/// What becomes of an address whose country nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unknown {
    /// It is refused.
    Refuse,
    /// It passes.
    Pass,
}

/// Countries and operators that are kept out.
#[derive(Debug, Default)]
pub struct Places {
    /// When not empty, only these.
    pub allow: BTreeSet<CountryCode>,
    /// Never these.
    pub deny: BTreeSet<CountryCode>,
    /// Whether an unknown country passes `allow`.
    pub unknown_passes: bool,
    /// Never these operators.
    pub deny_asns: BTreeSet<u32>,
}

impl Places {
    /// Whether anything depends on the country of a client.
    pub fn asks_for_country(&self) -> bool {
        !self.allow.is_empty() || !self.deny.is_empty()
    }
}

pub(super) fn compile(
    countries: &CountriesConfig,
    asns: &AsnsConfig,
    lists_name_asns: bool,
    reader: &mut Reader,
) -> (Places, Geo) {
    let places = Places {
        allow: countries.allow.iter().map(|country| country.0).collect(),
        deny: countries.deny.iter().map(|country| country.0).collect(),
        unknown_passes: countries.unknown == Unknown::Pass,
        deny_asns: asns.deny.iter().copied().collect(),
    };
    const DATABASE: &str =
        "database = \"GeoLite2-Country.mmdb\" (any vendor's database in the MaxMind DB format)";
    if places.asks_for_country() && countries.database.is_none() {
        reader.wrong(&["network", "countries"], "countries cannot be told without a database", DATABASE);
    }
    if asns.database.is_none() && (!places.deny_asns.is_empty() || lists_name_asns) {
        let message = match lists_name_asns {
            true => "a list names operators (AS64496), which cannot be told without a database",
            false => "operators cannot be told without a database",
        };
        reader.wrong(&["network", "asns"], message, "[network.asns] database = \"GeoLite2-ASN.mmdb\"");
    }
    let mut open = |file: &Option<PathBuf>, at: &[&str], is_country: bool| {
        let path = file.as_deref()?;
        let bytes = reader.file(path, at)?;
        let tried = if is_country {
            Geo::new(Some(bytes.clone()), None)
        } else {
            Geo::new(None, Some(bytes.clone()))
        };
        match tried {
            Ok(_) => Some(bytes),
            Err(error) => {
                reader.wrong(at, format!("{}: {error}", reader.path(path).display()), "");
                None
            }
        }
    };
    let of_countries = open(&countries.database, &["network", "countries", "database"], true);
    let of_asns = open(&asns.database, &["network", "asns", "database"], false);
    (places, Geo::new(of_countries, of_asns).unwrap_or_default())
}
