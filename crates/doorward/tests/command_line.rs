//! The binary, run as a person runs it.

#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::indexing_slicing)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ports::free_port;

#[path = "../../store/tests/servers/ports.rs"]
mod ports;

fn doorward(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_doorward"))
        .args(arguments)
        .current_dir(directory)
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn the_demo_ends_with_every_door_as_it_should_be() {
    let directory = tempfile::tempdir().unwrap();
    let demo = doorward(directory.path(), &["demo", "--verbose"]);
    let shown = text(&demo);
    assert_eq!(demo.status.code(), Some(0), "{shown}");
    let all = attack::all().count() * 3;
    assert!(shown.contains(&format!("All {all} attacks ended as they should")), "{shown}");
    let ordinary = shown.lines().find(|line| line.contains("Ordinary texts served")).unwrap();
    assert_eq!(ordinary.matches("40 of 40").count(), 3, "{shown}");
    for step in [
        "ok   the sixth wrong guess is not asked any more: [401, 401, 401, 401, 401, 429]",
        "ok   under attack, a browser gets a challenge (200 before, 403 now)",
        "ok   whoever solves it is served (200)",
    ] {
        assert!(shown.contains(step), "{step}: {shown}");
    }
}

#[test]
fn init_writes_a_file_that_check_finds_fine_and_does_not_overwrite() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(doorward(directory.path(), &["init"]).status.code(), Some(0));
    let check = doorward(directory.path(), &["check"]);
    assert_eq!(check.status.code(), Some(0), "{}", text(&check));
    assert!(text(&check).contains("2000 per 5m by ip"), "{}", text(&check));
    assert_eq!(doorward(directory.path(), &["init"]).status.code(), Some(2));
}

#[test]
fn every_commented_default_of_the_template_is_valid() {
    let directory = tempfile::tempdir().unwrap();
    doorward(directory.path(), &["init"]);
    let file = directory.path().join("doorward.toml");
    let commented = std::fs::read_to_string(&file).unwrap();
    // Everything but what needs files, keys or proxies that are not here.
    let skip = [
        "openapi",
        "[gateway.tls]",
        "certificate",
        "key = \"key",
        "deny_files",
        "[auth]",
        "[[auth",
        "issuer",
        "audience",
        "jwks",
        "subject",
        "sha256",
        "require = \"optional",
        "bind",
        "check_owner_before_write",
        "objects",
        "remember",
        "roles",
        "owner =",
        "proxy_protocol",
    ];
    let uncommented: String = commented
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest)
                if (rest.contains(" = ") || rest.starts_with('['))
                    && !skip.iter().any(|s| rest.starts_with(s)) =>
            {
                format!("{rest}\n")
            }
            _ => format!("{line}\n"),
        })
        .collect();
    std::fs::write(&file, uncommented).unwrap();
    let check = doorward(directory.path(), &["check"]);
    assert_eq!(check.status.code(), Some(0), "{}", text(&check));
}

#[test]
fn a_bad_policy_is_refused_with_its_place_and_help() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("doorward.toml"), "[cors]\norigin = ['https://a.example']\n")
        .unwrap();
    for command in ["check", "run"] {
        let output = doorward(directory.path(), &[command]);
        assert_eq!(output.status.code(), Some(2));
        let shown = text(&output);
        assert!(shown.contains("doorward.toml:2:1") && shown.contains("did you mean `origins`"), "{shown}");
    }
}

#[test]
fn check_audits_the_document() {
    let directory = tempfile::tempdir().unwrap();
    let document = "openapi: 3.1.0\npaths:\n  /users/{id}:\n    delete: { responses: {} }\n";
    std::fs::write(directory.path().join("api.yaml"), document).unwrap();
    let check = doorward(directory.path(), &["check", "--openapi", "api.yaml"]);
    let shown = text(&check);
    assert_eq!(check.status.code(), Some(0), "{shown}");
    assert!(shown.contains("api.yaml:4:5: DELETE /users/{id} changes things for anybody"), "{shown}");
    let strict = doorward(
        directory.path(),
        &["check", "--openapi", "api.yaml", "--format", "sarif", "--fail-on", "error"],
    );
    assert_eq!(strict.status.code(), Some(1));
    let sarif: serde_json::Value = serde_json::from_slice(&strict.stdout).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "write-without-auth");
    assert_eq!(sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"], 4);
}

