//! Writes all pages and mails with sample data into a directory, to look at them in a browser:
//! `cargo run -p accounts --example pages -- DIRECTORY [LANGUAGE]`.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::PathBuf;
use std::time::{Duration, SystemTime};
use std::{env, fs};

use accounts::mail::{FactorChange, Letter, Seen};
use accounts::pages::*;
use accounts::texts::{Hint, Notice, Problem, Texts};

fn main() {
    let mut arguments = env::args().skip(1);
    let directory = PathBuf::from(arguments.next().unwrap_or_else(|| "pages".to_owned()));
    let t = Texts::of(&arguments.next().unwrap_or_else(|| "en".to_owned())).unwrap();
    fs::create_dir_all(&directory).unwrap();
    for name in [style_name(), script_name()] {
        fs::write(directory.join(name), asset(name).unwrap().1).unwrap();
    }
    let chrome = Chrome {
        base: "",
        site_name: "Example Shop",
        style_href: style_name(),
        script_href: script_name(),
        form_token: "token",
    };
    for (name, html) in pages(t, &chrome).into_iter().chain(mails(t)) {
        let path = directory.join(format!("{name}.html"));
        fs::write(&path, html).unwrap();
        println!("{}", path.display());
    }
}

fn pages(t: &Texts, chrome: &Chrome<'_>) -> Vec<(&'static str, String)> {
    let (email, next, password_minimum) = ("kim.lee@example.com", None, 12);
    let wait = Some(Duration::from_secs(240));
    let passkeys = [
        Passkey { id: "1", name: "Kim's phone", created: ago(90_000_000), last_used: Some(ago(4_000)) },
        Passkey { id: "2", name: "Security key", created: ago(90_000), last_used: None },
    ];
    let session = Session {
        id: "1",
        device: "Firefox on Linux",
        address: "192.0.2.17",
        created: ago(90_000),
        last_used: ago(60),
        current: true,
    };
    let sessions = [
        session,
        Session {
            device: "Safari on iPhone",
            address: "2001:db8:85a3::8a2e:370:7334",
            current: false,
            ..session
        },
        Session { device: "Chrome on Windows", last_used: ago(900_000), current: false, ..session },
    ];
    let known = [
        Provider { name: "google", label: "Google" },
        Provider { name: "keycloak", label: "the company's login" },
    ];
    let linked = [Linked { id: "1", label: "Google", email: Some(email), linked: ago(90_000) }];
    let log_in_view = LogIn { registration: true, passkeys: true, providers: &known, ..LogIn::default() };
    let full = Account {
        username: Some("kim"),
        email,
        email_verified: true,
        notice: Some(Notice::PasskeyAdded),
        password_minimum,
        password_problems: &[],
        password_hints: &[],
        two_step: TwoStep::On { recovery_codes_left: 8 },
        two_step_problems: &[],
        passkeys: Some(&passkeys),
        has_password: true,
        providers: Some(Providers { known: &known, linked: &linked, has_password: true }),
        sessions: &sessions,
    };
    let bare = Account {
        username: None,
        email_verified: false,
        notice: None,
        password_problems: &[Problem::WrongPassword, Problem::PasswordBreached],
        two_step: TwoStep::Off,
        passkeys: Some(&[]),
        sessions: &[session],
        ..full
    };
    let uri = "otpauth://totp/Example%20Shop:kim.lee%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Example%20Shop";
    let secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
    let codes = [
        "7K3M-QX9T-2ZHV-E8RD",
        "A1B2-C3D4-E5F6-G7H8",
        "9PQR-STVW-XYZ0-1234",
        "5678-9ABC-DEFG-HJKM",
        "NPQR-STVW-XYZ1-2345",
        "6789-ABCD-EFGH-JKMN",
        "PQRS-TVWX-YZ23-4567",
        "89AB-CDEF-GHJK-MNPQ",
        "RSTV-WXYZ-3456-789A",
        "BCDE-FGHJ-KMNP-QRST",
    ];
    let tried = Tried::Recovery;
    let reset = AskReset { email: "", next, problems: &[] };
    let new = NewPassword { token: "token", identifier: email, password_minimum, problems: &[], hints: &[] };
    let weak = [Hint::SingleWord, Hint::AddWords];
    let filled = Register {
        email: "kim@example",
        username: Some("kim"),
        next,
        password_minimum,
        problems: &[Problem::EmailInvalid, Problem::PasswordWeak],
        hints: &weak,
    };
    vec![
        ("login", log_in(&log_in_view, t, chrome)),
        ("login-notice", {
            log_in(&LogIn { notice: Some(Notice::PasswordReset), passkeys: false, ..log_in_view }, t, chrome)
        }),
        ("login-wrong", {
            log_in(
                &LogIn { identifier: email, problems: &[Problem::WrongCredentials], ..log_in_view },
                t,
                chrome,
            )
        }),
        ("login-locked", {
            log_in(
                &LogIn { identifier: email, problems: &[Problem::TooManyTries], wait, ..log_in_view },
                t,
                chrome,
            )
        }),
        ("code", second_factor(&SecondFactor { passkey: true, ..SecondFactor::default() }, t, chrome)),
        ("code-recovery", {
            let problems = &[Problem::WrongRecoveryCode];
            second_factor(&SecondFactor { tried, problems, ..SecondFactor::default() }, t, chrome)
        }),
        (
            "register",
            register(
                &Register { email: "", problems: &[], hints: &[], username: Some(""), ..filled },
                t,
                chrome,
            ),
        ),
        ("register-wrong", register(&filled, t, chrome)),
        ("mail-sent", mail_sent(&MailSent { sent: Sent::Verify, address: email }, t, chrome)),
        ("mail-sent-reset", mail_sent(&MailSent { sent: Sent::Reset, address: email }, t, chrome)),
        ("verify", verify(&Verify { address: email, token: "token", problems: &[] }, t, chrome)),
        ("verified", verified(&Verified { address: email, next }, t, chrome)),
        ("reset", ask_reset(&reset, t, chrome)),
        ("new-password", new_password(&new, t, chrome)),
        ("logged-out", logged_out("Google", "https://login.example/out", t, chrome)),
        ("account", account(&full, t, chrome)),
        ("account-wrong", account(&bare, t, chrome)),
        ("totp", enrol_totp(&EnrolTotp { uri, secret, problems: &[] }, t, chrome)),
        ("totp-wrong", enrol_totp(&EnrolTotp { uri, secret, problems: &[Problem::WrongCode] }, t, chrome)),
        ("recovery-codes", recovery_codes(&RecoveryCodes { codes: &codes }, t, chrome)),
        (
            "error",
            error(&Failure { problem: Problem::LinkExpired, request_id: Some("01JX5K7Q9M") }, t, chrome),
        ),
    ]
}

