//! All words of one language: the sections of a file, and the codes of what a page says.
//!
//! The same codes stand in JSON, where a program reads them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::fill::{Counted, placeholders};
use super::tags::{best_for, is_tag};

/// The longest file of texts.
pub(super) const MAX_FILE: usize = 256 * 1024;

pub(super) const ENGLISH: &str = include_str!("en.toml");
pub(super) const GERMAN: &str = include_str!("de.toml");

/// What is wrong with a file of texts.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TextsError {
    /// The file is longer than any real one.
    #[error("the file of texts is longer than {MAX_FILE} bytes")]
    TooLong,
    /// The file is not TOML, or a key has a value of another type.
    #[error("the file of texts cannot be read: {0}")]
    Syntax(String),
    /// The file has not the keys of the English one.
    #[error("the file of texts has other keys than the English one; missing: {}; unknown: {}", list(.missing), list(.unknown))]
    Keys {
        /// Keys that the file lacks.
        missing: Vec<String>,
        /// Keys that nothing uses.
        unknown: Vec<String>,
    },
    /// A text names other placeholders than the English one.
    #[error("the text `{key}` must have the placeholders of the English text: `{english}`")]
    Placeholders {
        /// The key of the text.
        key: String,
        /// The English text.
        english: String,
    },
    /// `lang` is no language tag, or `direction` is neither `ltr` nor `rtl`.
    #[error("`{0}` has a value that HTML does not know: a language tag like \"pt-BR\"; \"ltr\" or \"rtl\"")]
    Language(&'static str),
}

fn list(keys: &[String]) -> String {
    if keys.is_empty() { "none".to_owned() } else { keys.join(", ") }
}

/// Defines the sections of a file and the keys of each. A key that is missing here or in a file is an error of serde.
macro_rules! sections {
    ($($section:ident: $type:ident { $($key:ident $(: $of:ty)?),* $(,)? })*) => {
        $(
            #[derive(Debug, Clone, Default, Deserialize)]
            #[serde(deny_unknown_fields)]
            pub(crate) struct $type { $(pub(crate) $key: sections!(@type $($of)?)),* }
        )*

        /// All words of one language.
        #[derive(Debug, Clone, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Texts {
            pub(super) lang: String,
            pub(super) direction: String,
            pub(crate) problems: ProblemTexts,
            pub(crate) hints: HintTexts,
            pub(crate) notices: NoticeTexts,
            $(pub(crate) $section: $type),*
        }
    };
    (@type) => { String };
    (@type $of:ty) => { $of };
}

sections! {
    common: CommonTexts {
        email, username, password, new_password, password_rule, code, cancel, to_log_in, device, device_unknown,
        try_again_in: Counted,
    }
    log_in: LogInTexts { title, identifier, submit, passkey, provider, or, forgot, new_here, register }
    logged_out: LoggedOutTexts { title, lead, submit }
    second_factor: SecondFactorTexts {
        title, lead, submit, passkey, no_device, recovery_lead, recovery_code, recovery_submit,
    }
    register: RegisterTexts { title, username_hint, submit, have_account, log_in }
    mail_sent: MailSentTexts { title, verify, reset, nothing, again_register, again_reset }
    verify: VerifyTexts { title, lead, submit, done_title, done, done_submit }
    reset: ResetTexts { title, lead, submit, new_title, new_lead, new_submit }
    account: AccountTexts {
        title, unverified, password_title, current_password, password_lead, password_submit,
        mfa_title, mfa_off, mfa_on, mfa_turn_on, mfa_turn_off, codes_left: Counted, codes_new, codes_new_lead,
        passkeys_title, passkeys_lead, passkeys_none, passkey_name, passkey_name_hint, passkey_add, passkey_remove,
        passkey_remove_named, passkey_script,
        providers_title, providers_lead, provider_link, provider_unlink, provider_unlink_named,
        sessions_title, session_here, session_revoke, session_revoke_named, logout_everywhere,
        logout_everywhere_lead, logout, address, created, last_used, never,
    }
    totp: TotpTexts { title, step_scan, step_type, open_app, step_code, submit, picture }
    recovery: RecoveryTexts { title, lead, codes, download, done }
    error: ErrorTexts { title, request }
    passkey: PasskeyTexts { cancelled, known, failed }
    mail: MailTexts {
        greeting, account, link_hint, expires: Counted, expires_minutes: Counted, device, from, at, footer,
    }
    mail_verify: MailVerifyTexts { subject, lead, button, otherwise }
    mail_reset: MailResetTexts { subject, lead, button, otherwise }
    mail_changed: MailChangedTexts { subject, lead, button, otherwise }
    mail_new_device: MailNewDeviceTexts { subject, lead, button, otherwise }
    mail_passkey_added: MailPasskeyAddedTexts { subject, lead, button, otherwise }
    mail_passkey_removed: MailPasskeyRemovedTexts { subject, lead, button, otherwise }
    mail_codes_on: MailCodesOnTexts { subject, lead, button, otherwise }
    mail_codes_off: MailCodesOffTexts { subject, lead, button, otherwise }
    mail_recovery_codes: MailRecoveryCodesTexts { subject, lead, button, otherwise }
    mail_exists: MailExistsTexts { subject, lead, button, otherwise }
}

