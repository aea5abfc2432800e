//! What mails say.
//!
//! Mails to an address that nobody has confirmed contain nothing that a visitor typed but the address: else the service could
//! be used to send strangers what somebody wants them to read.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use maud::{DOCTYPE, html};

use super::address::Address;
use super::message::Mail;
use crate::device::named;
use crate::pages::when::readable;
use crate::texts::{Texts, fill};

/// The longest value in a mail, in characters.
const MAX_VALUE: usize = 80;

/// Where and when somebody did something.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// What the program calls itself. The mail says which browser that is, and nothing else of it.
    pub user_agent: &'a str,
    /// The address it came from.
    pub address: IpAddr,
    /// When.
    pub time: SystemTime,
}

/// A mail of the service.
#[derive(Debug, Clone, Copy)]
pub enum Letter<'a> {
    /// Verify your address.
    VerifyAddress {
        /// The link with its secret.
        link: &'a str,
        /// How long it is valid.
        valid: Duration,
    },
    /// Reset your password.
    ResetPassword {
        /// The name or address of the account.
        account: &'a str,
        /// The link with its secret.
        link: &'a str,
        /// How long it is valid.
        valid: Duration,
    },
    /// Your password was changed.
    PasswordChanged {
        /// The name or address of the account.
        account: &'a str,
        /// Where a reset begins.
        link: &'a str,
        /// By whom.
        seen: Seen<'a>,
    },
    /// A new device logged in.
    NewDevice {
        /// The name or address of the account.
        account: &'a str,
        /// The account's page.
        link: &'a str,
        /// Which.
        seen: Seen<'a>,
    },
    /// What else logs in, or is asked for beside the password, has changed.
    FactorChanged {
        /// How.
        change: FactorChange,
        /// The name or address of the account.
        account: &'a str,
        /// The account's page.
        link: &'a str,
        /// By whom.
        seen: Seen<'a>,
    },
    /// Somebody tried to register with your address, which has an account already.
    AccountExists {
        /// The page to log in.
        link: &'a str,
    },
}

/// How the factors of an account have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactorChange {
    /// There is a new passkey.
    PasskeyAdded,
    /// A passkey is gone.
    PasskeyRemoved,
    /// One-time codes are asked for.
    CodesOn,
    /// They are no longer.
    CodesOff,
    /// The recovery codes were replaced.
    RecoveryCodes,
}

/// A letter in one language, before it has its form.
struct Draft<'a> {
    subject: &'a str,
    lead: &'a str,
    /// Lines about the account and the device.
    facts: Vec<String>,
    /// Stands before the button if the button is for those who did not do it, else after it.
    otherwise: &'a str,
    warns: Warns,
    button: &'a str,
    link: &'a str,
    expires: Option<String>,
}

#[derive(PartialEq, Eq)]
enum Warns {
    /// The mail asks to do something.
    No,
    /// The mail says that something was done.
    Yes,
}

impl Letter<'_> {
    /// The mail to somebody.
    pub fn write(&self, to: Address, site_name: &str, t: &Texts) -> Mail {
        let site = value(site_name);
        let named = |text: &str| fill(text, &[("site", &site)]);
        let draft = self.draft(t);
        Mail {
            to,
            subject: named(draft.subject),
            text: as_text(&draft, t, &named),
            html: as_html(&draft, t, &named),
        }
    }

    fn draft<'a>(&'a self, t: &'a Texts) -> Draft<'a> {
        macro_rules! draft {
            ($words:expr, $warns:expr, $link:expr, $facts:expr, $expires:expr) => {
                Draft {
                    subject: &$words.subject,
                    lead: &$words.lead,
                    otherwise: &$words.otherwise,
                    button: &$words.button,
                    warns: $warns,
                    link: $link,
                    facts: $facts,
                    expires: $expires,
                }
            };
        }
        let of = |account: &str| fill(&t.mail.account, &[("account", &value(account))]);
        match self {
            Letter::VerifyAddress { link, valid } => {
                draft!(t.mail_verify, Warns::No, link, Vec::new(), Some(expires(*valid, t)))
            }
            Letter::ResetPassword { account, link, valid } => {
                draft!(t.mail_reset, Warns::No, link, vec![of(account)], Some(expires(*valid, t)))
            }
            Letter::PasswordChanged { account, link, seen } => {
                draft!(t.mail_changed, Warns::Yes, link, facts(of(account), seen, t), None)
            }
            Letter::NewDevice { account, link, seen } => {
                draft!(t.mail_new_device, Warns::Yes, link, facts(of(account), seen, t), None)
            }
            Letter::FactorChanged { change, account, link, seen } => {
                let facts = facts(of(account), seen, t);
                match change {
                    FactorChange::PasskeyAdded => draft!(t.mail_passkey_added, Warns::Yes, link, facts, None),
                    FactorChange::PasskeyRemoved => {
                        draft!(t.mail_passkey_removed, Warns::Yes, link, facts, None)
                    }
                    FactorChange::CodesOn => draft!(t.mail_codes_on, Warns::Yes, link, facts, None),
                    FactorChange::CodesOff => draft!(t.mail_codes_off, Warns::Yes, link, facts, None),
                    FactorChange::RecoveryCodes => {
                        draft!(t.mail_recovery_codes, Warns::Yes, link, facts, None)
                    }
                }
            }
            Letter::AccountExists { link } => draft!(t.mail_exists, Warns::No, link, Vec::new(), None),
        }
    }
}

