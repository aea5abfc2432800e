//! `ctl`: what a rule changes in the engine, for one transaction.

use crate::loader::{engine_mode, id_ranges};
use crate::rule;
use crate::ruleset::EngineMode;
use crate::variable::Target;
use regex::bytes::Regex;

/// A change of the engine for the rest of a transaction.
#[derive(Debug, Clone)]
pub(crate) enum Ctl {
    Engine(EngineMode),
    RemoveById(Vec<(u64, u64)>),
    RemoveByTag(Regex),
    RemoveByMessage(Regex),
    RemoveTargetById(Vec<(u64, u64)>, Target),
    RemoveTargetByTag(Regex, Target),
    RemoveTargetByMessage(Regex, Target),
    BodyProcessor(String),
    RequestBodyAccess(bool),
    ResponseBodyAccess(bool),
    ForceRequestBodyVariable(bool),
    /// Logs and limits, which are the gate's own matter.
    Accepted,
}

impl Ctl {
    /// Reads `name=value`.
    pub(crate) fn parse(text: &str) -> Result<Ctl, String> {
        let (name, value) = text.split_once('=').ok_or_else(|| format!("`ctl:{text}` sets nothing"))?;
        let value = value.trim();
        let on = |value: &str| match value.to_ascii_lowercase().as_str() {
            "on" | "1" | "true" => Ok(true),
            "off" | "0" | "false" => Ok(false),
            _ => Err(format!("`ctl:{text}` is neither On nor Off")),
        };
        let pattern = crate::operator::selector;
        let target = || {
            let (whom, variable) =
                value.split_once(';').ok_or_else(|| format!("`ctl:{text}` names no variable"))?;
            let variables = rule::variables(variable.trim());
            let target = Target::compile(variables.first().ok_or("it names no variable")?)?;
            Ok::<_, String>((whom.trim(), target))
        };
        Ok(match name.trim().to_ascii_lowercase().as_str() {
            "ruleengine" => Ctl::Engine(
                engine_mode(value).ok_or_else(|| format!("`{value}` is not On, Off or DetectionOnly"))?,
            ),
            "ruleremovebyid" => Ctl::RemoveById(id_ranges(&[value])?),
            "ruleremovebytag" => Ctl::RemoveByTag(pattern(value)?),
            "ruleremovebymsg" => Ctl::RemoveByMessage(pattern(value)?),
            "ruleremovetargetbyid" => {
                let (whom, target) = target()?;
                Ctl::RemoveTargetById(id_ranges(&[whom])?, target)
            }
            "ruleremovetargetbytag" => {
                let (whom, target) = target()?;
                Ctl::RemoveTargetByTag(pattern(whom)?, target)
            }
            "ruleremovetargetbymsg" => {
                let (whom, target) = target()?;
                Ctl::RemoveTargetByMessage(pattern(whom)?, target)
            }
            "requestbodyprocessor" => Ctl::BodyProcessor(value.to_ascii_uppercase()),
            "requestbodyaccess" => Ctl::RequestBodyAccess(on(value)?),
            "responsebodyaccess" => Ctl::ResponseBodyAccess(on(value)?),
            "forcerequestbodyvariable" => Ctl::ForceRequestBodyVariable(on(value)?),
            "auditengine" | "auditlogparts" | "debugloglevel" | "requestbodylimit" | "responsebodylimit"
            | "hashengine" | "hashenforcement" | "parsexmlintoargs" => Ctl::Accepted,
            other => return Err(format!("there is no `ctl:{other}` here")),
        }
        .sorted())
    }

    /// Puts the rules themselves where they are named by tag or message. Each rule comes with its texts; none where
    /// one of them has a macro, and then the name stays.
    pub(crate) fn resolve(
        &mut self,
        tags: &[(u64, Option<Vec<Vec<u8>>>)],
        messages: &[(u64, Option<Vec<Vec<u8>>>)],
    ) {
        let ids = |texts: &[(u64, Option<Vec<Vec<u8>>>)], regex: &Regex| {
            let mut ids = Vec::new();
            for (id, texts) in texts {
                if texts.as_ref()?.iter().any(|text| regex.is_match(text)) {
                    ids.push((*id, *id));
                }
            }
            Some(ids)
        };
        let resolved = match self {
            Ctl::RemoveByTag(regex) => ids(tags, regex).map(Ctl::RemoveById),
            Ctl::RemoveByMessage(regex) => ids(messages, regex).map(Ctl::RemoveById),
            Ctl::RemoveTargetByTag(regex, target) => {
                ids(tags, regex).map(|ids| Ctl::RemoveTargetById(ids, target.clone()))
            }
            Ctl::RemoveTargetByMessage(regex, target) => {
                ids(messages, regex).map(|ids| Ctl::RemoveTargetById(ids, target.clone()))
            }
            _ => None,
        };
        if let Some(resolved) = resolved {
            *self = resolved.sorted();
        }
    }

    /// Ranges in order, so that a rule is found in them by halves.
    fn sorted(mut self) -> Ctl {
        if let Ctl::RemoveById(ranges) | Ctl::RemoveTargetById(ranges, _) = &mut self {
            ranges.sort_unstable();
            // What overlaps becomes one.
            let mut merged: Vec<(u64, u64)> = Vec::with_capacity(ranges.len());
            for (from, to) in ranges.drain(..) {
                match merged.last_mut() {
                    Some((_, end)) if from <= end.saturating_add(1) => *end = (*end).max(to),
                    _ => merged.push((from, to)),
                }
            }
            *ranges = merged;
        }
        self
    }
}

/// Whether ranges, which are in order, name a rule.
pub(crate) fn names(ranges: &[(u64, u64)], id: u64) -> bool {
    let after = ranges.partition_point(|(from, _)| *from <= id);
    after.checked_sub(1).is_some_and(|at| ranges[at].1 >= id)
}
