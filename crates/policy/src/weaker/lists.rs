//! Lists of networks: whom they kept out, and whom they let pass.

use std::path::Path;

use crate::doors::{List, ListAction, ListSource, Network};

pub(super) fn weaker(old: &Network, new: &Network) -> Vec<String> {
    let mut found = Vec::new();
    for before in old.lists.iter().filter(|list| is_compared(list)) {
        let name = &before.name;
        let Some(after) = new.lists.iter().find(|after| after.name == *name) else {
            if before.action != ListAction::Pass {
                found.push(format!("[[network.list]]: the list `{name}` is gone"));
            }
            continue;
        };
        if strength(after.action) < strength(before.action) {
            let (was, is) = (before.action.name(), after.action.name());
            found.push(format!(
                "[[network.list]]: the action of the list `{name}` was \"{was}\", is \"{is}\""
            ));
        }
        if place(before) != place(after) {
            found.push(format!(
                "[[network.list]]: the list `{name}` comes from elsewhere and may protect less"
            ));
        }
    }
    let lets_pass = new.lists.iter().filter(|list| is_compared(list) && list.action == ListAction::Pass);
    for after in lets_pass.filter(|after| !old.lists.iter().any(|before| before.name == after.name)) {
        found.push(format!("[[network.list]]: the list `{}` lets networks pass", after.name));
    }
    found
}

/// Whether it is one of `[[network.list]]`; `deny` and `deny_files` are compared as they are written.
fn is_compared(list: &List) -> bool {
    list.source != ListSource::Policy
}

fn strength(action: ListAction) -> u8 {
    match action {
        ListAction::Refuse => 3,
        ListAction::Challenge => 2,
        ListAction::Report => 1,
        ListAction::Pass => 0,
    }
}

fn place(list: &List) -> String {
    match &list.source {
        ListSource::Policy => String::new(),
        ListSource::File(path, _) => Path::display(path).to_string(),
        ListSource::Remote(remote) => remote.url.to_string(),
    }
}
