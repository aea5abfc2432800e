//! A mail, and who sends it.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use super::address::Address;

/// A mail to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// To whom.
    pub to: Address,
    /// The subject, one line.
    pub subject: String,
    /// The text for programs without HTML.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// Why a mail was not sent.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum SendError {
    /// The mail server did not take it.
    #[error("the mail server refused with status {status}: {text}")]
    Refused {
        /// The server's status; from 400 to 499 a later try may succeed.
        status: u16,
        /// The server's words.
        text: String,
    },
    /// The server does not offer STARTTLS, or no way to log in that is known.
    #[error("the mail server lacks what is needed: {0}")]
    Unable(String),
    /// No connection, one that broke, or a certificate that is not trusted.
    #[error("no connection with the mail server: {0}")]
    Connection(String),
    /// The server took longer than the time-out.
    #[error("the mail server took too long")]
    TimedOut,
    /// A mail that cannot be written as RFC 5322 wants it.
    #[error("the mail cannot be written: {0}")]
    Unwritable(String),
}

/// The end of sending a mail.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), SendError>> + Send + 'a>>;

/// Something that sends mails.
pub trait Sender: Debug + Send + Sync {
    /// Sends a mail. It may take seconds: what is told to a visitor must not wait for it, or the time tells whether there is an
    /// account.
    fn send(&self, mail: Mail) -> Sending<'_>;
}