/// The built-in languages, English first. A test reads both files; were one broken, its texts would be empty.
pub(super) static BUILT_IN: LazyLock<[Texts; 2]> =
    LazyLock::new(|| [ENGLISH, GERMAN].map(|file| parsed(file).unwrap_or_default()));

impl Texts {
    /// The texts of a built-in language, chosen by tag: `de` and `de-AT` are German.
    pub fn of(lang: &str) -> Option<&'static Texts> {
        let tags: Vec<&str> = BUILT_IN.iter().map(Texts::lang).collect();
        best_for(lang, &tags).and_then(|at| BUILT_IN.get(at))
    }

    /// Reads another language, or other words for a built-in one.
    pub fn from_file(text: &str) -> Result<Texts, TextsError> {
        if text.len() > MAX_FILE {
            return Err(TextsError::TooLong);
        }
        let (english, own) = (keys(ENGLISH)?, keys(text)?);
        let without = |all: &BTreeMap<String, String>, other: &BTreeMap<String, String>| -> Vec<String> {
            all.keys().filter(|key| !other.contains_key(*key)).cloned().collect()
        };
        let (missing, unknown) = (without(&english, &own), without(&own, &english));
        if !missing.is_empty() || !unknown.is_empty() {
            return Err(TextsError::Keys { missing, unknown });
        }
        for (key, english) in english {
            if own.get(&key).map(|text| placeholders(text)) != Some(placeholders(&english)) {
                return Err(TextsError::Placeholders { key, english });
            }
        }
        let texts = parsed(text)?;
        if !is_tag(&texts.lang) {
            return Err(TextsError::Language("lang"));
        }
        if !["ltr", "rtl"].contains(&texts.direction.as_str()) {
            return Err(TextsError::Language("direction"));
        }
        Ok(texts)
    }

    /// The language tag, as it stands in `<html lang>`.
    pub fn lang(&self) -> &str {
        &self.lang
    }

    /// The direction of writing, `ltr` or `rtl`.
    pub(crate) fn direction(&self) -> &str {
        &self.direction
    }
}

fn parsed(file: &str) -> Result<Texts, TextsError> {
    toml::from_str(file).map_err(|error| TextsError::Syntax(error.to_string()))
}

/// The texts of a file by their dotted keys. A value that is no text stands as an empty one: serde tells of it later.
pub(super) fn keys(file: &str) -> Result<BTreeMap<String, String>, TextsError> {
    let table: toml::Table = toml::from_str(file).map_err(|error| TextsError::Syntax(error.to_string()))?;
    let mut found = BTreeMap::new();
    flatten("", &table, &mut found);
    Ok(found)
}

/// The parser of TOML bounds the depth of tables, and with it this recursion.
fn flatten(prefix: &str, table: &toml::Table, into: &mut BTreeMap<String, String>) {
    for (key, value) in table {
        let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            toml::Value::Table(inner) => flatten(&key, inner, into),
            toml::Value::String(text) => drop(into.insert(key, text.clone())),
            _ => drop(into.insert(key, String::new())),
        }
    }
}

/// Defines an enum whose variants have a code, and the section of a file with a text for each code.
macro_rules! codes {
    ($(#[$doc:meta])* $name:ident in $section:ident: $texts:ident { $($(#[$about:meta])* $variant:ident = $code:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$about])* $variant),* }

        #[derive(Debug, Clone, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $texts { $($code: String),* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];

            /// The code in JSON, in events and in files of texts.
            pub const fn code(self) -> &'static str {
                match self { $($name::$variant => stringify!($code)),* }
            }

            /// What a person is told.
            pub fn text(self, texts: &Texts) -> &str {
                match self { $($name::$variant => &texts.$section.$code),* }
            }

            /// The one with this code.
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.code() == code)
            }
        }
    };
}

