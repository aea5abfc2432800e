use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::*;

const PASSWORD: &str = "p@ss/word: x";
const LOGIN: &str = "kim:p%40ss%2Fword%3A%20x";

/// What a server does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Offers {
    /// Mail without encryption only.
    Plain,
    /// Mail after STARTTLS.
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// No recipient is good enough, and every command is quoted in the refusal.
    Refusal,
    /// Nothing at all.
    Silence,
}

/// A mail server for one connection. Gives all lines that it received.
struct MailServer {
    port: u16,
    pem: String,
    lines: JoinHandle<Vec<String>>,
}

impl MailServer {
    async fn start(offers: Offers) -> MailServer {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let lines = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            serve(stream, offers, acceptor).await
        });
        MailServer { port, pem: cert.pem(), lines }
    }
}

async fn serve(stream: TcpStream, offers: Offers, acceptor: TlsAcceptor) -> Vec<String> {
    let mut lines = Vec::new();
    match offers {
        Offers::Silence => {
            let _ = BufReader::new(stream).read_line(&mut String::new()).await;
        }
        Offers::Tls => match acceptor.accept(stream).await {
            Ok(stream) => drop(talk(stream, offers, Greets::Yes, &mut lines).await),
            Err(error) => lines.push(format!("TLS: {error}")),
        },
        _ => {
            if let Some(stream) = talk(stream, offers, Greets::Yes, &mut lines).await {
                match acceptor.accept(stream).await {
                    Ok(stream) => drop(talk(stream, Offers::Plain, Greets::No, &mut lines).await),
                    Err(error) => lines.push(format!("TLS: {error}")),
                }
            }
        }
    }
    lines
}

#[derive(PartialEq, Eq)]
enum Greets {
    Yes,
    No,
}

/// Talks SMTP to the end, or to a STARTTLS, where it gives the stream back.
async fn talk<S>(stream: S, offers: Offers, greets: Greets, lines: &mut Vec<String>) -> Option<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut stream = BufReader::new(stream);
    if greets == Greets::Yes {
        stream.write_all(b"220 test\r\n").await.ok()?;
    }
    let mut data = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end_matches("\r\n").to_owned();
        lines.push(line.clone());
        let verb = line.split([' ', ':']).next().unwrap().to_ascii_uppercase();
        let answer = match verb.as_str() {
            _ if data && line != "." => continue,
            _ if data => {
                data = false;
                "250 taken".to_owned()
            }
            "EHLO" if offers == Offers::StartTls => "250-test\r\n250 STARTTLS".to_owned(),
            "EHLO" => "250-test\r\n250 AUTH PLAIN LOGIN".to_owned(),
            "STARTTLS" => {
                stream.write_all(b"220 go\r\n").await.ok()?;
                return Some(stream.into_inner());
            }
            "AUTH" if offers == Offers::Refusal => format!("535 5.7.8 not with {line}"),
            "AUTH" => "235 known".to_owned(),
            "MAIL" => "250 well".to_owned(),
            "RCPT" if offers == Offers::Refusal => "550 5.7.1 no relay\x07".to_owned(),
            "RCPT" => "250 well".to_owned(),
            "DATA" => {
                data = true;
                "354 go on".to_owned()
            }
            "QUIT" => "221 bye".to_owned(),
            _ => "502 what?".to_owned(),
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    }
}

fn mail() -> Mail {
    Mail {
        to: "lee@example.com".parse().unwrap(),
        subject: "Grüße\r\nBcc: all@example.com".into(),
        text: "Hello,\n.\nthat was a dot.\n".into(),
        html: "<p>Hello</p>".into(),
    }
}

/// Sends a mail to a server with these offers, over this encryption; with the server's certificate trusted or not.
async fn sent(
    offers: Offers,
    encryption: Encryption,
    login: &str,
    trusted: bool,
) -> (Result<(), SendError>, Vec<String>) {
    let server = MailServer::start(offers).await;
    let from: Address = "shop@example.org".parse().unwrap();
    let mut place = Server::parse(&format!("smtp://{login}localhost:{}", server.port)).unwrap();
    place.encryption = encryption;
    let smtp = Smtp {
        url: "",
        from: &from,
        from_name: "Shop \"x\"\r\nBcc: all@example.com",
        timeout: Duration::from_millis(if offers == Offers::Silence { 100 } else { 20_000 }),
        authorities: trusted.then_some(server.pem.as_str()),
    };
    let sender = SmtpSender::to(place, &smtp).unwrap();
    let result = sender.send(mail()).await;
    if offers == Offers::Silence {
        server.lines.abort();
        return (result, Vec::new());
    }
    (result, server.lines.await.unwrap())
}

#[tokio::test]
async fn a_mail_arrives_over_each_encryption() {
    for (offers, encryption) in [
        (Offers::Plain, Encryption::None),
        (Offers::StartTls, Encryption::StartTls),
        (Offers::Tls, Encryption::Tls),
    ] {
        let (result, lines) = sent(offers, encryption, "", true).await;
        assert_eq!(result, Ok(()), "{encryption:?}");
        let all = lines.join("\n");
        for expected in ["EHLO example.org", "MAIL FROM:<shop@example.org>", "RCPT TO:<lee@example.com>"] {
            assert!(all.contains(expected), "{encryption:?}: {all}");
        }
        for expected in [
            "To: lee@example.com",
            "Auto-Submitted: auto-generated",
            "multipart/alternative",
            "@example.org>",
        ] {
            assert!(all.contains(expected), "{encryption:?}: {all}");
        }
        assert!(lines.iter().all(|line| !line.starts_with("Bcc")), "{all}");
        assert_eq!(lines.iter().filter(|line| line.starts_with("RCPT")).count(), 1, "{all}");
        assert!(lines.contains(&"..".to_owned()), "a line with a dot does not end the mail: {all}");
    }
}

