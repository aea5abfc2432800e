//! No setting is forgotten: docs/configuration.md lists every one with its default, and `doorward check` shows it.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use openapi::Source;
use policy::{Config, Inputs, RouteConfig, Setting, TABLES};
use serde_json::Value;

/// Tables that are there only when somebody writes them, with what they require.
const OPTIONAL: &str = "
[gateway.tls]
certificate = 'cert.pem'
key = 'key.pem'
[[upstream]]
name = 'orders'
urls = ['http://127.0.0.1:3001']
[[network.list]]
name = 'drop'
file = 'drop.txt'
[[auth.issuer]]
[[auth.issuer.key]]
algorithm = 'EdDSA'
[[auth.api_key]]
subject = 'batch'
sha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
[[auth.provider]]
name = 'google'
issuer = 'https://accounts.google.com'
client_id = 'shop'
[waf.crs]
[ownership.service_credential]
";

const BEGIN: &str = "<!-- settings: written by `UPDATE_DOCS=1 cargo test -p policy --test settings` -->\n";
const END: &str = "<!-- end of settings -->\n";

fn written(text: &str) -> Value {
    serde_json::to_value(Config::parse(&Source::new("policy", text)).unwrap()).unwrap()
}

fn at<'v>(config: &'v Value, path: &str) -> &'v Value {
    path.split('.').fold(config, |value, name| match &value[name] {
        Value::Array(items) => items.first().unwrap_or(&Value::Null),
        value => value,
    })
}

#[test]
fn the_list_of_tables_is_complete() {
    fn tables(path: &str, value: &Value, found: &mut BTreeSet<String>) {
        for (name, value) in value.as_object().into_iter().flatten() {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let value = if let Value::Array(items) = value { items.first().unwrap_or(value) } else { value };
            // An empty map is a setting; tables have settings.
            if value.as_object().is_some_and(|table| !table.is_empty()) {
                found.insert(path.clone());
            }
            tables(&path, value, found);
        }
    }
    let mut found = BTreeSet::new();
    let config = written(OPTIONAL);
    tables("", &config, &mut found);
    let listed: BTreeSet<String> = TABLES.iter().map(|table| table.path.to_owned()).collect();
    assert_eq!(listed, found);
    for table in TABLES {
        let keys: Vec<&String> = at(&config, table.path).as_object().unwrap().keys().collect();
        let names: Vec<&str> = table.settings.iter().map(|setting| setting.name).collect();
        assert_eq!(names, keys, "[{}]", table.path);
        assert!(table.settings.iter().all(|s| !s.help.trim().is_empty()), "[{}]", table.path);
    }
}

#[test]
fn check_shows_every_setting() {
    let inputs = Inputs { text: Some(String::new()), ..Inputs::default() };
    let rows = policy::load(&inputs).unwrap().settings;
    let config = written("");
    let of_defaults = TABLES.iter().filter(|table| !at(&config, table.path).is_null());
    for setting in of_defaults.flat_map(|t| t.settings.iter().map(|s| format!("{}.{}", t.path, s.name))) {
        let row = rows.iter().find(|row| row.setting.starts_with(&setting));
        assert!(row.is_some_and(|row| row.is_default), "{setting}: {row:?}");
    }
}

/// A value for each setting of a route, other than the default.
const ROUTE: &[(&str, &str)] = &[
    ("path", "'/orders/{id}'"),
    ("host", "['shop.example']"),
    ("methods", "['PUT']"),
    ("upstream", "'gateway'"),
    ("strip_prefix", "'/carts'"),
    ("rewrite", "'/c/{id}'"),
    ("redirect", "'/new/{id}'"),
    ("deny", "true"),
    ("login", "true"),
    ("doors", "{ cors = 'off' }"),
    ("max_body", "'7 KiB'"),
    ("body", "'stream'"),
    ("other_charsets", "'pass'"),
    ("html", "'report'"),
    ("limits", "['7 per day']"),
    ("failure", "{ json = '/ok != true' }"),
    ("auth", "'required'"),
    ("scopes", "['write']"),
    ("roles", "['clerk']"),
    ("permissions", "['orders:write']"),
    ("require", "['mfa']"),
    ("max_auth_age", "'10m'"),
    ("fields", "['note']"),
    ("unknown_properties", "'refuse'"),
    ("unknown_parameters", "'allow'"),
    ("responses", "'allow'"),
    ("unreadable", "'report'"),
    ("patch_paths", "['/note']"),
    ("allow_properties", "['extra']"),
    ("exempt", "['code']"),
    ("prose", "['note']"),
    ("detectors", "{ shell = 'observe' }"),
    ("sanitize", "{ note = 'basic' }"),
    ("bind", "{ 'path.id' = 'sub' }"),
    ("owner", "'/user_id'"),
    ("check_owner_before_write", "'/carts/{id}'"),
    ("objects", "[{ id = 'query.ids', kind = 'order' }]"),
    ("remember", "{ order = ['/id'] }"),
];

