//! What a rule can demand of a value.

use std::sync::LazyLock;

use regex::Regex;

use super::value::{EVERYWHERE, Hole, Piece, Value};
use crate::code::rules::schema::Demand;

/// The hole that makes a value what the rule demands; `flow` is the rule's flow as a bit.
pub(super) fn meets(demand: Demand, value: &Value, flow: u32) -> Option<&Hole> {
    match demand {
        Demand::Request => value.dirty(flow),
        Demand::Whole => {
            value.holes().find(|hole| hole.way.is_some() && hole.whole && hole.clean & flow == 0)
        }
        Demand::Id => value.by_client(),
        Demand::Html => value.dirty(flow).filter(|_| value.texts().contains('<')),
        Demand::Built => {
            let text = value.texts();
            unclean(value, flow).filter(|_| !text.trim().is_empty())
        }
        Demand::Dynamic => unclean(value, flow),
        Demand::Sql => sql(value, flow),
        Demand::Url => url(value, flow),
        Demand::Shell => {
            let hole = value.dirty(flow)?;
            static SHELL: LazyLock<Option<Regex>> = LazyLock::new(|| {
                Regex::new(r"^(/bin/|/usr/bin/)?(sh|bash|zsh|cmd(\.exe)?|powershell)(/c|-c)").ok()
            });
            let by_shell = SHELL.as_ref().is_some_and(|shell| shell.is_match(&value.texts()));
            (!value.list || by_shell).then_some(hole)
        }
    }
}

/// A hole that is not constant and not clean.
fn unclean(value: &Value, flow: u32) -> Option<&Hole> {
    value.holes().find(|hole| !hole.constant && hole.clean & flow == 0 && hole.clean != EVERYWHERE)
}

/// SQL: anything of the client's in a statement, or an unknown value where a placeholder belongs. An unknown name of a
/// table or a column cannot be bound, and is most often chosen by the program.
fn sql(value: &Value, flow: u32) -> Option<&Hole> {
    static STATEMENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"(?is)^\s*\(?\s*(with|select|insert|update|delete|replace|merge|exec|execute|call|explain)\b",
        )
        .ok()
    });
    static VALUE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(?is)(=|<|>|\blike|\bin\s*\(|\bvalues\s*\([^)]*[,(]|\bbetween|\band|[a-z_]\s*=\s*[^ ]*)\s*['%]+$|(=|<|>|\blike|\bvalues\s*\([^)]*|\bvalues\s*\()\s*$").ok()
    });
    if value.list {
        return None;
    }
    if let Some(hole) = value.dirty(flow) {
        return Some(hole);
    }
    let is_statement = STATEMENT.as_ref().is_some_and(|statement| statement.is_match(&value.texts()));
    if !is_statement {
        return None;
    }
    let mut before = String::new();
    for piece in &value.pieces {
        match piece {
            Piece::Text(text) => before.push_str(text),
            Piece::Hole(hole) => {
                let open = !hole.constant && hole.clean & flow == 0 && hole.clean != EVERYWHERE;
                if open && VALUE.as_ref().is_some_and(|place| place.is_match(&before)) {
                    return Some(hole);
                }
                before.push('1');
            }
        }
    }
    None
}

/// A URL whose host the client decides: nothing before its part names one.
fn url(value: &Value, flow: u32) -> Option<&Hole> {
    static HOST: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?i)^[a-z][a-z0-9+.-]*://[^/?#]+[/?#]").ok());
    let mut before = String::new();
    for piece in &value.pieces {
        match piece {
            Piece::Text(text) => before.push_str(text),
            Piece::Hole(hole) => {
                if HOST.as_ref().is_some_and(|host| host.is_match(&before)) {
                    return None;
                }
                let dirty = hole.way.is_some() && hole.clean & flow == 0 && hole.clean != EVERYWHERE;
                if dirty {
                    return Some(hole);
                }
                // The program's own base: what follows is behind its host.
                let within_host = before.contains("://");
                if !within_host {
                    return None;
                }
                before.push('x');
            }
        }
    }
    None
}
