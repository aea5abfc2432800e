//! The examples of docs/configuration.md are policies, and each shows what it stands for.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use policy::{ConfigError, Inputs, Policy, TABLES};

/// The files that examples name.
const FILES: &[(&str, &str)] = &[
    ("openapi.yaml", "openapi: 3.1.0\npaths:\n  /orders:\n    get: { operationId: list, responses: {} }\n"),
    ("cert.pem", ""),
    ("key.pem", ""),
    ("gate.pem", ""),
    ("gate.key", ""),
    ("internal-ca.pem", ""),
    ("smtp.url", "smtps://user:password@mail.example"),
    ("google.secret", "given by the provider"),
    ("limits.secret", "a secret of more than thirty-two bytes"),
    ("token.secret", "a secret of more than thirty-two bytes"),
    ("gate.credential", "Bearer token"),
    ("partner.jwks.json", "{\"keys\":[]}"),
    (
        "orders.yaml",
        "openapi: 3.1.0\nservers: [{ url: /orders }]\npaths: { \"/{id}\": { get: { responses: {} } } }\n",
    ),
    ("internal-ca.pem", ""),
    ("blocklist.txt", "198.51.100.0/24 # a list\n"),
    ("ours.txt", "203.0.113.0/28\n"),
    ("exclusions.conf", "SecRuleRemoveById 1\n"),
    ("coreruleset/rules/one.conf", "SecRule ARGS \"@contains x\" \"id:1,phase:2,deny\"\n"),
    ("policies/all.cedar", "permit (principal, action, resource);\n"),
];

const DATABASES: [(&str, &[u8]); 2] = [
    ("country.mmdb", include_bytes!("../../reputation/tests/country.mmdb")),
    ("asn.mmdb", include_bytes!("../../reputation/tests/asn.mmdb")),
];

const ISSUER: &str = "[[auth.issuer]]\njwks = \"https://login.example.com/jwks.json\"\n";

fn load(text: &str) -> Result<Policy, ConfigError> {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in FILES {
        let file = directory.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, content).unwrap();
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    }
    for (name, database) in DATABASES {
        std::fs::write(directory.path().join(name), database).unwrap();
    }
    let file = directory.path().join("doorward.toml");
    std::fs::write(&file, text).unwrap();
    policy::load(&Inputs { file: Some(file), ..Inputs::default() })
}

#[test]
fn every_table_has_an_example_that_loads_and_sets_something() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/examples");
    let written: BTreeSet<String> = std::fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let expected: BTreeSet<String> =
        TABLES.iter().map(|table| table.path).chain(["doors", "route"]).map(str::to_owned).collect();
    assert_eq!(written, expected);
    for path in written {
        let text = std::fs::read_to_string(directory.join(format!("{path}.toml"))).unwrap();
        let policy = load(&text).unwrap_or_else(|error| unreachable!("{path}\n{}", error.lines()));
        assert!(text.contains(&format!("[{path}]")), "{path}");
        // `auth.issuer[0].key[0].algorithm` is a setting of `auth.issuer.key`.
        let tables = policy.settings.iter().filter(|row| !row.is_default).map(|row| {
            let name = row.setting.split('[').map(|part| part.split_once(']').map_or(part, |(_, rest)| rest));
            name.collect::<String>()
        });
        let is_set =
            tables.into_iter().any(|name| name.strip_prefix(&path).is_some_and(|rest| rest.starts_with('.')));
        assert!(is_set || ["doors", "route"].contains(&&*path), "{path} sets nothing: {text}");
    }
}

#[test]
fn what_the_page_shows_besides_loads() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (written, _) = page.split_once("<!-- settings").unwrap();
    let is_code = |line: &str| line.starts_with("    ");
    let mut blocks = vec![String::new()];
    for line in written.lines() {
        match line.strip_prefix("    ") {
            Some(code) => blocks.last_mut().unwrap().extend([code, "\n"]),
            None if line.is_empty() => blocks.last_mut().unwrap().push('\n'),
            None => blocks.push(String::new()),
        }
    }
    assert!(written.lines().any(is_code));
    let blocks: Vec<_> = blocks.iter().filter(|block| !block.trim().is_empty()).collect();
    assert!(blocks.len() > 4, "{blocks:?}");
    for block in blocks {
        let text = match block.trim_start().starts_with('[') {
            true => format!("{ISSUER}{block}"),
            false => format!("[[route]]\npath = \"/some\"\n{block}"),
        };
        load(&text).unwrap_or_else(|error| unreachable!("{}\n{text}", error.lines()));
    }
}
