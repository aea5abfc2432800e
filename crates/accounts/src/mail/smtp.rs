//! Mails to a mail server.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use percent_encoding::percent_decode_str;

use super::address::Address;
use super::message::{Mail, SendError, Sender, Sending};

/// The longest text of a server in an error.
const MAX_TEXT: usize = 200;

/// A mail server and how to use it.
#[derive(Clone, Copy)]
pub struct Smtp<'a> {
    /// `smtps://user:password@host` (TLS from the start, port 465) or `smtp://user:password@host` (STARTTLS, which must succeed,
    /// port 587). To this machine, `smtp://localhost` is not encrypted (port 25). A port can be given; user and password can be
    /// left out; what has a meaning in URLs is percent-encoded.
    pub url: &'a str,
    /// The sender's address.
    pub from: &'a Address,
    /// The sender's name, usually that of the site.
    pub from_name: &'a str,
    /// How long all of it may take for one mail.
    pub timeout: Duration,
    /// Certificates in PEM to trust besides those of the system.
    pub authorities: Option<&'a str>,
}

/// What is wrong with the settings of a mail server. The URL is not repeated: it has a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SmtpSettingError {
    /// The URL is none of a mail server.
    #[error("the address of the mail server {0}")]
    Url(&'static str),
    /// The certificates cannot be read.
    #[error("the certificates for the mail server cannot be read: {0}")]
    Authorities(String),
}

/// Sends mails to a mail server, each over a connection of its own.
pub struct SmtpSender {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    server: Server,
    from: Mailbox,
    timeout: Duration,
}

/// What a URL says.
#[derive(Clone, PartialEq, Eq)]
struct Server {
    host: String,
    port: u16,
    encryption: Encryption,
    login: Option<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encryption {
    /// To this machine.
    None,
    /// Required: a server that does not offer it gets no mail and no password.
    StartTls,
    /// From the first byte.
    Tls,
}

impl SmtpSender {
    /// A sender to the server of a URL.
    pub fn new(smtp: &Smtp<'_>) -> Result<SmtpSender, SmtpSettingError> {
        SmtpSender::to(Server::parse(smtp.url)?, smtp)
    }

    fn to(server: Server, smtp: &Smtp<'_>) -> Result<SmtpSender, SmtpSettingError> {
        let tls = || tls_parameters(&server.host, smtp.authorities);
        let tls = match server.encryption {
            Encryption::None => Tls::None,
            Encryption::StartTls => Tls::Required(tls()?),
            Encryption::Tls => Tls::Wrapper(tls()?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.host.as_str())
            .port(server.port)
            .tls(tls)
            .hello_name(ClientId::Domain(ascii(smtp.from.domain())))
            .timeout(Some(smtp.timeout));
        if let Some((user, password)) = &server.login {
            builder = builder.credentials(Credentials::new(user.clone(), password.clone()));
        }
        let name: String = smtp.from_name.chars().filter(|c| !c.is_control()).collect();
        let from = Mailbox::new(Some(name).filter(|name| !name.trim().is_empty()), smtp.from.inner().clone());
        Ok(SmtpSender { transport: builder.build(), server, from, timeout: smtp.timeout })
    }

    fn message(&self, mail: Mail) -> Result<Message, SendError> {
        let id = format!("<{:032x}@{}>", fastrand::u128(..), ascii(self.from.email.domain()));
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, mail.to.inner().clone()))
            .subject(mail.subject)
            .message_id(Some(id))
            .header(AutoSubmitted)
            .multipart(MultiPart::alternative_plain_html(mail.text, mail.html))
            .map_err(|error| SendError::Unwritable(error.to_string()))
    }

    /// What went wrong. Servers quote what they were sent, so words that have the password in any form are not repeated.
    fn error(&self, error: &lettre::transport::smtp::Error) -> SendError {
        let text = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
        let secret = self.server.secrets().iter().any(|secret| text.contains(secret.as_str()));
        let text: String = if secret {
            "(not shown: it has the password)".to_owned()
        } else {
            text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_TEXT).collect()
        };
        if let Some(status) = error.status() {
            SendError::Refused { status: status.into(), text }
        } else if error.is_timeout() {
            SendError::TimedOut
        } else if error.is_client() {
            SendError::Unable(text)
        } else {
            SendError::Connection(text)
        }
    }
}

