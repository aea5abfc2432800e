//! Reports to write.

use std::time::{Duration, SystemTime};

use report::{
    Category, Check, Fact, Failure, Finding, Level, Location, Reference, Report, Severity, Tool, Transcript,
    Verdict,
};

pub(crate) const TOOL: Tool<'_> = Tool { name: "doorward", version: "1.0.0" };

/// A run of the prober with every verdict, and findings with and without each part.
pub(crate) fn ordinary() -> Report {
    let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLW9mLWFsaWNl";
    let injection = Finding::new("sql-union", Severity::Error, "GET /users returns rows of another table")
        .rated(Level::Critical)
        .about("GET /users search")
        .help("Bind parameters.")
        .mend_in_code("Bind the value of `search` as a parameter.\nNever build a statement by concatenation.")
        .mend_at_gate("Set `injection` to enforce for this route.")
        .repeat(format!(
            "curl -H 'authorization: Bearer {token}' \\\n  'https://api.test/users?search=%27%20UNION%20SELECT%201--'"
        ))
        .references(["CWE-89", "API8:2023", "V1.2.4", "https://owasp.org/www-community/attacks/SQL_Injection"])
        .tags(["injection", "sql"])
        .evidence(vec![Transcript {
            request: format!("GET /users?search=' UNION SELECT 1--\nauthorization: Bearer {token}\n"),
            answer: "200 OK\ncontent-type: application/json\nset-cookie: sid=0123456789abcdef; HttpOnly\n\n[{\"id\":1,\"name\":\"sqlite_master\"}]".into(),
        }]);
    let ownership = Finding::new("bola-read", Severity::Error, "bob reads order 17 of alice")
        .about("GET /orders/{id}")
        .at(Location::position("api/open api.yaml", 12, 5))
        .mend_in_code("Select by id and owner.")
        .references(["CWE-639", "API1:2023"]);
    let dependency =
        Finding::new("GHSA-jf85-cpcp-j695", Severity::Warning, "lodash 4.17.11: prototype pollution")
            .rated(Level::Low)
            .category("dependencies")
            .at(Location::file("package-lock.json"))
            .help("Update lodash to 4.17.12 or later.")
            .references(["CVE-2019-10744", "GHSA-jf85-cpcp-j695"]);
    let note = Finding::new("no-limit", Severity::Note, "`name` has no maximum length");
    Report {
        findings: vec![note, ownership, injection, dependency],
        failures: vec![Failure { check: "xss-stored".into(), reason: "no answer within 10 s".into() }],
        checks: vec![
            Check::new("sql-union", Verdict::Open, "the answer grew from 1 to 9 rows")
                .category("sql")
                .thought("Will the server execute the SQL that I type into this field?"),
            Check::new("sql-blind", Verdict::Shut, "the control was served, the attack got 400")
                .category("sql"),
            Check::new("bola-read", Verdict::Open, "200 with alice's order").category("ownership"),
            Check::new("bola-write", Verdict::NotTried, "a second identity is needed: give --identity twice")
                .category("ownership")
                .thought("If I change the id in the URL, do I see another user's object?"),
            Check::new("xss-stored", Verdict::Unknown, "no answer within 10 s").category("xss"),
            Check::new("cors-origin", Verdict::Shut, "no origin is reflected").category("cors"),
            Check::new("cors-preflight", Verdict::NotTried, "no operation needs a preflight")
                .category("cors"),
            Check::new("headers-grade", Verdict::Shut, "grade A").category("headers"),
            Check::new("token-none", Verdict::NotTried, "no identity was given").category("authentication"),
        ],
        categories: vec![
            Category::new("sql", "1 SQL injection", Level::Critical),
            Category::new("ownership", "2 Broken object authorization (BOLA)", Level::Critical),
            Category::new("xss", "3 Cross-site scripting", Level::High),
            Category::new("rate", "4 Rate limiting", Level::High),
            Category::new("cors", "5 CORS and request forgery", Level::Medium),
            Category::new("headers", "7 Security headers", Level::Medium),
            Category::new("authentication", "8 Authentication", Level::Critical),
            Category::new("dependencies", "Dependencies", Level::High),
        ],
        target: Some("https://api.test".into()),
        artifact: Some("api/open api.yaml".into()),
        ended: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_780_000_000)),
        facts: vec![Fact::new("operations that served an ordinary request", "14 of 17")],
    }
}

/// A report that has this text in every field.
pub(crate) fn everywhere(text: &str) -> Report {
    let finding = Finding::new(text, Severity::Error, text)
        .about(text)
        .category(text)
        .help(text)
        .mend_in_code(text)
        .mend_at_gate(text)
        .repeat(text)
        .references([text])
        .tags([text])
        .at(Location::position(text, 1, 1))
        .evidence(vec![Transcript { request: text.into(), answer: text.into() }]);
    let mut linked = finding.clone();
    linked.references = vec![
        Reference::Url(format!("https://a.test/{text}")),
        Reference::Advisory(text.into()),
        Reference::Asvs(text.into()),
        Reference::Other(text.into()),
    ];
    let check = |name: &str, verdict| Check::new(name, verdict, text).category(text).thought(text);
    Report {
        findings: vec![finding, linked, Finding::new("stray", Severity::Note, text)],
        failures: vec![Failure { check: format!("{text} late"), reason: text.into() }],
        checks: vec![
            check(text, Verdict::Open),
            check(text, Verdict::Shut),
            check(text, Verdict::NotTried),
            check(text, Verdict::Unknown),
        ],
        categories: vec![Category::new(text, text, Level::High)],
        target: Some(text.into()),
        artifact: Some(text.into()),
        ended: Some(SystemTime::UNIX_EPOCH),
        facts: vec![Fact::new(text, text)],
    }
}
