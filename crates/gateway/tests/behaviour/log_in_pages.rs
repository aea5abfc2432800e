//! What the pages of the user service tell browsers.

use crate::support::{Recorder, Running, status};

#[test]
fn pages_with_passwords_are_not_framed_kept_or_told_on() {
    let upstream = Recorder::plain();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("doorward.toml");
    let policy = "[auth]\nservice = true\npublic_url = 'http://localhost:8080'\n[auth.accounts]\nregistration = 'open'\n";
    std::fs::write(&file, policy).unwrap();
    let gate = Running::from_file(&file, &[upstream.url()]);
    for target in ["/auth/login", "/auth/register", "/auth/reset"] {
        let page = gate.ask("GET", target, &[("Accept", "text/html")], b"").to_ascii_lowercase();
        assert_eq!(status(&page), 200, "{page}");
        for (name, value) in [
            ("content-security-policy", "frame-ancestors 'none'"),
            ("content-security-policy", "default-src 'none'"),
            ("x-frame-options", "deny"),
            ("referrer-policy", "same-origin"),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
        ] {
            let lines: Vec<&str> =
                page.lines().filter(|line| line.starts_with(&format!("{name}:"))).collect();
            assert!(matches!(lines[..], [line] if line.contains(value)), "{target}: {name}: {lines:?}");
        }
    }
}
