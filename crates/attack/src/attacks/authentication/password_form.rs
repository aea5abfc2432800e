//! How a document says that a password is changed: which fields hold the current one and the new one.

use crate::answer::values;
use crate::census::pool::root_id;
use crate::prober::Entered;
use crate::request::{Draft, Slot, scalar_text};
use crate::surface::shape::fold;
use crate::surface::{Endpoint, Extent, Role, Surface};

/// An operation that changes a password.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PasswordForm {
    /// Which operation.
    pub(super) endpoint: usize,
    /// Where the current password stands, if it is asked for.
    pub(super) current: Option<Slot>,
    /// Where the new one stands: once, or again to confirm it.
    new: Vec<Slot>,
    /// Where the account's own name stands.
    name: Option<Slot>,
}

impl PasswordForm {
    /// All operations that change the password of somebody who is logged in.
    pub(super) fn all(surface: &Surface) -> Vec<PasswordForm> {
        let forms = surface.with_role(Role::PasswordChange);
        forms.filter_map(|(at, endpoint)| PasswordForm::of(at, endpoint)).collect()
    }

    fn of(at: usize, endpoint: &Endpoint) -> Option<PasswordForm> {
        let leaves: Vec<Slot> =
            endpoint.body.as_ref()?.shape.leaves().into_iter().map(|(at, _)| Slot::Body(at)).collect();
        let has = |slot: &Slot, words: &[&str]| words.iter().any(|word| fold(slot.name()).contains(word));
        let is_short = |slot: &Slot| {
            ["new", "current", "old", "existing", "previous"].contains(&fold(slot.name()).as_str())
        };
        let passwords: Vec<&Slot> =
            leaves.iter().filter(|slot| has(slot, &["pass", "pwd", "secret"]) || is_short(slot)).collect();
        let is_new = |slot: &&Slot| {
            has(slot, &["new", "next", "confirm", "repeat", "again", "password1", "password2"])
        };
        let is_current = |slot: &&Slot| {
            has(slot, &["current", "old", "existing", "previous", "actual", "present"]) && !is_new(slot)
        };
        let mut new: Vec<Slot> = passwords.iter().copied().filter(is_new).cloned().collect();
        let mut current = passwords.iter().copied().find(is_current).cloned();
        let other = passwords.iter().copied().find(|slot| !is_new(slot) && !is_current(slot)).cloned();
        match (other, current.is_some(), new.iter().any(|slot| !has(slot, &["confirm", "repeat", "again"]))) {
            // `password` beside `new_password` is the current one, and beside `current_password` the new one.
            (Some(other), false, true) => current = Some(other),
            (Some(other), ..) => new.push(other),
            (None, ..) => {}
        }
        let name = leaves.iter().find(|slot| has(slot, &["username", "mail", "login"])).cloned();
        (!new.is_empty()).then_some(PasswordForm { endpoint: at, current, new, name })
    }

    /// The request of somebody who is logged in under this name. `None` where the path needs an id that is not known.
    pub(super) fn draft(
        &self,
        endpoint: &Endpoint,
        by: &Entered,
        name: &str,
        passwords: (&str, &str),
    ) -> Option<Draft> {
        let (current, new) = passwords;
        let body = endpoint.body.as_ref().map(|body| body.shape.example("", Extent::Required));
        let mut draft = Draft { body, ..Draft::empty(self.endpoint) };
        let parameters: Vec<&str> = endpoint.path.split(['{', '}']).skip(1).step_by(2).collect();
        match parameters.as_slice() {
            [] => {}
            [parameter] => {
                // What the account's own data has under this name, or its name, or its id.
                let own = by.served.value.as_ref()?;
                let same = values::members(own, parameter).into_iter().find_map(scalar_text);
                let is_name =
                    ["user", "name", "mail", "login"].iter().any(|word| fold(parameter).contains(word));
                let name = || Some(name.to_owned()).filter(|_| is_name && !fold(parameter).ends_with("id"));
                let id = || root_id(endpoint, own).and_then(|(_, id)| scalar_text(&id));
                draft = draft.with(&Slot::Path((*parameter).to_owned()), same.or_else(name).or_else(id)?);
            }
            _ => return None,
        }
        if let Some(slot) = &self.current {
            draft = draft.with(slot, current);
        }
        if let Some(slot) = &self.name {
            draft = draft.with(slot, name);
        }
        Some(self.new.iter().fold(draft, |draft, slot| draft.with(slot, new)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::surface::{Field, Kind, Shape};

    #[test]
    fn current_and_new_passwords_are_told_apart() {
        let document = |names: &[&str]| {
            let fields = names.iter().map(|name| Field {
                name: (*name).to_owned(),
                shape: Shape::text(),
                is_required: true,
                is_read_only: false,
            });
            let shape = Shape { kind: Kind::Object(fields.collect()), ..Shape::default() };
            let introspection = json!({ "__schema": { "queryType": { "name": "Q" }, "types": [
                { "name": "Q", "kind": "OBJECT", "fields": [{ "name": "changePassword", "type": { "kind": "SCALAR", "name": "Int" }, "args": [] }] }] } });
            let mut surface = Surface::of_graphql(&introspection, "/").unwrap();
            let mut endpoint = surface.endpoints.remove(0);
            endpoint.body.as_mut().unwrap().shape = shape;
            endpoint
        };
        for (names, current, new) in [
            (&["current_password", "new_password"][..], Some("current_password"), &["new_password"][..]),
            (
                &["oldPassword", "newPassword", "confirmNewPassword"],
                Some("oldPassword"),
                &["newPassword", "confirmNewPassword"],
            ),
            (&["password", "newPassword"], Some("password"), &["newPassword"]),
            (&["current", "password"], Some("current"), &["password"]),
            (&["old", "new"], Some("old"), &["new"]),
            (&["password", "password_confirmation"], None, &["password_confirmation", "password"]),
            (&["old_password", "password"], Some("old_password"), &["password"]),
        ] {
            let form = PasswordForm::of(0, &document(names)).unwrap();
            assert_eq!(form.current.as_ref().map(Slot::name), current, "{names:?}");
            assert_eq!(form.new.iter().map(Slot::name).collect::<Vec<_>>(), new, "{names:?}");
        }
        assert_eq!(PasswordForm::of(0, &document(&["email"])), None);
    }
}
