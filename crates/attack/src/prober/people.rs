//! The accounts of a run: they log in, are checked for life, and log in again.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::person::Person;
use super::{Prober, Stop, lock};
use crate::answer::{Reply, values};
use crate::identity::Identity;
use crate::request::{Draft, scalar_text};
use crate::session::{LogInForm, Session, session_of};
use crate::who::Who;

/// The most operations that are asked whether an account lives.
const MAX_SIGNS: usize = 8;

impl Prober<'_> {
    /// The accounts that can be used.
    pub(crate) fn people(&self) -> Vec<Who> {
        let people = lock(&self.people);
        let usable = people.iter().filter(|person| person.identity.is_some() && person.trouble.is_none());
        let usable: Vec<Who> = usable.map(|person| person.who).collect();
        Who::PEOPLE.into_iter().filter(|who| usable.contains(who)).collect()
    }

    /// One of the accounts.
    pub(crate) fn person(&self, who: Who) -> Option<Person> {
        lock(&self.people).iter().find(|person| person.who == who).cloned()
    }

    /// What the requests of an account carry.
    pub(crate) fn identity(&self, who: Who) -> Option<Identity> {
        self.person(who)?.identity
    }

    /// What is wrong with the accounts, in words for a report.
    pub(crate) fn troubles(&self) -> Vec<String> {
        let people = lock(&self.people);
        people
            .iter()
            .filter_map(|person| Some(format!("{}: {}", person.account.name, person.trouble.as_ref()?)))
            .collect()
    }

    fn set(&self, person: Person) {
        let mut people = lock(&self.people);
        people.retain(|known| known.who != person.who);
        people.push(person);
    }

    /// Logs all accounts in.
    pub(crate) async fn gather(&self) -> Result<(), Stop> {
        let [victim, attacker] = [0, 1].map(|nth| self.options.accounts.get(nth).cloned());
        let accounts = [
            (Who::Victim, victim),
            (Who::Attacker, attacker),
            (Who::Administrator, self.options.administrator.clone()),
        ];
        for (who, account) in accounts {
            let Some(account) = account else { continue };
            let mut person = Person {
                who,
                identity: account.identity.clone(),
                account,
                session: None,
                entry: None,
                form: None,
                sign: None,
                trouble: None,
            };
            if let Some((name, _)) = &person.account.credentials {
                lock(&self.pool).note_self(who, name);
            }
            if person.identity.is_none() {
                self.log_in(&mut person).await?;
            } else {
                self.find_sign(&mut person).await?;
            }
            if let Some(subject) = person.identity.as_ref().and_then(Identity::subject) {
                lock(&self.pool).note_self(who, &subject);
            }
            self.set(person);
        }
        Ok(())
    }

    /// Logs an account in: by each form that the document has, with each way to show the token.
    async fn log_in(&self, person: &mut Person) -> Result<(), Stop> {
        let Some((name, password)) = person.account.credentials.clone() else {
            person.trouble = Some("neither a token nor a password".into());
            return Ok(());
        };
        let known = person.form.clone().into_iter();
        let forms: Vec<LogInForm> = known.chain(LogInForm::all(self.surface)).collect();
        if forms.is_empty() {
            person.trouble = Some("no operation of the document logs in; give --identity".into());
            return Ok(());
        }
        for form in forms {
            let endpoint = self.surface.endpoint(form.endpoint);
            let reply = self.ask(&form.draft(endpoint, &name, &password), Who::Nobody).await?;
            let Some(session) = session_of(&reply.answer).filter(|_| reply.is_served) else {
                person.trouble = Some(format!("{} answers {}", endpoint.name(), reply.answer.status));
                continue;
            };
            for object in reply.value.iter().flat_map(|value| values::members(value, "user")) {
                for member in ["id", "uuid", "username", "email"] {
                    if let Some(text) = object.get(member).and_then(scalar_text) {
                        lock(&self.pool).note_self(person.who, &text);
                    }
                }
            }
            let ways = session.identities(&person.account.name, &self.surface.schemes);
            person.entry = Some(without_secrets(reply, &session, &password));
            person.session = Some(session);
            person.form = Some(form);
            person.trouble = None;
            for identity in ways.iter() {
                person.identity = Some(identity.clone());
                if self.find_sign(person).await? {
                    return Ok(());
                }
            }
            person.identity = ways.into_iter().next();
            return Ok(());
        }
        Ok(())
    }

    /// Finds a request that is served to this account, and not to nobody. Whether there is one.
    async fn find_sign(&self, person: &mut Person) -> Result<bool, Stop> {
        let Some(identity) = person.identity.clone() else { return Ok(false) };
        let is_free = |at: &usize| {
            let endpoint = self.surface.endpoint(*at);
            endpoint.is_read()
                && self.may_ask(*at)
                && !endpoint.path.contains('{')
                && endpoint.parameters.iter().all(|parameter| !parameter.is_required)
                && endpoint.body.as_ref().is_none_or(|b| b.shape.properties().iter().all(|f| !f.is_required))
        };
        let mut reads: Vec<usize> = (0..self.surface.endpoints.len()).filter(is_free).collect();
        reads.sort_by_key(|at| {
            let endpoint = self.surface.endpoint(*at);
            let is_me = crate::census::pool::is_about_oneself(endpoint);
            (!is_me, !endpoint.is_secured)
        });
        for at in reads.into_iter().take(MAX_SIGNS) {
            let draft = Draft::empty(at);
            let by_nobody = self.ask(&draft, Who::Nobody).await?;
            if by_nobody.is_served {
                continue;
            }
            let probe = draft.probe(self.surface.endpoint(at)).by(&identity);
            let reply = self.ask_as(draft.clone(), probe, Who::Nobody).await?;
            if reply.is_served {
                person.sign = Some(draft);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Checks that all accounts live, and logs in again those that do not.
    pub(crate) async fn revive(&self) -> Result<(), Stop> {
        for who in self.people() {
            let Some(mut person) = self.person(who) else { continue };
            let Some(sign) = person.sign.clone() else { continue };
            if self.ask(&sign, who).await?.is_served {
                continue;
            }
            if person.account.credentials.is_some() {
                self.log_in(&mut person).await?;
            } else {
                person.trouble = Some("its credential is no longer taken".into());
            }
            self.set(person);
        }
        Ok(())
    }

    /// Begins a session of its own for an account, beside the one that its requests use.
    pub(crate) async fn new_session(&self, who: Who) -> Result<Option<(Session, Reply)>, Stop> {
        let Some(person) = self.person(who) else { return Ok(None) };
        let (Some(form), Some((name, password))) = (&person.form, &person.account.credentials) else {
            return Ok(None);
        };
        let endpoint = self.surface.endpoint(form.endpoint);
        let reply = self.ask(&form.draft(endpoint, name, password), Who::Nobody).await?;
        let session = session_of(&reply.answer).filter(|_| reply.is_served);
        Ok(session.map(|session| {
            let reply = without_secrets(reply, &session, password);
            (session, reply)
        }))
    }

    /// How an account's session is shown, of the ways of [`Session::identities`] the one that this account uses.
    pub(crate) fn shown(&self, who: Who, session: &Session) -> Option<Identity> {
        let used = self.identity(who)?;
        let ways = session.identities(&used.name, &self.surface.schemes);
        let prefix = |identity: &Identity| {
            identity.headers.first().map(|(name, value)| {
                (name.to_ascii_lowercase(), value.split_once(' ').map(|(word, _)| word.to_owned()))
            })
        };
        ways.iter().find(|way| prefix(way) == prefix(&used)).or(ways.first()).cloned()
    }
}

/// The answer to a log in as a report may hold it: without the password, the tokens and the cookies.
fn without_secrets(mut reply: Reply, session: &Session, password: &str) -> Reply {
    let tokens = [&session.token, &session.refresh, &session.csrf].into_iter().flatten().map(String::as_str);
    let cookies = session.cookies.iter().map(|(_, value)| value.as_str());
    for secret in tokens.chain(cookies).chain([password]).filter(|secret| secret.len() > 3) {
        let written = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
        let written = written.replace("%2D", "-").replace("%5F", "_").replace("%2E", ".").replace("%7E", "~");
        for spelling in [secret, &written] {
            let seen = &mut reply.seen;
            seen.request = seen.request.replace(spelling, "***");
            seen.answer = seen.answer.replace(spelling, "***");
            reply.repeat = reply.repeat.replace(spelling, "***");
        }
    }
    reply
}
