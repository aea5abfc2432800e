use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use super::parsed::Document;
use crate::pages::*;
use crate::texts::{Hint, Notice, Problem, Texts};

const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)> {site} & ünï";

/// Every page in every state that differs, with this text wherever a text from outside can be.
fn pages(text: &str, t: &Texts) -> Vec<(&'static str, String)> {
    let chrome = Chrome {
        base: "/auth",
        site_name: text,
        style_href: "/auth/assets/style.css",
        script_href: "/auth/assets/passkeys.js",
        form_token: text,
    };
    let c = &chrome;
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_773_480_720);
    let next = Some(text);
    let (all, hints) = (Problem::ALL, Hint::ALL);
    let session =
        Session { id: text, device: text, address: text, created: now, last_used: now, current: false };
    let sessions = [Session { current: true, ..session }, session];
    let passkeys = [
        Passkey { id: text, name: text, created: now, last_used: None },
        Passkey { id: text, name: text, created: now, last_used: Some(now) },
    ];
    let known = [Provider { name: "idp", label: text }];
    let linked = [Linked { id: text, label: text, email: Some(text), linked: now }];
    let step_up = StepUp { max_age: text, acr_values: text };
    let full = Account {
        username: Some(text),
        email: text,
        email_verified: false,
        notice: Some(Notice::PasswordChanged),
        password_minimum: 12,
        password_problems: all,
        password_hints: hints,
        two_step: TwoStep::On { recovery_codes_left: 7 },
        two_step_problems: all,
        passkeys: Some(&passkeys),
        providers: Some(Providers { known: &known, linked: &linked, has_password: true }),
        has_password: true,
        sessions: &sessions,
    };
    let spare = Account {
        username: None,
        email_verified: true,
        notice: None,
        password_problems: &[],
        two_step: TwoStep::Off,
        two_step_problems: &[],
        passkeys: Some(&[]),
        providers: Some(Providers { known: &known, linked: &[], has_password: false }),
        sessions: &[],
        ..full
    };
    let wait = Some(Duration::from_secs(61));
    let enrol = EnrolTotp { uri: text, secret: text, problems: all };
    let uri = "otpauth://totp/Shop:kim@example.com?secret=JBSWY3DPEHPK3PXP&issuer=Shop";
    vec![
        ("log in", log_in(&LogIn::default(), t, c)),
        ("log in, full", {
            let notice = Some(Notice::LoggedOut);
            let view = LogIn {
                identifier: text,
                next,
                problems: all,
                wait,
                notice,
                registration: true,
                passkeys: true,
                providers: &known,
                step_up,
            };
            log_in(&view, t, c)
        }),
        ("second factor", second_factor(&SecondFactor::default(), t, c)),
        ("second factor, code", {
            second_factor(
                &SecondFactor { next, tried: Tried::Code, problems: all, wait, passkey: true },
                t,
                c,
            )
        }),
        ("second factor, recovery", {
            second_factor(
                &SecondFactor { next, tried: Tried::Recovery, problems: all, wait, passkey: false },
                t,
                c,
            )
        }),
        ("register", register(&Register { password_minimum: 12, ..Register::default() }, t, c)),
        ("register, full", {
            let view = Register {
                email: text,
                username: Some(text),
                next,
                password_minimum: 12,
                problems: all,
                hints,
            };
            register(&view, t, c)
        }),
        ("mail sent, verify", mail_sent(&MailSent { sent: Sent::Verify, address: text }, t, c)),
        ("mail sent, reset", mail_sent(&MailSent { sent: Sent::Reset, address: text }, t, c)),
        ("verify", verify(&Verify { address: text, token: text, problems: all }, t, c)),
        ("verified", verified(&Verified { address: text, next }, t, c)),
        ("ask reset", ask_reset(&AskReset { email: text, next, problems: all }, t, c)),
        ("new password", {
            let view =
                NewPassword { token: text, identifier: text, password_minimum: 12, problems: all, hints };
            new_password(&view, t, c)
        }),
        ("account", account(&full, t, c)),
        ("account, spare", account(&spare, t, c)),
        ("account, no passkeys", account(&Account { passkeys: None, providers: None, ..full }, t, c)),
        ("logged out", logged_out(text, "https://login.example/out?a=b&c=d", t, c)),
        ("totp", enrol_totp(&EnrolTotp { uri, ..enrol }, t, c)),
        ("totp, hostile", enrol_totp(&enrol, t, c)),
        ("recovery codes", recovery_codes(&RecoveryCodes { codes: &[text, "ABCD-EFGH"] }, t, c)),
        ("error", error(&Failure { problem: Problem::NotFound, request_id: Some(text) }, t, c)),
    ]
}

