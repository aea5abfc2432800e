//! Accounts that a run registers for itself, so that what an attack does to an account is done to none of others.

use super::person::{Entered, Newcomer};
use super::{Prober, Stop};
use crate::answer::Reply;
use crate::identity::Identity;
use crate::request::{Draft, curl};
use crate::session::{LogInForm, Session, session_of};
use crate::who::Who;

impl Prober<'_> {
    /// Sends a draft with these credentials.
    pub(crate) async fn ask_by(&self, draft: &Draft, identity: &Identity) -> Result<Reply, Stop> {
        let draft = draft.settled();
        let probe = draft.probe(self.surface.endpoint(draft.endpoint)).by(identity);
        let repeat = curl::command(&self.client.root(), &probe, Some(&identity.name));
        Ok(Reply { repeat, ..self.ask_as(draft, probe, Who::Nobody).await? })
    }

    /// Registers an account that can log in. `None` where that cannot be done at once.
    pub(crate) async fn newcomer(&self) -> Result<Option<Newcomer>, Stop> {
        if self.options.is_safe {
            return Ok(None);
        }
        let [attacker, victim] = [Who::Attacker, Who::Victim].map(|who| self.person(who));
        let person = attacker.into_iter().chain(victim).find(|person| person.sign.is_some());
        let form_of = |form: Option<LogInForm>| form.or_else(|| self.log_in_form());
        let Some((form, sign)) = person.and_then(|person| Some((form_of(person.form)?, person.sign?))) else {
            return Ok(None);
        };
        let wanted = |at: usize| self.options.wants(&self.surface.endpoint(at).name());
        let Some((_, draft)) = self.registration().filter(|(at, _)| wanted(*at)) else { return Ok(None) };
        let registered = self.register(&draft).await?;
        let credentials = registered.filter(|new| new.identity.is_some()).and_then(|new| new.credentials);
        let Some((name, password)) = credentials else { return Ok(None) };
        let new = Newcomer { name, password, form, sign };
        Ok(self.enter(&new).await?.map(|_| new))
    }

    /// Logs a newcomer in. `None` if its name and password are not taken, or its session is not served.
    pub(crate) async fn enter(&self, new: &Newcomer) -> Result<Option<Entered>, Stop> {
        let endpoint = self.surface.endpoint(new.form.endpoint);
        let reply = self.ask(&new.form.draft(endpoint, &new.name, &new.password), Who::Nobody).await?;
        let Some(session) = session_of(&reply.answer).filter(|_| reply.is_served) else { return Ok(None) };
        self.entered(Who::Attacker, session, &new.sign, &new.name).await
    }

    /// Begins a session of its own for an account of the run, and shows that it is served.
    pub(crate) async fn enter_again(&self, who: Who) -> Result<Option<Entered>, Stop> {
        let Some(sign) = self.person(who).and_then(|person| person.sign) else { return Ok(None) };
        let Some((session, _)) = self.new_session(who).await? else { return Ok(None) };
        let name = self.identity(who).map(|identity| identity.name).unwrap_or_default();
        self.entered(who, session, &sign, &name).await
    }

    async fn entered(
        &self,
        like: Who,
        session: Session,
        sign: &Draft,
        name: &str,
    ) -> Result<Option<Entered>, Stop> {
        let Some(shown) = self.shown(like, &session) else { return Ok(None) };
        let identity = Identity { name: name.to_owned(), ..shown };
        let served = self.ask_by(sign, &identity).await?;
        let entered = || Entered { identity, session, sign: sign.clone(), served: served.clone() };
        Ok(served.is_served.then(entered))
    }
}