#[test]
fn check_prints_what_is_wrong_in_the_format_that_was_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    let json = |arguments: &[&str]| {
        let output = doorward(directory.path(), &[&["check", "--format", "json"], arguments].concat());
        let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), value)
    };
    let (code, value) = json(&[]);
    assert_eq!(
        (code, &value["errors"], &value["grade"]),
        (Some(0), &serde_json::json!([]), &serde_json::Value::Null)
    );
    file("a.toml", "[cors]\norigins = 'https://a.example'\n");
    let (code, value) = json(&["-c", "a.toml"]);
    let error = &value["errors"][0];
    assert_eq!((code, &error["line"], &error["column"]), (Some(2), &2.into(), &11.into()), "{value}");
    assert!(error["help"].as_str().unwrap().contains("write a list"), "{value}");
    let (code, value) = json(&["-c", "none.toml"]);
    assert_eq!((code, &value["errors"][0]["file"]), (Some(2), &"none.toml".into()), "{value}");
    let sarif = doorward(directory.path(), &["check", "-c", "a.toml", "--format", "sarif"]);
    let value: serde_json::Value = serde_json::from_slice(&sarif.stdout).unwrap();
    assert_eq!(
        (sarif.status.code(), &value["runs"][0]["results"][0]["ruleId"]),
        (Some(2), &"invalid-policy".into())
    );
}

#[test]
fn check_tells_of_a_certificate_with_another_key() {
    let directory = tempfile::tempdir().unwrap();
    let openssl = |arguments: &str| {
        let done = Command::new("openssl").args(arguments.split(' ')).current_dir(directory.path()).output();
        assert!(done.unwrap().status.success(), "openssl {arguments}");
    };
    for name in ["a", "b"] {
        openssl(&format!("genpkey -algorithm ed25519 -out {name}.key"));
        openssl(&format!("req -x509 -key {name}.key -subj /CN=a -days 30 -out {name}.crt"));
        let key = directory.path().join(format!("{name}.key"));
        std::fs::set_permissions(key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }
    for (key, code, words) in [("a.key", 0, "is valid"), ("b.key", 2, "have to print the same")] {
        let policy = format!("[gateway.tls]\ncertificate = 'a.crt'\nkey = '{key}'\n");
        std::fs::write(directory.path().join("doorward.toml"), policy).unwrap();
        let output = doorward(directory.path(), &["check"]);
        let shown =
            text(&output).split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
        assert_eq!(output.status.code(), Some(code), "{shown}");
        assert!(shown.contains(words), "{shown}");
    }
}

#[test]
fn usage_errors_exit_with_two() {
    let directory = tempfile::tempdir().unwrap();
    for arguments in [
        &["run"][..],
        &["run", "--upstream", "ftp://x"],
        &["attack", "nowhere"],
        &["lab", "--listen", "0.0.0.0:0"],
        &["rules", "list", "/nonexistent"],
    ] {
        let output = doorward(directory.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output));
    }
}

/// Runs a command, and gives what it printed when it ended as expected.
fn ends_with(code: i32, directory: &Path, arguments: &[&str]) -> String {
    let output = doorward(directory, arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output));
    text(&output)
}

