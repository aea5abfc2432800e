//! Country and network operator of an address, out of databases in the MaxMind DB format.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use maxminddb::{MaxMindDbError, Reader};
use serde::Deserialize;

/// A country: two letters of ISO 3166-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CountryCode([u8; 2]);

impl CountryCode {
    /// Its letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("??")
    }
}

impl FromStr for CountryCode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.as_bytes() {
            [a, b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
                Ok(CountryCode([a.to_ascii_uppercase(), b.to_ascii_uppercase()]))
            }
            _ => Err(format!("`{text}` is no country; write two letters of ISO 3166-1, such as `DE`")),
        }
    }
}

impl fmt::Display for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GeoError {
    /// It is none.
    #[error("it is no MaxMind DB: {0}")]
    Format(#[from] MaxMindDbError),
    /// It says nothing of countries.
    #[error("a database of the type `{0}` has no countries")]
    NoCountries(String),
    /// It says nothing of operators.
    #[error("a database of the type `{0}` has no numbers of networks (ASN)")]
    NoOperators(String),
}

/// A record, with the names that the vendors give to what is asked for.
#[derive(Deserialize)]
struct Fields<'r> {
    /// MaxMind, DB-IP.
    #[serde(borrow, default)]
    country: Option<Country<'r>>,
    #[serde(borrow, default)]
    registered_country: Option<Country<'r>>,
    /// Flat databases.
    #[serde(default)]
    country_code: Option<&'r str>,
    #[serde(borrow, default)]
    autonomous_system_number: Option<Asn<'r>>,
    /// IPinfo: `AS64496`.
    #[serde(default)]
    asn: Option<Asn<'r>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Country<'r> {
    Record {
        #[serde(borrow, default)]
        iso_code: Option<&'r str>,
    },
    Code(&'r str),
}

/// Vendors write it in integers of every width.
#[derive(Deserialize)]
#[serde(untagged)]
enum Asn<'r> {
    Number(u32),
    Text(&'r str),
}

impl Fields<'_> {
    fn country(&self) -> Option<CountryCode> {
        let code = |country: &Country<'_>| match country {
            Country::Record { iso_code } => iso_code.and_then(|code| code.parse().ok()),
            Country::Code(code) => code.parse().ok(),
        };
        let flat = || self.country_code.and_then(|code| code.parse().ok());
        let of_record = self.country.as_ref().and_then(code).or_else(flat);
        of_record.or_else(|| self.registered_country.as_ref().and_then(code))
    }

    fn operator(&self) -> Option<u32> {
        match self.autonomous_system_number.as_ref().or(self.asn.as_ref())? {
            Asn::Number(number) => Some(*number),
            Asn::Text(text) => text.trim_start_matches(['A', 'S', 'a', 's']).parse().ok(),
        }
    }
}

/// Databases in the MaxMind DB format, of any vendor.
#[derive(Default)]
pub struct Geo {
    countries: Option<Reader<Vec<u8>>>,
    operators: Option<Reader<Vec<u8>>>,
}

impl Geo {
    /// Reads databases. One file may hold both.
    ///
    /// # Errors
    /// If one is no such database, or of a type without what is asked of it.
    pub fn new(countries: Option<Vec<u8>>, operators: Option<Vec<u8>>) -> Result<Self, GeoError> {
        let open = |bytes: Vec<u8>| Reader::from_source(bytes);
        let geo =
            Geo { countries: countries.map(open).transpose()?, operators: operators.map(open).transpose()? };
        // An address that only one of them lacks is no reason; that none of many has it is.
        if let Some(reader) = &geo.countries
            && !some_record(reader, |fields| fields.country().is_some())
        {
            return Err(GeoError::NoCountries(reader.metadata().database_type.clone()));
        }
        if let Some(reader) = &geo.operators
            && !some_record(reader, |fields| fields.operator().is_some())
        {
            return Err(GeoError::NoOperators(reader.metadata().database_type.clone()));
        }
        Ok(geo)
    }

    /// The country of an address, if a database knows it.
    pub fn country(&self, address: IpAddr) -> Option<CountryCode> {
        fields(self.countries.as_ref()?, address, |fields| fields.country())
    }

    /// The number of the network (ASN) that announces an address.
    pub fn operator(&self, address: IpAddr) -> Option<u32> {
        fields(self.operators.as_ref()?, address, |fields| fields.operator())
    }

    /// Whether countries can be told.
    pub fn has_countries(&self) -> bool {
        self.countries.is_some()
    }

    /// Whether operators can be told.
    pub fn has_operators(&self) -> bool {
        self.operators.is_some()
    }
}

impl fmt::Debug for Geo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = |reader: &Option<Reader<Vec<u8>>>| {
            reader.as_ref().map(|reader| reader.metadata().database_type.clone())
        };
        f.debug_struct("Geo")
            .field("countries", &kind(&self.countries))
            .field("operators", &kind(&self.operators))
            .finish()
    }
}

fn fields<T>(
    reader: &Reader<Vec<u8>>,
    address: IpAddr,
    read: impl Fn(&Fields<'_>) -> Option<T>,
) -> Option<T> {
    let found = reader.lookup(address.to_canonical()).ok()?;
    read(&found.decode::<Fields<'_>>().ok()??)
}

/// Whether one of the first records has what is looked for.
fn some_record(reader: &Reader<Vec<u8>>, has: impl Fn(&Fields<'_>) -> bool) -> bool {
    const LOOKED_AT: usize = 10_000;
    let Ok(networks) = reader.networks(Default::default()) else { return false };
    networks
        .take(LOOKED_AT)
        .flatten()
        .any(|found| matches!(found.decode::<Fields<'_>>(), Ok(Some(fields)) if has(&fields)))
}
