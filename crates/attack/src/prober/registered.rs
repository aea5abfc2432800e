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
        let served = |(at, _): (usize, &_)| {
            let control = [Who::Nobody, Who::Attacker].into_iter().find_map(|who| self.control(at, who));
            Some((at, control?.draft.clone()))
        };
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
        let id = reply.value.as_ref().and_then(|value| root_id(endpoint, value)).map(|(_, id)| id);
        let mut registered =
            Registered { id, credentials: None, identity: None, view: None, reply: reply.clone() };
        let Some(form) = self.log_in_form() else { return Ok(Some(registered)) };
        let mut session = None;
        for (name, password) in credentials_of(&reply.draft, &form.name) {
            let form_endpoint = self.surface.endpoint(form.endpoint);
            let answer = self.ask(&form.draft(form_endpoint, &name, &password), Who::Nobody).await?;
            session = session_of(&answer.answer).filter(|_| answer.is_served);
            registered.credentials.get_or_insert((name.clone(), password.clone()));
            if session.is_some() {
                registered.credentials = Some((name, password));
                break;
            }
        }
        let Some(session) = session else { return Ok(Some(registered)) };
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

/// What an account that was registered so may log in with: each name with the password.
fn credentials_of(draft: &Draft, name: &Slot) -> Vec<(String, String)> {
    let slots = draft.slots();
    let texts = |is_it: &dyn Fn(&str) -> bool| -> Vec<String> {
        slots.iter().filter(|slot| is_it(&fold(slot.name()))).filter_map(|slot| draft.text(slot)).collect()
    };
    let Some(password) = texts(&|name| name.contains("pass") || name == "pwd").into_iter().next() else {
        return Vec::new();
    };
    let wanted = fold(name.name());
    let mut names = texts(&|name| name == wanted);
    names.extend(texts(&|name| name.contains("mail")));
    names.extend(texts(&|name| name.contains("user") || name == "login"));
    let mut known: Vec<String> = Vec::new();
    for name in names {
        if !known.contains(&name) && known.len() < 2 {
            known.push(name);
        }
    }
    known.into_iter().map(|name| (name, password.clone())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_account_logs_in_by_the_name_that_the_form_asks_for() {
        let body = json!({ "user": { "email": "a@b.example", "username": "ab", "password": "p" } });
        let draft = Draft { body: Some(body), ..Draft::empty(0) };
        for (slot, expected) in [
            ("/username", &["ab", "a@b.example"][..]),
            ("/user/email", &["a@b.example", "ab"]),
            ("/login", &["a@b.example", "ab"]),
        ] {
            let names: Vec<String> =
                credentials_of(&draft, &Slot::Body(slot.into())).into_iter().map(|(name, _)| name).collect();
            assert_eq!(names, expected, "{slot}");
        }
        let none = Draft { body: Some(json!({ "email": "a@b.example" })), ..Draft::empty(0) };
        assert!(credentials_of(&none, &Slot::Body("/email".into())).is_empty());
    }
}