codes! {
    /// Why a form was not accepted.
    Problem in problems: ProblemTexts {
        /// The account or its password is wrong; nothing says which.
        WrongCredentials = wrong_credentials,
        /// Too many failures of this account or from this address.
        TooManyTries = too_many_tries,
        /// The account is disabled. Said only to whoever knows its password.
        AccountDisabled = account_disabled,
        /// The one-time code is wrong, too old, or was used.
        WrongCode = wrong_code,
        /// The recovery code is wrong or was used.
        WrongRecoveryCode = wrong_recovery_code,
        /// The current password is wrong.
        WrongPassword = wrong_password,
        /// This is no e-mail address.
        EmailInvalid = email_invalid,
        /// This is no user name.
        UsernameInvalid = username_invalid,
        /// Another account has this user name.
        UsernameTaken = username_taken,
        /// The new password is too short.
        PasswordTooShort = password_too_short,
        /// The new password is too long.
        PasswordTooLong = password_too_long,
        /// The new password is easy to guess; hints say why.
        PasswordWeak = password_weak,
        /// The new password is in a list of breached ones.
        PasswordBreached = password_breached,
        /// The new password is a name of its account or of the site.
        PasswordIsAboutYou = password_is_about_you,
        /// The new password is the current one.
        PasswordSame = password_same,
        /// The link of a mail is too old or was used.
        LinkExpired = link_expired,
        /// The token of a form is too old or of another visitor.
        FormExpired = form_expired,
        /// The page is for those who are logged in.
        LogInFirst = log_in_first,
        /// The log in was too long ago for this.
        LogInAnew = log_in_anew,
        /// Nobody can register.
        RegistrationClosed = registration_closed,
        /// The mail server did not take a mail.
        MailFailed = mail_failed,
        /// There are as many passkeys as one account may have.
        PasskeysTooMany = passkeys_too_many,
        /// A passkey was not accepted.
        PasskeyFailed = passkey_failed,
        /// A log in with a provider was used, is too old, or was begun in another browser.
        ProviderStale = provider_stale,
        /// The provider has not let somebody in, or he has changed his mind.
        ProviderDenied = provider_denied,
        /// The provider does not answer.
        ProviderUnavailable = provider_unavailable,
        /// What the provider says does not hold.
        ProviderFailed = provider_failed,
        /// No account has linked this identity, and none is made.
        ProviderNoAccount = provider_no_account,
        /// The provider says no verified address.
        ProviderNoAddress = provider_no_address,
        /// An account has the address, and has not linked this identity.
        ProviderAddressTaken = provider_address_taken,
        /// Another account has linked this identity.
        ProviderLinkedElsewhere = provider_linked_elsewhere,
        /// The only way in that is left cannot be unlinked.
        ProviderLastOne = provider_last_one,
        /// The current password is wrong; or there is none, and the log in is long ago.
        ProviderProof = provider_proof,
        /// All places where passwords are hashed are taken.
        Busy = busy,
        /// The store or another part is out of order.
        Unavailable = unavailable,
        /// There is no such page.
        NotFound = not_found,
    }
}

codes! {
    /// Why a password is easy to guess, and what makes a better one.
    Hint in hints: HintTexts {
        /// A row or a short pattern of keys.
        KeyboardRow = keyboard_row,
        /// The same letters or words again.
        Repeats = repeats,
        /// One of the most used passwords.
        Common = common,
        /// Close to one of the most used passwords.
        SimilarToCommon = similar_to_common,
        /// Letters or digits in order.
        Sequence = sequence,
        /// A year of late.
        RecentYear = recent_year,
        /// One word of a dictionary.
        SingleWord = single_word,
        /// A date.
        Date = date,
        /// Names and surnames.
        Names = names,
        /// Advice: a few words, no phrase.
        FewWords = few_words,
        /// Advice: symbols are not needed.
        NoSymbolsNeeded = no_symbols_needed,
        /// Advice: one or two more words.
        AddWords = add_words,
        /// Advice: capital letters help little.
        Capitals = capitals,
        /// Advice: reversed words help little.
        Reversed = reversed,
        /// Advice: substituted letters help little.
        Substitutions = substitutions,
        /// Advice: a longer pattern of keys.
        LongerPattern = longer_pattern,
        /// Advice: no repeats.
        AvoidRepeats = avoid_repeats,
        /// Advice: no sequences.
        AvoidSequences = avoid_sequences,
        /// Advice: no years.
        AvoidYears = avoid_years,
        /// Advice: no dates.
        AvoidDates = avoid_dates,
    }
}

codes! {
    /// What has been done, told on the next page.
    Notice in notices: NoticeTexts {
        /// This session is ended.
        LoggedOut = logged_out,
        /// All sessions are ended.
        LoggedOutEverywhere = logged_out_everywhere,
        /// The password was changed by whoever is logged in.
        PasswordChanged = password_changed,
        /// The password was changed by a link from a mail.
        PasswordReset = password_reset,
        /// Another session is ended.
        SessionEnded = session_ended,
        /// A second factor is asked for from now on.
        MfaOn = mfa_on,
        /// No second factor is asked for from now on.
        MfaOff = mfa_off,
        /// An identity of a provider is linked.
        ProviderLinked = provider_linked,
        /// One is linked no longer.
        ProviderUnlinked = provider_unlinked,
        /// A page asks for more than was shown.
        StepUp = step_up,
        /// There is a new passkey.
        PasskeyAdded = passkey_added,
        /// A passkey is gone.
        PasskeyRemoved = passkey_removed,
    }
}