/// All pages in both languages, with a plain and with a hostile text.
fn each(check: impl Fn(&str, &str, &Document)) {
    for lang in ["en", "de"] {
        for text in ["Kim", HOSTILE] {
            for (name, html) in pages(text, Texts::of(lang).unwrap()) {
                check(&format!("{name}, {lang}"), &html, &Document::of(&html));
            }
        }
    }
}

#[test]
fn every_page_is_html_without_errors() {
    each(|page, html, document| {
        assert_eq!(document.errors, Vec::<String>::new(), "{page}: {html}");
        assert!(html.starts_with("<!DOCTYPE html><html lang="), "{page}");
        assert_eq!(document.all("h1").count(), 1, "{page}");
        assert_eq!(document.all("main").count(), 1, "{page}");
        assert_eq!(document.all("title").count(), 1, "{page}");
        let ids: Vec<_> = document.elements.iter().filter_map(|element| element.get("id")).collect();
        assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "{page}: an id twice: {ids:?}");
    });
}

#[test]
fn no_page_needs_more_than_its_policy_allows() {
    each(|page, html, document| {
        for element in &document.elements {
            for (name, value) in &element.attributes {
                assert!(
                    !name.starts_with("on") && name != "style" && name != "srcdoc",
                    "{page}: {element:?}"
                );
                let address = ["href", "src", "action", "formaction"].contains(&name.as_str());
                let own = value.starts_with("/auth/");
                let allowed = match element.name.as_str() {
                    "a" if page.starts_with("logged out") => {
                        own || value.starts_with("https://login.example/")
                    }
                    "a" => own || value.starts_with("otpauth://") || value.starts_with("data:text/plain;"),
                    "link" => own || value == "data:,",
                    _ => own,
                };
                assert!(!address || allowed, "{page}: {element:?}");
            }
            assert!(!["style", "img", "iframe", "base", "object"].contains(&element.name.as_str()), "{page}");
            if element.name == "script" {
                assert_eq!(element.get("src"), Some("/auth/assets/passkeys.js"), "{page}");
                assert_eq!(element.text, "", "{page}");
            }
        }
        assert!(!html.contains("javascript:"), "{page}");
    });
}

#[test]
fn every_input_has_a_label_and_what_describes_it_is_there() {
    each(|page, _, document| {
        let labels: BTreeSet<_> = document.all("label").filter_map(|label| label.get("for")).collect();
        let ids: BTreeSet<_> = document.elements.iter().filter_map(|element| element.get("id")).collect();
        for input in document.all("input").filter(|input| input.get("type") != Some("hidden")) {
            let labelled =
                input.get("id").is_some_and(|id| labels.contains(id)) || input.get("aria-label").is_some();
            assert!(labelled, "{page}: {input:?}");
            assert!(input.get("autocomplete").is_some(), "{page}: {input:?}");
            let invalid = input.get("aria-invalid") == Some("true");
            assert!(!invalid || input.get("aria-describedby").is_some(), "{page}: {input:?}");
        }
        for element in &document.elements {
            for name in ["aria-describedby", "aria-labelledby", "for"] {
                for id in element.get(name).unwrap_or_default().split_whitespace() {
                    assert!(ids.contains(id), "{page}: {name}={id}");
                }
            }
        }
        for button in document.all("button") {
            assert!(!button.text.trim().is_empty() && button.get("type").is_some(), "{page}: {button:?}");
        }
        let focused = document.all("input").filter(|input| input.get("autofocus").is_some()).count();
        assert!(focused <= 2, "{page}: {focused} fields want the focus");
    });
}

