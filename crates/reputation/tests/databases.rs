//! Databases of countries and operators. Those here name networks of documentation alone (RFC 5737, RFC 3849).

#![allow(clippy::unwrap_used)]

use reputation::Geo;

const COUNTRIES: &[u8] = include_bytes!("country.mmdb");
const ASNS: &[u8] = include_bytes!("asn.mmdb");

#[test]
fn addresses_have_a_country_and_an_operator() {
    let geo = Geo::new(Some(COUNTRIES.to_vec()), Some(ASNS.to_vec())).unwrap();
    for (address, country, operator) in [
        ("192.0.2.7", Some("NL"), Some(64496)),
        ("::ffff:192.0.2.7", Some("NL"), Some(64496)),
        ("198.51.100.7", Some("JP"), None),
        ("2001:db8::7", Some("DE"), Some(64497)),
        ("203.0.113.7", None, None),
    ] {
        let address = address.parse().unwrap();
        assert_eq!(geo.country(address).map(|code| code.to_string()).as_deref(), country, "{address}");
        assert_eq!(geo.operator(address), operator, "{address}");
    }
}

#[test]
fn what_says_nothing_of_what_is_asked_is_an_error() {
    let told = |geo: Result<Geo, reputation::GeoError>| geo.unwrap_err().to_string();
    assert_eq!(
        told(Geo::new(Some(ASNS.to_vec()), None)),
        "a database of the type `Test-ASN` has no countries"
    );
    assert_eq!(
        told(Geo::new(None, Some(COUNTRIES.to_vec()))),
        "a database of the type `Test-Country` has no numbers of networks (ASN)"
    );
    assert!(told(Geo::new(Some(b"192.0.2.0/24".to_vec()), None)).starts_with("it is no MaxMind DB"));
    assert!(told(Geo::new(Some(Vec::new()), None)).starts_with("it is no MaxMind DB"));
    for end in (0..COUNTRIES.len()).step_by(7) {
        // Cut off anywhere, it is an error or what is left of it, and no panic.
        if let Ok(geo) = Geo::new(Some(COUNTRIES[..end].to_vec()), None) {
            geo.country([192, 0, 2, 7].into());
        }
    }
}
