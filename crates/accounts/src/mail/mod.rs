//! Mails of the user service: what they say, and how they are sent.
//!
//! [`Letter::write`] makes a [`Mail`] of plain data; a [`Sender`] sends it: [`SmtpSender`] to a mail server, [`LogSender`] to
//! a log in development.

mod address;
mod letter;
mod log;
mod message;
mod smtp;

pub use address::{Address, AddressError};
pub use letter::{FactorChange, Letter, Seen};
pub use log::LogSender;
pub use message::{Mail, SendError, Sender, Sending};
pub use smtp::{Smtp, SmtpSender, SmtpSettingError};
