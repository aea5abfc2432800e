//! Turn on one-time codes, and the recovery codes that go with them.

use maud::{Markup, PreEscaped, html};
use qrcode::QrCode;
use qrcode::render::svg;

use super::chrome::{Chrome, Script, document};
use super::parts::{self, Field, Form, Kind};
use super::paths;
use crate::texts::{Problem, Texts};

/// Longer than any `otpauth` address that an app takes.
const MAX_URI: usize = 1_000;

/// The page to turn on one-time codes.
#[derive(Debug, Clone, Copy)]
pub struct EnrolTotp<'a> {
    /// The `otpauth://` address for the picture.
    pub uri: &'a str,
    /// The same key in base32, to type.
    pub secret: &'a str,
    /// Why the last try failed.
    pub problems: &'a [Problem],
}

/// A key for an authenticator app, as picture and as text, and a field for the first code.
pub fn enrol_totp(view: &EnrolTotp<'_>, t: &Texts, chrome: &Chrome<'_>) -> String {
    let form =
        Form { id: "totp", action: paths::TOTP, next: None, problems: view.problems, hints: &[], chrome, t };
    let main = html! {
        ol.steps {
            li {
                p { (t.totp.step_scan) }
                (picture(view.uri, &t.totp.picture))
                p { (t.totp.step_type) }
                p { code.secret { (grouped(view.secret)) } }
                @if view.uri.starts_with("otpauth://") { p { a href=(view.uri) { (t.totp.open_app) } } }
            }
            li {
                p { (t.totp.step_code) }
                (form.around(&html! {
                    (form.field(&Field {
                        name: "code",
                        label: &t.common.code,
                        kind: Kind::Code,
                        value: "",
                        hint: None,
                    }))
                    (form.field(&Field {
                        name: "current_password",
                        label: &t.account.current_password,
                        kind: Kind::CurrentPassword,
                        value: "",
                        hint: None,
                    }))
                    (parts::submit(&t.totp.submit))
                }))
            }
        }
        (parts::link_line(&chrome.at(paths::ACCOUNT), &t.common.cancel))
    };
    document(chrome, t, &t.totp.title, Script::None, &main)
}

/// The address as QR code. It is dark on light in both colour schemes, as cameras want it. Nothing, if it is too long for one.
fn picture(uri: &str, label: &str) -> Markup {
    let code = Some(uri).filter(|uri| uri.len() <= MAX_URI).and_then(|uri| QrCode::new(uri).ok());
    let Some(code) = code else { return html! {} };
    let svg = code.render::<svg::Color<'_>>().min_dimensions(240, 240).build();
    // An XML declaration stands before the element, which HTML does not know.
    let element = svg.find("<svg").and_then(|at| svg.get(at..)).unwrap_or_default();
    html! { div.qr role="img" aria-label=(label) { (PreEscaped(element)) } }
}

/// A key in groups of four, as it is easy to type. Apps ignore the blanks.
fn grouped(secret: &str) -> String {
    let mut text = String::with_capacity(secret.len() + secret.len() / 4);
    for (at, character) in secret.chars().enumerate() {
        if at > 0 && at.is_multiple_of(4) {
            text.push(' ');
        }
        text.push(character);
    }
    text
}

/// The page with new recovery codes, shown once.
#[derive(Debug, Clone, Copy)]
pub struct RecoveryCodes<'a> {
    /// The codes.
    pub codes: &'a [&'a str],
}

/// Show recovery codes.
pub fn recovery_codes(view: &RecoveryCodes<'_>, t: &Texts, chrome: &Chrome<'_>) -> String {
    let main = html! {
        p.lead { (t.recovery.lead) }
        ul.codes aria-label=(t.recovery.codes) {
            @for code in view.codes { li { code { (code) } } }
        }
        p { a href=(download(view.codes, chrome.site_name, t)) download="recovery-codes.txt" { (t.recovery.download) } }
        p { a.button href=(chrome.at(paths::ACCOUNT)) { (t.recovery.done) } }
    };
    document(chrome, t, &t.recovery.title, Script::None, &main)
}

/// The codes as a file in an address: nothing is asked of the server again, which could not show them twice.
fn download(codes: &[&str], site: &str, t: &Texts) -> String {
    let mut file = format!("{site}: {}\r\n\r\n", t.recovery.codes);
    for code in codes {
        file.push_str(code);
        file.push_str("\r\n");
    }
    let encoded: String = form_urlencoded::byte_serialize(file.as_bytes()).collect();
    format!("data:text/plain;charset=utf-8,{}", encoded.replace('+', "%20"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_easy_to_type() {
        assert_eq!(grouped("ABCDEFGHIJ"), "ABCD EFGH IJ");
        assert_eq!(grouped("ABCD"), "ABCD");
        assert_eq!(grouped(""), "");
    }

    #[test]
    fn what_is_too_long_for_a_picture_has_none() {
        assert!(picture("otpauth://totp/a?secret=ABCD", "x").0.contains("<svg"));
        assert_eq!(picture(&"x".repeat(MAX_URI + 1), "x").0, "");
    }
}
