//! Mails on their way: what is told to a visitor does not wait for them, nor do they pile up.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use identity::service::Client;
use tokio::sync::Semaphore;

use crate::mail::{Address, Letter, Seen, Sender};
use crate::texts::{Languages, Texts};

/// Mails on their way at once; more are told to the operator and dropped.
const AT_ONCE: usize = 64;

/// What goes wrong beside an answer is told to the operator.
pub type Told = Arc<dyn Fn(&str) + Send + Sync>;

pub(crate) struct Letters {
    sender: Arc<dyn Sender>,
    places: Arc<Semaphore>,
    pub(crate) languages: Languages,
    site: String,
    told: Told,
}

impl Letters {
    pub(crate) fn new(sender: Arc<dyn Sender>, languages: Languages, site: String, told: Told) -> Self {
        Letters { sender, places: Arc::new(Semaphore::new(AT_ONCE)), languages, site, told }
    }

    /// Sends a letter to somebody in his language.
    pub(crate) fn send(&self, to: &str, language: Option<&str>, letter: &Letter<'_>) {
        let Ok(address) = to.parse::<Address>() else {
            (self.told)("a mail was not sent: the address of its account is none that mail servers take");
            return;
        };
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            (self.told)("a mail was not sent: too many are on their way; is the mail server slow?");
            return;
        };
        let mail = letter.write(address, &self.site, self.texts(language));
        let (sender, told) = (Arc::clone(&self.sender), Arc::clone(&self.told));
        tokio::spawn(async move {
            // The answer leaves first: how long it takes must not tell whether anybody is written to.
            tokio::time::sleep(Duration::from_millis(fastrand::u64(20..80))).await;
            if let Err(error) = sender.send(mail).await {
                told(&format!("a mail was not sent: {error}"));
            }
            drop(place);
        });
    }

    /// Does what it takes to write a letter, which goes nowhere: the time tells nothing of whether there is somebody to write to.
    pub(crate) fn write_to_nobody(&self, to: &str, letter: &Letter<'_>) {
        if let Ok(address) = to.parse::<Address>() {
            std::hint::black_box(letter.write(address, &self.site, self.texts(None)));
        }
    }

    fn texts(&self, language: Option<&str>) -> &Texts {
        language.and_then(|language| self.languages.of(language)).unwrap_or_else(|| self.languages.accept(""))
    }
}

/// Who did something, for the mail about it.
pub(crate) fn seen(client: &Client) -> Seen<'_> {
    Seen { user_agent: &client.user_agent, address: client.address, time: SystemTime::now() }
}

/// How long the link of a mail holds, as its text says it.
pub(crate) const VERIFY_HOLDS: Duration = Duration::from_secs(24 * 3600);
/// The same of a link to set a new password.
pub(crate) const RESET_HOLDS: Duration = Duration::from_secs(30 * 60);