#[test]
fn every_form_posts_with_its_token() {
    each(|page, html, document| {
        let forms = document.all("form").count();
        let tokens = document.all("input").filter(|input| input.get("name") == Some("form")).count();
        assert_eq!(forms, tokens, "{page}: {html}");
        assert!(document.all("form").all(|form| form.get("method") == Some("post")), "{page}");
    });
    let html =
        log_in(&LogIn { next: Some("/a?b=1&c=2"), ..LogIn::default() }, Texts::of("en").unwrap(), &chrome());
    let document = Document::of(&html);
    let next = document.all("input").find(|input| input.get("name") == Some("next")).unwrap();
    assert_eq!(next.get("value"), Some("/a?b=1&c=2"));
    assert!(html.contains("href=\"/auth/reset?next=%2Fa%3Fb%3D1%26c%3D2\""), "{html}");
}

#[test]
fn hostile_values_are_shown_as_they_are() {
    each(|page, html, _| assert!(!html.contains("<script>") && !html.contains("<img"), "{page}"));
    let html =
        mail_sent(&MailSent { sent: Sent::Reset, address: HOSTILE }, Texts::of("en").unwrap(), &chrome());
    assert_eq!(Document::of(&html).all("strong").next().unwrap().text, HOSTILE);
}

#[test]
fn password_managers_find_their_fields() {
    let t = Texts::of("en").unwrap();
    let of = |html: String| -> Vec<String> {
        let document = Document::of(&html);
        document.all("input").filter_map(|input| input.get("autocomplete")).map(str::to_owned).collect()
    };
    let log_in_view = LogIn { passkeys: true, ..LogIn::default() };
    assert_eq!(of(log_in(&log_in_view, t, &chrome())), ["username webauthn", "current-password"]);
    assert_eq!(of(log_in(&LogIn::default(), t, &chrome())), ["username", "current-password"]);
    assert_eq!(of(register(&Register::default(), t, &chrome())), ["email", "new-password"]);
    assert_eq!(of(second_factor(&SecondFactor::default(), t, &chrome())), ["one-time-code", "off"]);
    let new = NewPassword { identifier: "kim", ..NewPassword::default() };
    assert_eq!(of(new_password(&new, t, &chrome())), ["username", "new-password"]);
}

#[test]
fn a_problem_stands_at_its_field_which_has_the_focus() {
    let problems = [Problem::PasswordWeak];
    let hints = [Hint::SingleWord, Hint::AddWords];
    let view = Register {
        email: "kim@example.com",
        problems: &problems,
        hints: &hints,
        password_minimum: 12,
        ..Register::default()
    };
    let html = register(&view, Texts::of("en").unwrap(), &chrome());
    let document = Document::of(&html);
    let input = document.all("input").find(|input| input.get("name") == Some("password")).unwrap();
    assert_eq!(input.get("aria-describedby"), Some("register-password-problem register-password-hint"));
    assert!(input.get("autofocus").is_some() && input.get("value").is_none());
    let items: Vec<_> = document.all("li").map(|item| item.text.as_str()).collect();
    assert_eq!(items, ["A single word is easy to guess.", "Add a word or two. Uncommon words are better."]);
}

fn chrome() -> Chrome<'static> {
    Chrome {
        base: "/auth",
        site_name: "Shop",
        style_href: "/auth/assets/style.css",
        script_href: "/auth/assets/passkeys.js",
        form_token: "token",
    }
}