fn mails(t: &Texts) -> Vec<(&'static str, String)> {
    let link = "https://shop.example/auth/verify?token=dGhpcyBpcyBub3QgYSBzZWNyZXQgYnV0IGFuIGV4YW1wbGU";
    let user_agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let seen = Seen { user_agent, address: [192, 0, 2, 17].into(), time: ago(60) };
    let valid = Duration::from_secs(3_600);
    [
        ("mail-verify", Letter::VerifyAddress { link, valid }),
        ("mail-reset", Letter::ResetPassword { account: "kim", link, valid }),
        ("mail-changed", Letter::PasswordChanged { account: "kim", link, seen }),
        ("mail-new-device", Letter::NewDevice { account: "kim", link, seen }),
        (
            "mail-passkey-added",
            Letter::FactorChanged { change: FactorChange::PasskeyAdded, account: "kim", link, seen },
        ),
        (
            "mail-passkey-removed",
            Letter::FactorChanged { change: FactorChange::PasskeyRemoved, account: "kim", link, seen },
        ),
        ("mail-exists", Letter::AccountExists { link }),
    ]
    .map(|(name, letter)| (name, letter.write("kim@example.com".parse().unwrap(), "Example Shop", t).html))
    .into()
}

/// A time that is the same at each run.
fn ago(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_773_480_720 - seconds)
}