/// The rules of a log in SARIF.
fn rules_of(sarif: &str) -> Vec<String> {
    let log: serde_json::Value = serde_json::from_str(sarif).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let results = log["runs"][0]["results"].as_array().unwrap();
    results.iter().map(|result| result["ruleId"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_hole_in_code_is_told_until_it_is_mended_allowed_or_known() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let hole = |allowed: &str| {
        format!(
            "from flask import request\n\ndef users(db):\n    name = request.args[\"name\"]\n    \
             return db.execute(\"SELECT id FROM users WHERE name = '\" + name + \"'\"){allowed}\n"
        )
    };
    let write = |file: &str, source: &str| {
        std::fs::create_dir_all(here.join("app")).unwrap();
        std::fs::write(here.join("app").join(file), source).unwrap();
    };
    write("users.py", &hole(""));

    let shown = ends_with(1, here, &["scan", "code"]);
    for part in [
        "app/users.py:5:12: SQL is built with `request.args[\"name\"]` in it",
        "(line 4 -> 5)",
        "[sql-injection]",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(shown.ends_with("1 finding in 1 file, 5 lines\n"), "{shown}");
    ends_with(1, here, &["scan", "code", "app/users.py", "--fail-on", "high"]);
    ends_with(0, here, &["scan", "code", "--fail-on", "critical"]);
    ends_with(0, here, &["scan", "code", "--fail-on", "never"]);
    assert_eq!(rules_of(&ends_with(1, here, &["scan", "code", "--format", "sarif"])), ["sql-injection"]);
    for (format, begins) in [
        ("json", "{\n  \"findings\": ["),
        ("junit", "<?xml version=\"1.0\""),
        ("html", "<!DOCTYPE html>"),
        ("markdown", "#"),
    ] {
        let shown = ends_with(1, here, &["scan", "code", "--format", format]);
        assert!(shown.starts_with(begins) && shown.contains("sql-injection"), "{format}: {shown}");
    }

    // Known: only what is new fails.
    ends_with(0, here, &["scan", "code", "--write-baseline", "known.json"]);
    let known = ["scan", "code", "--baseline", "known.json"];
    assert!(ends_with(0, here, &known).contains("0 of them are new; 0 of the baseline are gone"));
    write("orders.py", &hole(""));
    assert!(ends_with(1, here, &known).contains("1 of them are new; 0 of the baseline are gone"));

    // Allowed, with a reason; then mended.
    write("orders.py", &hole("  # doorward: allow sql-injection because operators alone reach it"));
    ends_with(0, here, &known);
    write("orders.py", &hole("  # doorward: allow sql-injection"));
    assert!(ends_with(1, here, &known).contains("[suppression-without-reason]"));
    std::fs::remove_file(here.join("app/orders.py")).unwrap();
    write(
        "users.py",
        "from flask import request\n\ndef users(db):\n    name = request.args[\"name\"]\n    \
         return db.execute(\"SELECT id FROM users WHERE name = ?\", (name,))\n",
    );
    ends_with(0, here, &["scan", "code"]);
    assert!(ends_with(0, here, &known).contains("1 of the baseline are gone"));

    std::fs::write(here.join("broken.json"), "{").unwrap();
    for (arguments, words) in [
        (&["no-such-directory"][..], "no-such-directory: there is no such path"),
        (&["--fail-on", "worst"], "`worst` is no threshold"),
        (&["--format", "pdf"], "`pdf` is no format"),
        (&["--baseline", "broken.json"], "the baseline is broken"),
        (&["--rules", "no-such-directory"], "no-such-directory"),
    ] {
        let shown = ends_with(2, here, &[&["scan", "code"][..], arguments].concat());
        assert!(shown.contains(words), "{words}: {shown}");
    }

    // What was not looked at is not clean.
    std::fs::write(here.join("app/large.py"), "x = 1\n".repeat(200_000)).unwrap();
    assert!(ends_with(3, here, &["scan", "code"]).contains("app/large.py: larger than 1048576 bytes"));
}

#[test]
fn the_page_about_scanning_code_shows_what_is_printed() {
    let page = include_str!("../../../docs/scan-code.md");
    let lines = page.lines().skip_while(|line| !line.starts_with("    "));
    let lines = lines.take_while(|line| line.is_empty() || line.starts_with("    "));
    let block: String = lines.map(|line| line.get(4..).unwrap_or_default().to_owned() + "\n").collect();
    let (source, printed) = block.split_once("\n$ doorward scan code app.py\n").unwrap();
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("app.py"), source).unwrap();
    let shown = ends_with(1, directory.path(), &["scan", "code", "app.py"]);
    assert_eq!(shown.trim_end(), printed.trim_end());
}

#[test]
fn a_vulnerable_dependency_is_told_until_it_is_upgraded_ignored_or_known() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scan/tests/osv");
    let offline = ["scan", "deps", "--offline", sample.to_str().unwrap()];
    let with = |more: &[&'static str]| [&offline[..], more].concat();
    let lock = |hyper: &str| {
        let package = |name: &str, version: &str| {
            format!(
                "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n\
                 source = \"registry+https://github.com/rust-lang/crates.io-index\"\n"
            )
        };
        let text = "version = 4\n".to_owned() + &package("hyper", hyper) + &package("smallvec", "1.16.6");
        std::fs::write(here.join("Cargo.lock"), text).unwrap();
    };
    lock("0.14.9");

    let shown = ends_with(1, here, &offline);
    for part in [
        "Cargo.lock:4:1: hyper 0.14.9: hyper: the size of a chunk can overflow (critical 9.1)",
        "(RUSTSEC-2021-0079, CVE-2021-32714)  [GHSA-5h46-h7hh-c6x9]",
        "0.14.10",
        "2 packages in 1 lock file: 1 vulnerability (1 critical)",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    ends_with(1, here, &with(&["--fail-on", "critical"]));
    ends_with(0, here, &with(&["--fail-on", "never"]));
    assert_eq!(rules_of(&ends_with(1, here, &with(&["--format", "sarif"]))), ["GHSA-5h46-h7hh-c6x9"]);
    ends_with(0, here, &with(&["--fail-on", "never", "--sbom", "bom.json"]));
    let bom = std::fs::read_to_string(here.join("bom.json")).unwrap();
    assert!(bom.contains("pkg:cargo/hyper@0.14.9"), "{bom}");
    std::fs::remove_file(here.join("bom.json")).unwrap();

    // Known.
    ends_with(0, here, &with(&["--write-baseline", "known.json"]));
    ends_with(0, here, &with(&["--baseline", "known.json"]));
    std::fs::write(here.join("requirements.txt"), "Flask==2.2.0\n").unwrap();
    let shown = ends_with(1, here, &with(&["--baseline", "known.json"]));
    assert!(shown.contains("1 of them are new"), "{shown}");
    std::fs::remove_file(here.join("requirements.txt")).unwrap();

    // Ignored, with a reason.
    let ignore = |text: &str| std::fs::write(here.join("doorward-scan.toml"), text).unwrap();
    ignore("[[ignore]]\nid = 'CVE-2021-32714'\nreason = 'only a client'\n");
    let shown = ends_with(0, here, &offline);
    assert!(shown.contains("ignored hyper 0.14.9: GHSA-5h46-h7hh-c6x9, because only a client"), "{shown}");
    ignore("[[ignore]]\nid = 'CVE-2021-32714'\n");
    assert!(ends_with(2, here, &offline).contains("reason"));
    std::fs::remove_file(here.join("doorward-scan.toml")).unwrap();

    // Upgraded.
    lock("0.14.10");
    assert!(ends_with(0, here, &offline).contains("no known vulnerabilities"));
    ends_with(2, here, &with(&["no-such-directory"]));
    // Nothing is left to read, or nothing to compare with.
    ends_with(3, here, &["scan", "deps", "--offline", "."]);
    std::fs::remove_file(here.join("Cargo.lock")).unwrap();
    ends_with(3, here, &offline);
}

#[test]
fn an_api_that_cannot_be_reached_is_exit_three() {
    let directory = tempfile::tempdir().unwrap();
    let output = doorward(directory.path(), &["attack", "http://127.0.0.1:1"]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
}

/// A server that answers so many requests, and then listens no more.
fn small_api(requests: usize, answer: fn(&str) -> (u16, &'static str)) -> u16 {
    use std::io::{BufRead, BufReader, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().take(requests) {
            let mut stream = stream.unwrap();
            let mut head = BufReader::new(&stream).lines().map_while(Result::ok);
            let line = head.next().unwrap_or_default();
            while head.next().is_some_and(|line| !line.is_empty()) {}
            let (status, body) = answer(line.split(' ').nth(1).unwrap_or(""));
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
                 Connection: close\r\n\r\n{body}"
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    port
}

const FINDER: &str = r#"{ "openapi": "3.1.0", "info": { "title": "a", "version": "1" }, "paths": { "/find": { "get": {
    "parameters": [{ "name": "q", "in": "query", "required": true, "schema": { "type": "string" } }],
    "responses": { "200": { "description": "found" } } } } } }"#;

/// Its database complains of quotes.
fn finder(target: &str) -> (u16, &'static str) {
    match target {
        "/openapi.json" => (200, FINDER),
        target if target.starts_with("/find?q=") && (target.contains("%27") || target.contains('\'')) => {
            (500, r#"{"error":"unterminated quoted string at or near \"'x''\""}"#)
        }
        target if target.starts_with("/find?q=") => (200, "[]"),
        _ => (404, "{}"),
    }
}

#[test]
fn an_api_that_dies_under_attack_is_exit_three_and_no_door_is_shut() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("api.json"), FINDER).unwrap();
    let attack = |format: &str| {
        let url = format!("http://127.0.0.1:{}", small_api(1, |_| (404, "")));
        let arguments = ["attack", &url, "--openapi", "api.json", "--door", "sql", "--format", format];
        let output = doorward(directory.path(), &arguments);
        assert_eq!(output.status.code(), Some(3), "{}", text(&output));
        output
    };
    let shown = text(&attack("text"));
    assert!(shown.contains("operations that served an ordinary request: 0 of 1"), "{shown}");
    let json: serde_json::Value = serde_json::from_slice(&attack("json").stdout).unwrap();
    assert_eq!((&json["counts"]["shut"], &json["counts"]["open"]), (&0.into(), &0.into()), "{json:#}");
    let sarif: serde_json::Value = serde_json::from_slice(&attack("sarif").stdout).unwrap();
    assert_eq!(sarif["runs"][0]["invocations"][0]["executionSuccessful"], false);
}

#[test]
fn an_attack_finds_the_document_and_a_hole_and_writes_every_format() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let url = format!("http://127.0.0.1:{}", small_api(usize::MAX, finder));
    let attack = |more: &[&str]| doorward(here, &[&["attack", &url, "--door", "sql"], more].concat());
    let shown = text(&attack(&["--authorized", "the owner, for a test"]));
    for part in [
        "sql-error",
        "unterminated quoted string",
        "found 1 operations at /openapi.json",
        "authorized by: the owner, for a test",
        "operations that served an ordinary request: 1 of 1",
        "repeat it: curl -i",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    for (format, part) in [
        ("json", "\"verdict\": \"open\""),
        ("sarif", "\"ruleId\": \"sql-error\""),
        ("junit", "<testsuite"),
        ("html", "<!DOCTYPE html>"),
        ("markdown", "## doorward:"),
    ] {
        let output = attack(&["--format", format, "--output", "report", "--also", "markdown=also.md"]);
        assert_eq!(output.status.code(), Some(1), "{}", text(&output));
        assert!(output.stdout.is_empty(), "{format}: {}", text(&output));
        let written = std::fs::read_to_string(here.join("report")).unwrap();
        assert!(written.contains(part), "{format}: {written}");
    }
    assert_eq!(std::fs::read_to_string(here.join("also.md")).unwrap().matches("## doorward:").count(), 5);
    // What is known does not fail, nor does what is not bad enough.
    assert_eq!(attack(&["--write-baseline", "known.json"]).status.code(), Some(0));
    assert_eq!(attack(&["--baseline", "known.json"]).status.code(), Some(0));
    assert_eq!(attack(&["--fail-on", "never"]).status.code(), Some(0));
    assert_eq!(attack(&["--exclude", "/find"]).status.code(), Some(3));
    assert_eq!(attack(&["--max-requests", "3"]).status.code(), Some(3));
}

#[test]
fn an_attack_takes_a_recording_and_an_account_that_cannot_log_in_is_exit_three() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let url = format!("http://127.0.0.1:{}", small_api(usize::MAX, finder));
    let har = format!(
        r#"{{"log":{{"entries":[{{"request":{{"method":"GET","url":"{url}/find?q=desk","headers":[]}},
           "response":{{"status":200,"content":{{"mimeType":"application/json","text":"[]"}}}}}}]}}}}"#
    );
    std::fs::write(here.join("site.har"), har).unwrap();
    let postman = r#"{"item":[{"name":"find","request":{"method":"GET","url":"{{base}}/find?q=desk"}}]}"#;
    std::fs::write(here.join("shop.json"), postman).unwrap();
    for source in [["--har", "site.har"], ["--postman", "shop.json"]] {
        let found = ends_with(1, here, &["attack", &url, source[0], source[1], "--door", "sql"]);
        assert!(found.contains("GET /find"), "{found}");
    }
    let arguments =
        ["attack", &url, "--har", "site.har", "--door", "cors", "--login", "alice:secret-of-hers"];
    let output = doorward(here, &arguments);
    assert!([Some(1), Some(3)].contains(&output.status.code()), "{}", text(&output));
    let shown = text(&output);
    assert!(
        shown.contains("an account cannot be used: alice: no operation of the document logs in"),
        "{shown}"
    );
    assert!(!shown.contains("secret-of-hers"), "{shown}");
}