impl Sender for SmtpSender {
    fn send(&self, mail: Mail) -> Sending<'_> {
        Box::pin(async move {
            let message = self.message(mail)?;
            // lettre's own time-out is for the connection only.
            match tokio::time::timeout(self.timeout, self.transport.send(message)).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(self.error(&error)),
                Err(_) => Err(SendError::TimedOut),
            }
        })
    }
}

impl fmt::Debug for SmtpSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpSender")
            .field("host", &self.server.host)
            .field("port", &self.server.port)
            .field("encryption", &self.server.encryption)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Smtp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp")
            .field("from", self.from)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl Server {
    fn parse(url: &str) -> Result<Server, SmtpSettingError> {
        let error = |what| SmtpSettingError::Url(what);
        let (scheme, rest) =
            url.split_once("://").ok_or(error("begins with neither smtps:// nor smtp://"))?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#']) {
            return Err(error(
                "has more than user, password, host and port; percent-encode / ? # in a password",
            ));
        }
        let (login, place) = match rest.rsplit_once('@') {
            Some((login, place)) => (Some(login), place),
            None => (None, rest),
        };
        let (host, port) = place_of(place).ok_or(error("has no host, or a port that is no number"))?;
        let loopback = host.eq_ignore_ascii_case("localhost")
            || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        let (encryption, usual) = match (scheme, loopback) {
            ("smtps", _) => (Encryption::Tls, 465),
            ("smtp", false) => (Encryption::StartTls, 587),
            ("smtp", true) => (Encryption::None, 25),
            _ => return Err(error("begins with neither smtps:// nor smtp://")),
        };
        let login = match login {
            Some(login) => {
                let (user, password) = login.split_once(':').ok_or(error("has a user without a password"))?;
                let decoded =
                    |text: &str| percent_decode_str(text).decode_utf8().map(|text| text.into_owned());
                let not_text = |_| error("has a user or password that is no UTF-8");
                Some((decoded(user).map_err(not_text)?, decoded(password).map_err(not_text)?))
            }
            None => None,
        };
        Ok(Server { host, port: port.unwrap_or(usual), encryption, login })
    }

    /// The password as it is written in the ways to log in: as it is, and in base64, alone (LOGIN) and with its user (PLAIN).
    fn secrets(&self) -> Vec<String> {
        match &self.login {
            Some((user, password)) if !password.is_empty() => vec![
                password.clone(),
                STANDARD.encode(password),
                STANDARD.encode(format!("\0{user}\0{password}")),
            ],
            _ => Vec::new(),
        }
    }
}

/// Host and port of `host`, `host:port` or `[address]:port`.
fn place_of(place: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match place.strip_prefix('[') {
        Some(bracketed) => {
            let (address, rest) = bracketed.split_once(']')?;
            address.parse::<std::net::Ipv6Addr>().ok()?;
            (address, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
        }
        None => match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        },
    };
    let valid = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
    if host.is_empty() || !host.chars().all(valid) {
        return None;
    }
    let port = port.map(|port| port.parse::<u16>().ok().filter(|port| *port > 0));
    match port {
        Some(None) => None,
        Some(port) => Some((host.to_owned(), port)),
        None => Some((host.to_owned(), None)),
    }
}

/// A domain for `EHLO` and message ids, which are ASCII. One that is not is replaced: nobody looks it up.
fn ascii(domain: &str) -> String {
    if domain.is_ascii() { domain.to_owned() } else { "localhost".to_owned() }
}

fn tls_parameters(host: &str, authorities: Option<&str>) -> Result<TlsParameters, SmtpSettingError> {
    let wrong = |error: lettre::transport::smtp::Error| SmtpSettingError::Authorities(error.to_string());
    let mut parameters = TlsParameters::builder(host.to_owned());
    if let Some(pem) = authorities {
        parameters = parameters.add_root_certificate(Certificate::from_pem(pem.as_bytes()).map_err(wrong)?);
    }
    parameters.build().map_err(wrong)
}

/// RFC 3834 §5: nobody's machine should answer that its owner is on holiday.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(AutoSubmitted)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

#[cfg(test)]
mod tests;