fn facts(account: String, seen: &Seen<'_>, t: &Texts) -> Vec<String> {
    let device = named(seen.user_agent, t).unwrap_or_else(|| t.common.device_unknown.clone());
    vec![
        account,
        fill(&t.mail.device, &[("device", &device)]),
        fill(&t.mail.from, &[("address", &seen.address.to_string())]),
        fill(&t.mail.at, &[("time", &readable(seen.time))]),
    ]
}

/// Rounded down, so that a link is valid at least as long as its mail says.
fn expires(valid: Duration, t: &Texts) -> String {
    let minutes = valid.as_secs() / 60;
    if minutes >= 60 && minutes.is_multiple_of(60) {
        t.mail.expires.of(minutes / 60)
    } else {
        t.mail.expires_minutes.of(minutes.max(1))
    }
}

fn as_text(draft: &Draft<'_>, t: &Texts, named: &dyn Fn(&str) -> String) -> String {
    let link = word(draft.link);
    let mut paragraphs = vec![t.mail.greeting.clone(), named(draft.lead)];
    if !draft.facts.is_empty() {
        paragraphs.push(draft.facts.join("\n"));
    }
    match draft.warns {
        Warns::Yes => paragraphs.extend([draft.otherwise.to_owned(), link]),
        Warns::No => {
            paragraphs.push(link);
            paragraphs.extend(draft.expires.clone());
            paragraphs.push(draft.otherwise.to_owned());
        }
    }
    paragraphs.push(format!("-- \n{}", named(&t.mail.footer)));
    paragraphs.join("\n\n") + "\n"
}

/// Styles are inline here: mail programs drop stylesheets. Colours are those of the program, dark or light, but for
/// the button.
fn as_html(draft: &Draft<'_>, t: &Texts, named: &dyn Fn(&str) -> String) -> String {
    const BODY: &str =
        "margin:0;padding:24px 16px;font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif";
    const BUTTON: &str = "display:inline-block;padding:12px 20px;border-radius:8px;background:#1f5fbf;color:#ffffff;\
         font-weight:600;text-decoration:none";
    const SOFT: &str = "font-size:14px;opacity:0.8";
    let link = word(draft.link);
    html! {
        (DOCTYPE)
        html lang=(t.lang()) dir=(t.direction()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (named(draft.subject)) }
            }
            body style=(BODY) {
                div style="max-width:540px;margin:0 auto" {
                    p { (t.mail.greeting) }
                    p { (named(draft.lead)) }
                    @if !draft.facts.is_empty() {
                        p { @for (at, fact) in draft.facts.iter().enumerate() { @if at > 0 { br; } (fact) } }
                    }
                    @if draft.warns == Warns::Yes { p { (draft.otherwise) } }
                    p style="margin:24px 0" { a href=(link) style=(BUTTON) { (draft.button) } }
                    @if let Some(expires) = &draft.expires { p { (expires) } }
                    @if draft.warns == Warns::No { p { (draft.otherwise) } }
                    p style=(SOFT) {
                        (t.mail.link_hint) br;
                        a href=(link) style="color:inherit;word-break:break-all" { (link) }
                    }
                    p style=(SOFT) { (named(&t.mail.footer)) }
                }
            }
        }
    }
    .into_string()
}

/// A value in one line of bounded length, without characters that nobody sees or that turn the direction of what follows.
fn value(text: &str) -> String {
    let seen = |c: char| !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    let clean: String = text
        .chars()
        .take(4 * MAX_VALUE)
        .map(|c| if c.is_control() { ' ' } else { c })
        .filter(|c| seen(*c))
        .collect();
    let line = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MAX_VALUE {
        return line;
    }
    line.chars().take(MAX_VALUE - 1).chain(['…']).collect()
}