#[test]
fn an_attack_on_what_may_be_somebody_elses_needs_a_word() {
    let directory = tempfile::tempdir().unwrap();
    let refused = |arguments: &[&str]| ends_with(2, directory.path(), &[&["attack"], arguments].concat());
    let shown = refused(&["http://192.0.2.1"]);
    assert!(shown.contains("--authorized"), "{shown}");
    for (arguments, reason) in [
        (&["http://127.0.0.1:1", "--authorized", " "][..], "--authorized is empty"),
        (&["http://127.0.0.1:1", "--login", "alice:@NOT_SET_ANYWHERE"], "NOT_SET_ANYWHERE is not set"),
        (
            &["http://127.0.0.1:1", "--login", "a:1", "--login", "b:2", "--login", "c:3"],
            "one account too many",
        ),
        (&["http://127.0.0.1:1", "--safe", "--destructive"], "cannot be used with"),
        (&["http://127.0.0.1:1", "--pace", "fast"], "a number of requests a second"),
        (&["http://127.0.0.1:1", "--header", "X Y: 1"], "no name of a header"),
        (&["http://127.0.0.1:1", "--ca", "missing.pem"], "missing.pem"),
        (&["http://a:b@127.0.0.1:1"], "the URL has a name or a password in it"),
        (&["http://127.0.0.1:1", "--door", "front"], "the doors are sql"),
    ] {
        let shown = refused(arguments);
        assert!(shown.contains(reason), "{reason}: {shown}");
    }
}

