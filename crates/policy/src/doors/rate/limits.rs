//! Several limits, as people write them.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use super::limit::{Limit, LimitKey};

/// Limits in a list, or several in one text: `200 per day; 50 per hour`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Limits(pub Vec<Limit>);

impl Limits {
    /// One that is known to be right.
    pub(super) fn of(limit: &str) -> Self {
        Limits(limit.parse().into_iter().collect())
    }
}

impl Limits {
    /// What they count by and nobody can tell without a database: the problem, and the help.
    pub(crate) fn lack(
        &self,
        has_countries: bool,
        has_operators: bool,
    ) -> Option<(&'static str, &'static str)> {
        let count_by = |key: &LimitKey| self.0.iter().any(|limit| limit.keys.contains(key));
        if count_by(&LimitKey::Country) && !has_countries {
            let help = "[network.countries] database = \"GeoLite2-Country.mmdb\"";
            return Some(("countries cannot be told without a database", help));
        }
        if count_by(&LimitKey::Asn) && !has_operators {
            let help = "[network.asns] database = \"GeoLite2-ASN.mmdb\"";
            return Some(("operators cannot be told without a database", help));
        }
        None
    }
}

impl<'de> Deserialize<'de> for Limits {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            One(String),
            Several(Vec<String>),
        }
        let texts = match Written::deserialize(d)
            .map_err(|_| D::Error::custom("limits are texts: `[\"100 per minute\"]`"))?
        {
            Written::One(text) => vec![text],
            Written::Several(texts) => texts,
        };
        let each = texts.iter().flat_map(|text| text.split(';')).map(str::trim);
        each.map(|text| text.parse().map_err(D::Error::custom)).collect::<Result<_, _>>().map(Limits)
    }
}
