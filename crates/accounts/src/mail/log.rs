//! Mails to a log, for development.

use std::fmt;

use super::message::{Mail, Sender, Sending};

/// Gives each mail as text to a function. The text has the secrets of links: for development only.
pub struct LogSender<F>(F);

impl<F: Fn(&str) + Send + Sync> LogSender<F> {
    /// A sender that gives mails to `write`.
    pub fn new(write: F) -> Self {
        LogSender(write)
    }
}

impl<F> fmt::Debug for LogSender<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogSender")
    }
}

impl<F: Fn(&str) + Send + Sync> Sender for LogSender<F> {
    fn send(&self, mail: Mail) -> Sending<'_> {
        (self.0)(&format!("To: {}\nSubject: {}\n\n{}", mail.to, mail.subject, mail.text));
        Box::pin(std::future::ready(Ok(())))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[tokio::test]
    async fn a_mail_is_given_as_text() {
        let written = Mutex::new(String::new());
        let sender = LogSender::new(|text: &str| written.lock().unwrap().push_str(text));
        let to = "kim@example.com".parse().unwrap();
        let mail =
            Mail { to, subject: "Hello".into(), text: "https://x/?token=1\n".into(), html: String::new() };
        sender.send(mail).await.unwrap();
        assert_eq!(*written.lock().unwrap(), "To: kim@example.com\nSubject: Hello\n\nhttps://x/?token=1\n");
    }
}
