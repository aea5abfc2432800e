//! The pages of the user service: functions from plain data to a whole HTML document.
//!
//! They decide nothing. Every form posts to a path of [`paths`] below [`Chrome::base`], with the hidden fields `form`
//! (a token against forged requests) and, if given, `next` (where to go afterwards, checked by the caller). All works
//! without JavaScript but for passkeys. No page has inline script or style; [`CONTENT_SECURITY_POLICY`] is all they need.
//!
//! The script for passkeys posts JSON to the six `PASSKEY_` paths: `start` with `{current_password?}`, answered by
//! `{publicKey, ceremony}` with binary values in base64url as WebAuthn Level 3 writes them; `finish` with
//! `{ceremony, next?, name?, credential}`, answered by `{location}`, which is where the browser goes if it is of the
//! same origin. Any other status than 200 is a failure; its `detail` is shown.

mod account;
mod assets;
mod chrome;
mod failure;
mod log_in;
mod mailed;
mod onward;
mod parts;
pub mod paths;
mod providers;
mod register;
#[cfg(test)]
mod tests;
mod totp;
pub(crate) mod when;

pub use account::{Account, Passkey, Providers, Session, TwoStep, account};
pub use assets::{asset, script_name, style_name};
pub use chrome::{CONTENT_SECURITY_POLICY, Chrome};
pub use failure::{Failure, error};
pub use log_in::{LogIn, SecondFactor, Tried, log_in, second_factor};
pub use mailed::{
    AskReset, MailSent, NewPassword, Sent, Verified, Verify, ask_reset, mail_sent, new_password, verified,
    verify,
};
pub use onward::onward;
pub use providers::{Linked, Provider, StepUp, logged_out};
pub use register::{Register, register};
pub use totp::{EnrolTotp, RecoveryCodes, enrol_totp, recovery_codes};
