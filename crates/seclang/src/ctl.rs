//! `ctl`: changes of the engine for the rest of one transaction.

use regex::bytes::Regex;

use crate::id_ranges;
use crate::rule;
use crate::settings::EngineMode;
use crate::variable::Target;

/// A `ctl` action.
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
    /// Logs and limits: without effect, the gateway has its own.
    Accepted,
}

impl Ctl {
    /// Parses `name=value`.
    pub(crate) fn parse(text: &str) -> Result<Ctl, String> {
        let (name, value) = text.split_once('=').ok_or_else(|| format!("`ctl:{text}` has no value"))?;
        let value = value.trim();
        let on = |value: &str| match value.to_ascii_lowercase().as_str() {
            "on" | "1" | "true" => Ok(true),
            "off" | "0" | "false" => Ok(false),
            _ => Err(format!("`ctl:{text}` must be On or Off")),
        };
        let pattern = crate::operator::selector;
        let target = || {
            let (rules, variable) =
                value.split_once(';').ok_or_else(|| format!("`ctl:{text}` has no variable"))?;
            let variables = rule::variables(variable.trim());
            let target = Target::compile(variables.first().ok_or("the variable is missing")?)?;
            Ok::<_, String>((rules.trim(), target))
        };
        Ok(match name.trim().to_ascii_lowercase().as_str() {
            "ruleengine" => Ctl::Engine(
                EngineMode::named(value)
                    .ok_or_else(|| format!("`{value}` is not On, Off or DetectionOnly"))?,
            ),
            "ruleremovebyid" => Ctl::RemoveById(id_ranges::parse(&[value])?),
            "ruleremovebytag" => Ctl::RemoveByTag(pattern(value)?),
            "ruleremovebymsg" => Ctl::RemoveByMessage(pattern(value)?),
            "ruleremovetargetbyid" => {
                let (rules, target) = target()?;
                Ctl::RemoveTargetById(id_ranges::parse(&[rules])?, target)
            }
            "ruleremovetargetbytag" => {
                let (rules, target) = target()?;
                Ctl::RemoveTargetByTag(pattern(rules)?, target)
            }
            "ruleremovetargetbymsg" => {
                let (rules, target) = target()?;
                Ctl::RemoveTargetByMessage(pattern(rules)?, target)
            }
            "requestbodyprocessor" => Ctl::BodyProcessor(value.to_ascii_uppercase()),
            "requestbodyaccess" => Ctl::RequestBodyAccess(on(value)?),
            "responsebodyaccess" => Ctl::ResponseBodyAccess(on(value)?),
            "forcerequestbodyvariable" => Ctl::ForceRequestBodyVariable(on(value)?),
            "auditengine" | "auditlogparts" | "debugloglevel" | "requestbodylimit" | "responsebodylimit"
            | "hashengine" | "hashenforcement" | "parsexmlintoargs" => Ctl::Accepted,
            other => return Err(format!("unknown `ctl:{other}`")),
        }
        .sorted())
    }

    /// Replaces a selection by tag or message by rule ids. `tags` and `messages` are those of each rule, or `None` if a
    /// macro is in one of them; then the selection stays as it is.
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

    /// Sorts and merges id ranges, for binary search.
    fn sorted(mut self) -> Ctl {
        if let Ctl::RemoveById(ranges) | Ctl::RemoveTargetById(ranges, _) = &mut self {
            ranges.sort_unstable();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_merged_and_searched() {
        let Ok(Ctl::RemoveById(ranges)) = Ctl::parse("ruleRemoveById=20-30,1-5,6,25-40") else {
            unreachable!("it is a list of ids")
        };
        assert_eq!(ranges, [(1, 6), (20, 40)]);
        for (id, is_in) in [(0, false), (1, true), (6, true), (7, false), (20, true), (40, true), (41, false)]
        {
            assert_eq!(id_ranges::contains(&ranges, id), is_in, "{id}");
        }
    }

    #[test]
    fn errors_name_the_action() {
        for (text, words) in [
            ("ruleEngine", "has no value"),
            ("ruleEngine=Maybe", "is not On, Off or DetectionOnly"),
            ("requestBodyAccess=Maybe", "must be On or Off"),
            ("ruleRemoveTargetById=1", "has no variable"),
            ("ruleRemoveTargetById=1;ARGZ", "ARGZ"),
            ("ruleRemoveById=x", "not a rule id"),
            ("nothing=1", "unknown"),
        ] {
            let error = Ctl::parse(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