#[test]
fn check_shows_every_setting_of_a_route() {
    let shown = |settings: &[(&str, &str)]| {
        let mut text = format!("{AUTH}\n[[route]]\n");
        if !settings.iter().any(|(name, _)| *name == "path") {
            text.push_str("path = '/carts/{id}/**'\n");
        }
        for (name, value) in settings {
            writeln!(text, "{name} = {value}").unwrap();
        }
        text.push_str("[[route]]\npath = '/carts/{id}'\nowner = '/user_id'\n");
        let inputs = Inputs { text: Some(text.clone()), ..Inputs::default() };
        let policy = policy::load(&inputs).unwrap_or_else(|e| unreachable!("{}\n{text}", e.lines()));
        policy.routes().map(|route| format!("{} {:?}", route.name, route.rows())).collect::<Vec<_>>()
    };
    let unset = shown(&[]);
    let names: Vec<&str> = RouteConfig::settings().map(|setting| setting.name).collect();
    assert_eq!(names, ROUTE.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    for setting in ROUTE {
        assert_ne!(shown(&[*setting]), unset, "{} is not shown", setting.0);
    }
}

const AUTH: &str = "[[auth.api_key]]
subject = 'batch'
sha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'";

#[test]
fn the_documentation_lists_every_setting_with_its_default() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (listed, after) = rest.split_once(END).unwrap();
    let expected = reference();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
    } else {
        assert!(listed == expected, "run UPDATE_DOCS=1 cargo test -p policy --test settings\n{expected}");
    }
}

fn reference() -> String {
    let (config, sample) = (written(OPTIONAL), OPTIONAL.parse::<toml::Table>().unwrap());
    let sample = serde_json::to_value(sample).unwrap();
    let mut page = String::new();
    for table in TABLES {
        let (values, required) = (at(&config, table.path), at(&sample, table.path));
        let title = table.about.trim().split_once(": ").map_or(table.about.trim(), |(title, _)| title);
        let about = table.about.trim().split_once(": ").map_or("", |(_, about)| about);
        let mut letters = about.trim_end_matches('.').chars();
        let about: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
        writeln!(page, "\n### {title}\n\n{about}.\n\n| setting | default | |\n|---|---|---|").unwrap();
        for setting in table.settings {
            let value = &values[setting.name];
            let is_table =
                TABLES.iter().any(|inner| inner.path == format!("{}.{}", table.path, setting.name));
            let default = match value {
                _ if is_table => "a table of its own".into(),
                _ if required.get(setting.name).is_some() => "required".into(),
                Value::Null => "not set".into(),
                value => format!("`{}`", value.to_string().replace('|', "\\|")),
            };
            row(&mut page, setting, &default);
        }
        page.push_str(&example(table.path));
    }
    page.push_str("\n### `[[route]]`, and `x-doorward` in the document\n\nAll but `path` are optional.\n\n");
    page.push_str("| setting | |\n|---|---|\n");
    for setting in RouteConfig::settings() {
        writeln!(page, "| `{}` | {} |", setting.name, help(setting)).unwrap();
    }
    page.push_str(&example("route"));
    page.push_str(
        "\n### `[doors]`\n\nThe mode of each door: `off`, `observe` or `enforce` ([modes](#modes)).\n",
    );
    page.push_str(&example("doors"));
    page.push('\n');
    page
}

/// The example of a table. `tests/examples.rs` loads it.
fn example(path: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/examples/{path}.toml"));
    let text =
        std::fs::read_to_string(&file).unwrap_or_else(|error| unreachable!("{}: {error}", file.display()));
    let indented = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") };
    std::iter::once("\n".to_owned()).chain(text.lines().map(indented)).collect()
}

