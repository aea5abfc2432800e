//! Accounts that a run registers with a changed request, so that those of the run stay what they are.

use super::person::Registered;
use super::{Prober, Stop};
use crate::answer::Reply;
use crate::census::pool::root_id;
use crate::request::{Draft, Slot};
use crate::session::{LogInForm, session_of};
use crate::surface::Role;
use crate::surface::shape::fold;
use crate::who::Who;

impl Prober<'_> {
    /// The operation that registers, with an ordinary request of it that was served.
    pub(crate) fn registration(&self) -> Option<(usize, Draft)> {
        let served = |(at, _): (usize, &_)| Some((at, self.control(at, Who::Nobody)?.draft.clone()));
        self.surface.with_role(Role::Register).find_map(served)
    }

    /// How accounts log in: as those of the run do, or as is likeliest where they came with tokens.
    pub(super) fn log_in_form(&self) -> Option<LogInForm> {
        let used = self.people().into_iter().find_map(|who| self.person(who)?.form);
        used.or_else(|| LogInForm::all(self.surface).into_iter().next())
    }

    /// Registers an account with a request of [`Prober::registration`], perhaps changed, and logs it in.
    pub(crate) async fn register(&self, draft: &Draft) -> Result<Option<Registered>, Stop> {
        let endpoint = self.surface.endpoint(draft.endpoint);
        let reply = self.ask(draft, Who::Nobody).await?;
        if !reply.is_served {
            return Ok(None);
        }
        let text = |words: &[&str]| {
            let is_it =
                |slot: &Slot| matches!(slot, Slot::Body(_)) && words.contains(&fold(slot.name()).as_str());
            reply.draft.slots().into_iter().find(is_it).and_then(|slot| reply.draft.text(&slot))
        };
        let id = reply.value.as_ref().and_then(|value| root_id(endpoint, value)).map(|(_, id)| id);
        let mut registered =
            Registered { id, credentials: None, identity: None, view: None, reply: reply.clone() };
        let (Some(form), Some(password)) = (self.log_in_form(), text(&["password", "pass", "pwd", "passwd"]))
        else {
            return Ok(Some(registered));
        };
        // The name is what the log in calls it; where both take an address, that.
        let name = text(&[fold(form.name.name()).as_str()]);
        let Some(name) = name.or_else(|| text(&["email", "username", "login", "name"])) else {
            return Ok(Some(registered));
        };
        registered.credentials = Some((name.clone(), password.clone()));
        let form_endpoint = self.surface.endpoint(form.endpoint);
        let answer = self.ask(&form.draft(form_endpoint, &name, &password), Who::Nobody).await?;
        let Some(session) = session_of(&answer.answer).filter(|_| answer.is_served) else {
            return Ok(Some(registered));
        };
        registered.identity = self.people().into_iter().find_map(|who| self.shown(who, &session));
        registered.view = self.view_of(&registered).await?;
        if registered.id.is_none() {
            let selves = registered
                .view
                .as_ref()
                .and_then(|view| Some((self.surface.endpoint(view.draft.endpoint), view.value.as_ref()?)));
            registered.id = selves.and_then(|(endpoint, value)| root_id(endpoint, value)).map(|(_, id)| id);
        }
        Ok(Some(registered))
    }

    /// What the account sees of itself.
    async fn view_of(&self, registered: &Registered) -> Result<Option<Reply>, Stop> {
        let Some(draft) = self.about_oneself() else { return Ok(None) };
        let reply = self.ask_as_registered(&draft, registered).await?;
        Ok(reply.filter(|reply| reply.is_served))
    }

    /// The request in which an account sees itself.
    pub(crate) fn about_oneself(&self) -> Option<Draft> {
        let is_it = |at: &usize| {
            let endpoint = self.surface.endpoint(*at);
            endpoint.is_read() && crate::census::pool::is_about_oneself(endpoint)
        };
        let mut all = (0..self.surface.endpoints.len()).filter(is_it);
        all.find_map(|at| self.people().into_iter().find_map(|who| self.control(at, who)))
            .map(|control| control.draft.clone())
    }

    /// Sends a draft as an account that was registered, where that could log in.
    pub(crate) async fn ask_as_registered(
        &self,
        draft: &Draft,
        registered: &Registered,
    ) -> Result<Option<Reply>, Stop> {
        match &registered.identity {
            Some(identity) => self.ask_by(draft, identity).await.map(Some),
            None => Ok(None),
        }
    }

    /// Whether such an account can log in: `None` if it never could.
    pub(crate) async fn logs_in(&self, registered: &Registered) -> Result<Option<bool>, Stop> {
        let (Some(form), Some((name, password)), Some(_)) =
            (self.log_in_form(), &registered.credentials, &registered.identity)
        else {
            return Ok(None);
        };
        let reply =
            self.ask(&form.draft(self.surface.endpoint(form.endpoint), name, password), Who::Nobody).await?;
        Ok(Some(reply.is_served && session_of(&reply.answer).is_some()))
    }
}