#[tokio::test]
async fn the_password_is_sent_where_it_may_be() {
    let (result, lines) = sent(Offers::Tls, Encryption::Tls, &format!("{LOGIN}@"), true).await;
    assert_eq!(result, Ok(()));
    let expected = format!("AUTH PLAIN {}", STANDARD.encode(format!("\0kim\0{PASSWORD}")));
    assert!(lines.contains(&expected), "{lines:?}");
}

#[tokio::test]
async fn a_server_without_starttls_gets_neither_mail_nor_password() {
    let (result, lines) = sent(Offers::Plain, Encryption::StartTls, &format!("{LOGIN}@"), true).await;
    assert!(matches!(&result, Err(SendError::Unable(_))), "{result:?}");
    assert!(lines.iter().all(|line| line.starts_with("EHLO") || line.starts_with("QUIT")), "{lines:?}");
}

#[tokio::test]
async fn a_server_with_a_strange_certificate_gets_neither_mail_nor_password() {
    for (offers, encryption) in [(Offers::StartTls, Encryption::StartTls), (Offers::Tls, Encryption::Tls)] {
        let (result, lines) = sent(offers, encryption, &format!("{LOGIN}@"), false).await;
        assert!(
            matches!(&result, Err(SendError::Connection(text)) if text.contains("certificate")),
            "{result:?}"
        );
        let all = lines.join("\n");
        assert!(!all.contains("AUTH") && !all.contains("MAIL"), "{all}");
    }
}

#[tokio::test]
async fn a_refusal_is_told_without_the_password() {
    let (result, _) = sent(Offers::Refusal, Encryption::None, "", true).await;
    assert_eq!(result, Err(SendError::Refused { status: 550, text: "5.7.1 no relay ".into() }));
    let (result, _) = sent(Offers::Refusal, Encryption::None, &format!("{LOGIN}@"), true).await;
    let text = "(not shown: it has the password)".to_owned();
    assert_eq!(result, Err(SendError::Refused { status: 535, text }));
}

#[tokio::test]
async fn a_silent_server_and_none_at_all_are_told() {
    assert_eq!(sent(Offers::Silence, Encryption::None, "", true).await.0, Err(SendError::TimedOut));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{LOGIN}@127.0.0.1:{}", listener.local_addr().unwrap().port());
    drop(listener);
    let from = "shop@example.org".parse().unwrap();
    let smtp =
        Smtp { url: &url, from: &from, from_name: "", timeout: Duration::from_secs(20), authorities: None };
    let sender = SmtpSender::new(&smtp).unwrap();
    let result = sender.send(mail()).await;
    assert!(matches!(&result, Err(SendError::Connection(_))), "{result:?}");
    for shown in [format!("{sender:?}"), format!("{smtp:?}"), format!("{result:?}")] {
        assert!(!shown.contains("ss%2F") && !shown.contains(PASSWORD), "{shown}");
    }
}

#[test]
fn a_url_says_where_and_how() {
    let server = |host: &str, port, encryption| Server { host: host.into(), port, encryption, login: None };
    for (url, expected) in [
        ("smtps://mail.example.com", server("mail.example.com", 465, Encryption::Tls)),
        ("smtps://mail.example.com:1465/", server("mail.example.com", 1465, Encryption::Tls)),
        ("smtp://mail.example.com", server("mail.example.com", 587, Encryption::StartTls)),
        ("smtp://192.0.2.1:25", server("192.0.2.1", 25, Encryption::StartTls)),
        ("smtp://localhost.example.com", server("localhost.example.com", 587, Encryption::StartTls)),
        ("smtp://localhost", server("localhost", 25, Encryption::None)),
        ("smtp://127.0.0.1:1025", server("127.0.0.1", 1025, Encryption::None)),
        ("smtp://[::1]:1025", server("::1", 1025, Encryption::None)),
        ("smtp://[2001:db8::1]", server("2001:db8::1", 587, Encryption::StartTls)),
        ("smtps://localhost", server("localhost", 465, Encryption::Tls)),
    ] {
        assert!(Server::parse(url) == Ok(expected), "{url}");
    }
    let login =
        Server::parse(&format!("smtps://{LOGIN}@mail.example.com")).ok().and_then(|server| server.login);
    assert_eq!(login, Some(("kim".to_owned(), PASSWORD.to_owned())));
}

#[test]
fn a_url_that_is_none_is_told_without_its_password() {
    for (url, expected) in [
        ("", "begins with neither"),
        ("mail.example.com", "begins with neither"),
        ("http://kim:secret@mail.example.com", "begins with neither"),
        ("smtp://kim:secret@", "has no host"),
        ("smtp://kim:secret@mail.example.com:x", "has no host, or a port"),
        ("smtp://kim:secret@mail.example.com:0", "has no host, or a port"),
        ("smtp://kim:secret@mail.example.com:99999", "has no host, or a port"),
        ("smtp://kim:secret@mail example.com", "has no host"),
        ("smtp://kim:secret@[::1", "has no host"),
        ("smtp://kim:secret@[x]", "has no host"),
        ("smtp://kim@mail.example.com", "has a user without"),
        ("smtp://kim:sec/ret@mail.example.com", "has more than"),
        ("smtp://kim:secret@mail.example.com?tls=none", "has more than"),
        ("smtp://kim:secret%ff@mail.example.com", "has a user or password"),
    ] {
        let error = Server::parse(url).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.starts_with(&format!("the address of the mail server {expected}")), "{url}: {error}");
        assert!(!error.contains("secret"), "{error}");
    }
}