fn row(page: &mut String, setting: &Setting, default: &str) {
    writeln!(page, "| `{}` | {default} | {} |", setting.name, help(setting)).unwrap();
}

fn help(setting: &Setting) -> String {
    let old = setting.formerly.map(|old| format!(" Formerly `{old}`."));
    format!("{}{}", setting.help.trim().replace('|', "\\|"), old.unwrap_or_default())
}

#[test]
fn old_spellings_are_accepted_with_a_notice() {
    let document = "openapi: 3.1.0
paths:
  /orders/{id}:
    x-doorward: { detectors: { sql: suspect } }
    get: { x-doorward: { owner: /user_id }, responses: {} }
    put: { x-doorward: { before_write: true }, responses: {} }
";
    let policy = format!(
        "[ownership]
foreign = '403'
look_cache = '5s'
[ownership.read_as]
secret_env = 'PATH'
[ownership.ledger]
keep = '1h'
[injection]
decode_rounds = 2
detectors = {{ shell = 'sure' }}
[gateway.health]
failures = 2
rest = '1s'
{AUTH}
[[route]]
path = '/carts/{{id}}'
owner = '/user_id'
[[route]]
path = '/carts/{{id}}/items'
before_write = '/carts/{{id}}'
detectors = {{ path = 'suspect' }}
"
    );
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| -> PathBuf {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let inputs = Inputs {
        file: Some(file("doorward.toml", &policy)),
        openapi: Some(file("api.yaml", document)),
        ..Inputs::default()
    };
    let policy = policy::load(&inputs).unwrap_or_else(|e| unreachable!("{}", e.lines()));
    assert_eq!(policy.ownership.forbidden_status, policy::ForbiddenStatus::Forbidden);
    assert_eq!(policy.injection.max_decode_depth, 2);
    let notices: Vec<String> = policy
        .notices
        .iter()
        .map(|n| {
            let (line, _) = n.position().unwrap();
            let file = Path::new(n.file()).file_name().unwrap().to_string_lossy().into_owned();
            format!("{file}:{line} {}", n.message())
        })
        .collect();
    assert_eq!(
        notices,
        [
            "doorward.toml:12 `failures` is now called `consecutive_failures`",
            "doorward.toml:13 `rest` is now called `ejection_time`",
            "doorward.toml:9 `decode_rounds` is now called `max_decode_depth`",
            "doorward.toml:10 `sure` is now called `high`",
            "doorward.toml:2 `foreign` is now called `forbidden_status`",
            "doorward.toml:3 `look_cache` is now called `check_cache_ttl`",
            "doorward.toml:4 `read_as` is now called `service_credential`",
            "doorward.toml:7 `keep` is now called `ttl`",
            "doorward.toml:22 `before_write` is now called `check_owner_before_write`",
            "doorward.toml:23 `suspect` is now called `medium`",
            "api.yaml:4 `suspect` is now called `medium`",
            "api.yaml:4 `suspect` is now called `medium`",
            "api.yaml:6 `before_write` is now called `check_owner_before_write`",
        ]
    );
}

#[test]
fn a_problem_with_an_old_spelling_has_its_place() {
    for (text, position, help) in [
        ("[ownership.read_as]\nheader = 'a b'\nsecret_env = 'PATH'", (2, 10), "authorization"),
        ("[[route]]\npath = '/a/{id}'\nbefore_write = '/a/{nobody}'", (3, 16), "names"),
        ("[ownership]\nforeing = '403'", (2, 1), "forbidden_status"),
    ] {
        let inputs = Inputs { text: Some(format!("{text}\n{AUTH}")), ..Inputs::default() };
        let error = policy::load(&inputs).unwrap_err();
        let problem = error.problems.iter().find(|p| p.position() == Some(position));
        let problem = problem.unwrap_or_else(|| unreachable!("{text}: {}", error.lines()));
        assert!(problem.help().unwrap_or("").contains(help), "{text}: {problem:?}");
    }
}

#[test]
fn an_old_and_a_present_spelling_together_are_refused() {
    for text in [
        "[ownership]\nforeign = '403'\nforbidden_status = '404'",
        "[[route]]\npath = '/a'\nbefore_write = true\ncheck_owner_before_write = true",
    ] {
        let inputs = Inputs { text: Some(text.into()), ..Inputs::default() };
        let lines = policy::load(&inputs).unwrap_err().lines();
        assert!(lines.contains("duplicate field"), "{lines}");
    }
}
