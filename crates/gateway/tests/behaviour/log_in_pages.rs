//! What the pages of the user service tell browsers, and over what.

use policy::Inputs;

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

#[test]
fn passwords_are_asked_for_over_tls_or_on_ones_own_machine() {
    let refused = |url: &str| {
        let text = format!("[auth]\nservice = true\n{url}");
        let upstream = vec!["http://127.0.0.1:1".to_owned()];
        let loaded = policy::load(&Inputs { text: Some(text), upstream, ..Inputs::default() });
        loaded.err().map(|errors| errors.lines().to_string())
    };
    for url in [
        "https://shop.example",
        "https://shop.example:8443/",
        "http://localhost:8080",
        "http://shop.localhost",
        "http://127.0.0.1:8080",
        "http://[::1]:8080",
    ] {
        assert_eq!(refused(&format!("public_url = '{url}'")), None, "{url}");
    }
    for url in [
        "http://shop.example",
        "http://10.0.0.1:8080",
        "http://localhost.example",
        "ftp://shop.example",
        "shop.example",
        "https://shop.example/below",
        "https://shop.example?x=1",
        "",
    ] {
        let told = refused(&format!("public_url = '{url}'")).unwrap_or_default();
        assert!(told.contains("write") && told.contains("https://"), "{url}: {told}");
    }
    assert!(refused("").unwrap_or_default().contains("public_url = \"https://shop.example\""));
}
