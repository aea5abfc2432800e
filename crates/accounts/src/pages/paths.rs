//! Where pages and forms are, below the base path. Forms post to these; the routes serve them.

/// Log in: the page, and the form with `identifier` and `password`.
pub const LOG_IN: &str = "/login";
/// The second step of a log in: the page, and the form with `code`.
pub const SECOND_FACTOR: &str = "/login/code";
/// The form with `recovery_code`, in place of a code.
pub const RECOVERY: &str = "/login/recovery";
/// Log out of this session: a form without fields.
pub const LOG_OUT: &str = "/logout";
/// End all sessions: a form without fields.
pub const LOG_OUT_EVERYWHERE: &str = "/logout/everywhere";
/// Register: the page, and the form with `email`, `username` if the site has user names, and `password`.
pub const REGISTER: &str = "/register";
/// Confirm an address: the page behind the link of a mail, and the form with its `token`.
pub const VERIFY: &str = "/verify";
/// Ask for a reset: the page, and the form with `email`.
pub const ASK_RESET: &str = "/reset";
/// Choose a new password: the page behind the link of a mail, and the form with its `token` and `password`.
pub const NEW_PASSWORD: &str = "/reset/password";
/// The account's page.
pub const ACCOUNT: &str = "/account";
/// Change the password: a form with `current_password` and `password`.
pub const CHANGE_PASSWORD: &str = "/account/password";
/// End one session: a form with `session`.
pub const END_SESSION: &str = "/account/sessions/end";
/// Turn on one-time codes: the page with the key, and the form with the first `code`.
pub const TOTP: &str = "/account/totp";
/// Turn off one-time codes: a form with `current_password`.
pub const TOTP_OFF: &str = "/account/totp/off";
/// Make new recovery codes: a form with `current_password`.
pub const RECOVERY_CODES: &str = "/account/recovery-codes";
/// Below this are the providers by name, and their callbacks: `/provider/google`, `/provider/google/callback`.
pub const PROVIDER: &str = "/provider/";
/// Link an identity of a provider: a form with `provider`, and `current_password` where there is a password.
pub const LINK_PROVIDER: &str = "/account/providers/link";
/// Unlink one: a form with `identity`, and `current_password` where there is a password.
pub const UNLINK_PROVIDER: &str = "/account/providers/unlink";
/// Remove a passkey: a form with `passkey`.
pub const REMOVE_PASSKEY: &str = "/account/passkeys/remove";
/// The passkeys, as JSON.
pub const PASSKEYS: &str = "/account/passkeys";
/// Give a passkey another name: `passkey` and `name`.
pub const NAME_PASSKEY: &str = "/account/passkeys/name";
/// JSON for the script: begin to register a passkey.
pub const PASSKEY_REGISTER_START: &str = "/passkeys/register/start";
/// JSON for the script: finish to register a passkey.
pub const PASSKEY_REGISTER_FINISH: &str = "/passkeys/register/finish";
/// JSON for the script: begin to log in with a passkey.
pub const PASSKEY_LOG_IN_START: &str = "/passkeys/login/start";
/// JSON for the script: finish to log in with a passkey.
pub const PASSKEY_LOG_IN_FINISH: &str = "/passkeys/login/finish";
/// JSON for the script: begin to use a passkey as the second factor.
pub const PASSKEY_STEP_START: &str = "/passkeys/step/start";
/// JSON for the script: finish to use a passkey as the second factor.
pub const PASSKEY_STEP_FINISH: &str = "/passkeys/step/finish";
/// Below this are the assets by name.
pub const ASSETS: &str = "/assets/";