/// A link without anything that would end it.
fn word(link: &str) -> String {
    link.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::UNIX_EPOCH;

    use super::*;

    const LINK: &str = "https://shop.example/auth/verify?token=dGhpcyBpcyBub3QgYSBzZWNyZXQ&x=1";

    fn letters<'a>(account: &'a str, user_agent: &'a str) -> [(&'static str, Letter<'a>); 10] {
        let seen = Seen {
            user_agent,
            address: [192, 0, 2, 7].into(),
            time: UNIX_EPOCH + Duration::from_secs(1_773_480_720),
        };
        let valid = Duration::from_secs(3_600);
        let changed = |change| Letter::FactorChanged { change, account, link: LINK, seen };
        [
            ("verify", Letter::VerifyAddress { link: LINK, valid: 24 * valid }),
            ("reset", Letter::ResetPassword { account, link: LINK, valid }),
            ("changed", Letter::PasswordChanged { account, link: LINK, seen }),
            ("new-device", Letter::NewDevice { account, link: LINK, seen }),
            ("passkey-added", changed(FactorChange::PasskeyAdded)),
            ("passkey-removed", changed(FactorChange::PasskeyRemoved)),
            ("codes-on", changed(FactorChange::CodesOn)),
            ("codes-off", changed(FactorChange::CodesOff)),
            ("recovery-codes", changed(FactorChange::RecoveryCodes)),
            ("exists", Letter::AccountExists { link: LINK }),
        ]
    }

    fn to() -> Address {
        "kim@example.com".parse().unwrap()
    }

    /// Every letter in both languages, as it stands in `testdata/mails/`. `UPDATE_TESTDATA=1` writes them anew.
    #[test]
    fn letters_are_those_that_were_read_before() {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/mails");
        for lang in ["en", "de"] {
            let texts = Texts::of(lang).unwrap();
            for (name, letter) in
                letters("kim", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
            {
                let mail = letter.write(to(), "Example Shop", texts);
                let written = format!("Subject: {}\n\n{}", mail.subject, mail.text);
                for (path, content) in [
                    (format!("{dir}/{name}.{lang}.txt"), written),
                    (format!("{dir}/{name}.{lang}.html"), mail.html),
                ] {
                    if std::env::var_os("UPDATE_TESTDATA").is_some() {
                        fs::create_dir_all(dir).unwrap();
                        fs::write(&path, &content).unwrap();
                    }
                    assert_eq!(content, fs::read_to_string(&path).unwrap_or_default(), "{path}");
                }
            }
        }
    }

    #[test]
    fn hostile_values_stay_values() {
        let hostile =
            "\"><script>alert(1)</script>\r\nBcc: all@example.com\n\n\u{202e}https://evil.example {site}";
        for (name, letter) in letters(hostile, hostile) {
            let mail = letter.write(to(), hostile, Texts::of("en").unwrap());
            assert!(!mail.html.contains("<script"), "{name}: {}", mail.html);
            assert!(!mail.subject.contains(['\r', '\n', '\u{202e}']), "{name}: {}", mail.subject);
            assert!(
                mail.text.lines().all(|line| !line.starts_with("Bcc:") && !line.starts_with("https://evil")),
                "{name}"
            );
            assert!(mail.html.contains("&amp;x=1"), "{name}: links are escaped");
        }
    }

    #[test]
    fn a_letter_to_an_unconfirmed_address_has_nothing_that_a_visitor_typed() {
        for (name, letter) in letters("Dear friend, visit evil.example", "evil.example") {
            let mail = letter.write(to(), "Shop", Texts::of("en").unwrap());
            assert_eq!(mail.text.contains("evil"), !["verify", "exists"].contains(&name), "{name}");
        }
    }

    #[test]
    fn values_are_short() {
        assert_eq!(value(&"x".repeat(80)), "x".repeat(80));
        assert_eq!(value(&"ü".repeat(1_000)), format!("{}…", "ü".repeat(79)));
        assert_eq!(value(" a\t\u{0}b\u{200b}c "), "a bc");
    }

    #[test]
    fn a_link_is_valid_as_long_as_its_mail_says() {
        let t = Texts::of("en").unwrap();
        for (seconds, expected) in [
            (30, "for one minute."),
            (900, "for 15 minutes."),
            (3_600, "for one hour."),
            (5_400, "for 90 minutes."),
            (86_400, "for 24 hours."),
        ] {
            assert!(expires(Duration::from_secs(seconds), t).ends_with(expected), "{seconds}");
        }
    }
}