#[test]
fn an_api_that_shows_no_document_says_what_to_give() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("http://127.0.0.1:{}", small_api(usize::MAX, |_| (404, "{}")));
    let shown = ends_with(2, directory.path(), &["attack", &url]);
    assert!(shown.contains("--openapi FILE|URL") && shown.contains("--har FILE"), "{shown}");
}

/// The lab's token secret behind the gate, which refuses a weak one.
const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789";

/// A process that is killed, by its id, at the end of the test.
struct Background(std::process::Child);

impl Background {
    fn start(directory: &Path, arguments: &[&str], port: u16) -> Background {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
        command
            .args(arguments)
            .current_dir(directory)
            .env("DOORWARD_LAB_SECRET", SECRET)
            .stdout(std::process::Stdio::null());
        let background = Background(command.stderr(std::process::Stdio::null()).spawn().unwrap());
        let start = std::time::Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(start.elapsed().as_secs() < 30, "{arguments:?} does not listen");
            std::thread::yield_now();
        }
        background
    }

    /// Stops it as Ctrl-C does, and waits.
    fn interrupt(mut self) {
        let id = self.0.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        self.0.wait().unwrap();
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Sends one request and returns the whole response.
fn ask(port: u16, request: &str) -> String {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_document_is_learnt_from_traffic_and_completes_another() {
    let directory = tempfile::tempdir().unwrap();
    let (lab_port, port, admin) = (free_port(), free_port(), free_port());
    let lab = format!("127.0.0.1:{lab_port}");
    let _lab = Background::start(directory.path(), &["lab", "--listen", &lab], lab_port);
    std::fs::write(directory.path().join("doorward.toml"), format!("[admin]\nlisten = '127.0.0.1:{admin}'"))
        .unwrap();
    let mine = "openapi: 3.1.0\ninfo: { title: mine, version: '1' }\npaths: { /mine: { get: { responses: { '200': { description: fine } } } } }";
    std::fs::write(directory.path().join("mine.yaml"), mine).unwrap();
    let (upstream, listen) = (format!("http://{lab}"), format!("127.0.0.1:{port}"));
    let learn = [
        "learn",
        "--upstream",
        &upstream,
        "--listen",
        &listen,
        "--merge",
        "mine.yaml",
        "--output",
        "learnt.yaml",
    ];
    let learn = Background::start(directory.path(), &learn, port);
    let answer =
        ask(port, "GET /api/comments HTTP/1.1\r\nHost: a\r\nUser-Agent: t\r\nConnection: close\r\n\r\n");
    assert!(answer.contains("Solid hammer"), "{answer}");
    learn.interrupt();
    let learnt = std::fs::read_to_string(directory.path().join("learnt.yaml")).unwrap();
    for word in ["title: mine", "/mine:", "/api/comments:", "user_id:"] {
        assert!(learnt.contains(word), "{word}: {learnt}");
    }
    let check = doorward(directory.path(), &["check", "--openapi", "learnt.yaml"]);
    assert_eq!(check.status.code(), Some(0), "{}", text(&check));
}

/// Where `./test` puts Schemathesis (PyPI).
const SCHEMATHESIS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/python/bin/st");

#[test]
fn schemathesis_finds_no_server_error_and_no_violation_that_passes() {
    if !Path::new(SCHEMATHESIS).exists() {
        assert!(std::env::var_os("CI").is_none(), "{SCHEMATHESIS} is not there; ./test installs it");
        eprintln!("left out: {SCHEMATHESIS} is not there; ./test installs it");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let (lab_port, port, admin) = (free_port(), free_port(), free_port());
    let (lab, listen) = (format!("127.0.0.1:{lab_port}"), format!("127.0.0.1:{port}"));
    let write = |name: &str, text: &str| {
        use std::os::unix::fs::PermissionsExt;
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    };
    let policy = lab::POLICY;
    write(
        "doorward.toml",
        &format!("[rate]\nlimits = []\nlogin = []\n[admin]\nlisten = '127.0.0.1:{admin}'\n{policy}"),
    );
    write("shop.openapi.yaml", lab::OPENAPI);
    write("token.secret", SECRET);
    // Hardened: the vulnerable shop's SQL breaks at the apostrophe of O'Brien, which no gate may refuse.
    let _lab = Background::start(directory.path(), &["lab", "--hardened", "--listen", &lab], lab_port);
    let (name, password) = lab::ACCOUNTS[1];
    let login = format!("{{\"username\":\"{name}\",\"password\":\"{password}\"}}");
    let head = "POST /api/login HTTP/1.1\r\nHost: a\r\nUser-Agent: t\r\nConnection: close\r\nContent-Type: application/json";
    let answer = ask(lab_port, &format!("{head}\r\nContent-Length: {}\r\n\r\n{login}", login.len()));
    let token = answer.split("\"token\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let upstream = format!("http://{lab}");
    let _gate =
        Background::start(directory.path(), &["run", "--upstream", &upstream, "--listen", &listen], port);
    let checks =
        "not_a_server_error,content_type_conformance,response_schema_conformance,negative_data_rejection";
    // In a multipart body `111` is a text like any other; Schemathesis takes it for a violation.
    let exclude = ["--exclude-operation-id", "uploadAvatar"];
    let run = Command::new(SCHEMATHESIS)
        .args(["run", "shop.openapi.yaml", "--url", &format!("http://{listen}"), "-n", "25", "--seed", "7"])
        .args([
            "--checks",
            checks,
            "-H",
            &format!("Authorization: Bearer {token}"),
            "-H",
            "User-Agent: schemathesis",
        ])
        .args(exclude)
        .current_dir(directory.path())
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let shown = text(&run);
    assert_eq!(run.status.code(), Some(0), "{shown}");
    assert!(shown.contains("generated"), "{shown}");
}

#[test]
fn inspect_says_what_was_compared() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    let key = "[[auth.api_key]]\nsubject = 'a'\nsha256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'";
    write("doorward.toml", &format!("{key}\n[[route]]\npath = '/orders/{{id}}'\nowner = '/user_id'"));
    write("request", "GET /orders/7 HTTP/1.1\nUser-Agent: me\n\n");
    write("answer.json", r#"{"id":7,"user_id":1,"note":"alice's"}"#);
    write("alice.json", r#"{"sub":"1"}"#);
    write("bob.json", r#"{"sub":"2"}"#);
    let inspect = |who: &str| {
        doorward(directory.path(), &["inspect", "request", "--as", who, "--response", "answer.json"])
    };
    let bob = inspect("bob.json");
    let shown = text(&bob);
    assert_eq!(bob.status.code(), Some(1), "{shown}");
    assert!(shown.contains("ownership: owner: /user_id is 1; the caller's sub is"), "{shown}");
    assert!(!shown.contains("alice's"), "{shown}");
    let alice = inspect("alice.json");
    assert!(alice.status.code() == Some(0) && text(&alice).contains("alice's"), "{}", text(&alice));
}

#[test]
fn the_detectors_are_scored_on_labelled_values() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../detect/corpus");
    let shown = text(&doorward(&corpus, &["inspect", "--corpus", "."]));
    let last = shown.lines().last().unwrap_or("");
    let numbers: Vec<f64> = last.split(' ').filter_map(|word| word.parse().ok()).collect();
    let [refused, attacks, passed, ordinary] = numbers[..] else { panic!("{shown}") };
    assert!(attacks > 2_700.0 && refused / attacks > 0.98, "{shown}");
    assert!(ordinary > 2_000.0 && passed / ordinary > 0.995, "{shown}");
    let nothing = doorward(Path::new("."), &["inspect", "--corpus", "/nonexistent"]);
    assert!(
        nothing.status.code() == Some(2) && text(&nothing).contains("cannot be read"),
        "{}",
        text(&nothing)
    );
}

/// sqlmap against the lab: it finds the hole in the bare lab and nothing behind the gate, with any of its tamper scripts.
#[test]
fn sqlmap_finds_nothing_behind_the_gate() {
    /// Tamper scripts for the lab's database or against filters of words.
    const TAMPERS: [&str; 12] = [
        "",
        "between",
        "charencode",
        "chardoubleencode",
        "charunicodeencode",
        "equaltolike",
        "htmlencode",
        "randomcase",
        "space2comment",
        "space2randomblank",
        "symboliclogical",
        "unmagicquotes",
    ];
    if Command::new("sqlmap").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "sqlmap is not installed");
        eprintln!("left out: sqlmap is not installed");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let (lab_port, port) = (free_port(), free_port());
    let (lab, gate) = (format!("127.0.0.1:{lab_port}"), format!("127.0.0.1:{port}"));
    let _lab = Background::start(directory.path(), &["lab", "--listen", &lab], lab_port);
    let unlimited = "[admin]\nenabled = false\n[rate]\nlimits = []\nlogin = []\n";
    std::fs::write(directory.path().join("doorward.toml"), unlimited).unwrap();
    let upstream = format!("http://{lab}");
    let _gate =
        Background::start(directory.path(), &["run", "--upstream", &upstream, "--listen", &gate], port);
    let finds = |address: &str, tamper: &str| {
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new("sqlmap");
        command.args([
            "-u",
            &format!("http://{address}/api/search?q=a"),
            "-p",
            "q",
            "--batch",
            "--level",
            "2",
        ]);
        command
            .args(["--flush-session", "--random-agent", "--disable-coloring", "--output-dir"])
            .arg(home.path());
        if !tamper.is_empty() {
            command.args(["--tamper", tamper]);
        }
        let shown = String::from_utf8_lossy(&command.output().unwrap().stdout).into_owned();
        let found = shown.contains("identified the following injection point");
        let ended = found || shown.contains("do not appear to be injectable");
        assert!(ended, "sqlmap says something else: {shown}");
        found
    };
    assert!(finds(&lab, ""), "the bare lab has a hole");
    let found: Vec<&str> = TAMPERS.into_iter().filter(|tamper| finds(&gate, tamper)).collect();
    assert!(found.is_empty(), "sqlmap got through by {found:?}");
}

/// The regression suite of the OWASP Core Rule Set: from `CRS_DIR`, or beside the clone. Debian's package has none.
#[test]
fn the_core_rule_sets_own_suite_passes() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/crs");
    let candidates = [std::env::var_os("CRS_DIR").map(PathBuf::from), Some(beside)];
    let Some(directory) = candidates.into_iter().flatten().find(|d| d.join("tests/regression").is_dir())
    else {
        assert!(std::env::var_os("CI").is_none(), "no regression suite: set CRS_DIR");
        eprintln!("left out: no regression suite of the core rule set (CRS_DIR, ../shared/crs)");
        return;
    };
    for way in [&["rules", "test", "."][..], &["rules", "test", ".", "--through-gateway"]] {
        let run = doorward(&directory, way);
        let shown = String::from_utf8_lossy(&run.stdout).into_owned();
        let last = shown.lines().last().unwrap_or("");
        assert!(run.status.success() && last.ends_with(" passed, 0 failed"), "{way:?}: {shown}");
        assert!(last.split(' ').next().unwrap().parse::<u32>().unwrap() > 5000, "{way:?}: {last}");
    }
}
