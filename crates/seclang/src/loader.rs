//! Loads files into a rule set: directives in their order, updates of loaded rules, and what can be computed once for
//! all transactions.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::actions::Action;
use crate::compile::{self, phase_number};
use crate::compiled_rule::{CompiledRule, Effect, Step};
use crate::filter::Filter;
use crate::id_ranges;
use crate::lexer::{Directive, SyntaxError, directives};
use crate::macros::Template;
use crate::rule;
use crate::ruleset::RuleSet;
use crate::settings::{EngineMode, Settings};

/// Maximum depth of `Include`.
const MAX_INCLUDES: usize = 16;

#[derive(Default)]
struct Loader {
    settings: Settings,
    warnings: Vec<SyntaxError>,
    /// `SecDefaultAction`, by phase.
    defaults: HashMap<u8, Vec<Action>>,
    loaded: Vec<Loaded>,
    /// Removals and changes to apply when all files are read.
    updates: Vec<(Directive, Update)>,
}

enum Loaded {
    Rule { rules: Vec<rule::Rule>, directory: PathBuf, defaults: HashMap<u8, Vec<Action>> },
    Marker(Arc<str>),
}

impl Loaded {
    /// The first link of a chain, to which updates apply.
    fn first_rule(&mut self) -> Option<&mut rule::Rule> {
        match self {
            Loaded::Rule { rules, .. } => rules.first_mut(),
            Loaded::Marker(_) => None,
        }
    }
}

enum Update {
    RemoveById(Vec<(u64, u64)>),
    RemoveByTag(String),
    RemoveByMessage(String),
    TargetById(Vec<(u64, u64)>, Vec<rule::Variable>),
    TargetByTag(String, Vec<rule::Variable>),
    TargetByMessage(String, Vec<rule::Variable>),
    ActionById(Vec<(u64, u64)>, Vec<Action>),
}

/// Directives without effect here: other parts of a server implement them, or they tune another engine.
const ACCEPTED: [&str; 45] = [
    "seccomponentsignature",
    "secauditengine",
    "secauditlog",
    "secauditlog2",
    "secauditlogdirmode",
    "secauditlogfilemode",
    "secauditlogformat",
    "secauditlogparts",
    "secauditlogprefix",
    "secauditlogrelevantstatus",
    "secauditlogstoragedir",
    "secauditlogtype",
    "secchrootdir",
    "secconnengine",
    "seccookieformat",
    "seccookiev0separator",
    "secdatadir",
    "secdebuglog",
    "secdebugloglevel",
    "secdisablebackendcompression",
    "secgeolookupdb",
    "secguardianlog",
    "sechttpblkey",
    "secinterceptonerror",
    "secpcrematchlimit",
    "secpcrematchlimitrecursion",
    "secremoterules",
    "secrequestbodyaccess",
    "secrequestbodyinmemorylimit",
    "secrequestbodyjsondepthlimit",
    "secrequestbodylimit",
    "secrequestbodylimitaction",
    "secrequestbodynofileslimit",
    "secresponsebodyaccess",
    "secresponsebodylimit",
    "secresponsebodylimitaction",
    "secresponsebodymimetype",
    "secresponsebodymimetypesclear",
    "secruleperftime",
    "secsensorid",
    "secserversignature",
    "secstatusengine",
    "sectmpdir",
    "secunicodemapfile",
    "secuploaddir",
];

impl Loader {
    fn file(&mut self, path: &Path, depth: usize) -> Result<(), SyntaxError> {
        let name = path.display().to_string();
        let text = std::fs::read(path).map_err(|e| SyntaxError {
            file: name.as_str().into(),
            line: 0,
            reason: format!("cannot be read: {e}"),
        })?;
        let directory = path.parent().unwrap_or(Path::new(""));
        self.text(&name, &String::from_utf8_lossy(&text), directory, depth)
    }

    fn text(&mut self, name: &str, text: &str, directory: &Path, depth: usize) -> Result<(), SyntaxError> {
        let mut chained = false;
        for directive in directives(name, text)? {
            let error = |reason: String| SyntaxError {
                file: Arc::clone(&directive.file),
                line: directive.line,
                reason,
            };
            let argument = directive.arguments.first().map_or("", String::as_str);
            match directive.name.to_ascii_lowercase().as_str() {
                "secrule" | "secaction" => {
                    let rule = rule::rule(&directive, chained)?;
                    let next = rule.has("chain");
                    match self.loaded.last_mut() {
                        Some(Loaded::Rule { rules, .. }) if chained => rules.push(rule),
                        _ => self.loaded.push(Loaded::Rule {
                            rules: vec![rule],
                            directory: directory.to_owned(),
                            defaults: self.defaults.clone(),
                        }),
                    }
                    chained = next;
                }
                "secmarker" => self.loaded.push(Loaded::Marker(argument.trim_matches('"').into())),
                "secdefaultaction" => {
                    let actions = crate::actions::parse(argument);
                    let phase = actions.iter().find(|a| a.name == "phase").and_then(|a| a.value.as_deref());
                    let phase = phase_number(phase.unwrap_or("2")).map_err(error)?;
                    self.defaults.insert(phase, actions);
                }
                "secruleengine" => {
                    self.settings.mode = EngineMode::named(argument)
                        .ok_or_else(|| error(format!("`{argument}` is not On, Off or DetectionOnly")))?;
                }
                "secargumentseparator" => {
                    self.settings.argument_separator = match argument.as_bytes() {
                        [byte] => *byte,
                        _ => return Err(error("the separator must be one character".into())),
                    };
                }
                "seccollectiontimeout" => {
                    let seconds = argument
                        .parse()
                        .map_err(|_| error(format!("`{argument}` is not a number of seconds")))?;
                    self.settings.collection_timeout = Duration::from_secs(seconds);
                }
                "secargumentslimit" => {
                    let limit =
                        argument.parse().map_err(|_| error(format!("`{argument}` is not a number")))?;
                    self.settings.arguments_limit = limit;
                    self.settings.json_arguments_limit = limit;
                }
                "include" | "includeoptional" => {
                    let optional = directive.name.eq_ignore_ascii_case("includeoptional");
                    self.include(argument, directory, optional, depth).map_err(|e| match e {
                        IncludeError::Here(reason) => error(reason),
                        IncludeError::Inside(error) => error,
                    })?;
                }
                "secruleremovebyid"
                | "secruleremovebytag"
                | "secruleremovebymsg"
                | "secruleupdatetargetbyid"
                | "secruleupdatetargetbytag"
                | "secruleupdatetargetbymsg"
                | "secruleupdateactionbyid" => {
                    let update = update(&directive).map_err(error)?;
                    self.updates.push((directive.clone(), update));
                }
                name if ACCEPTED.contains(&name) => {
                    if name == "seccomponentsignature" {
                        self.settings.signature.push(argument.to_owned());
                    }
                }
                _ => return Err(error(format!("unknown directive `{}`", directive.name))),
            }
        }
        if chained {
            return Err(SyntaxError {
                file: name.into(),
                line: 0,
                reason: "the last rule has `chain`, and no rule follows".into(),
            });
        }
        Ok(())
    }

    fn include(
        &mut self,
        pattern: &str,
        directory: &Path,
        optional: bool,
        depth: usize,
    ) -> Result<(), IncludeError> {
        if depth >= MAX_INCLUDES {
            return Err(IncludeError::Here(format!("includes are nested deeper than {MAX_INCLUDES}")));
        }
        let files = files(pattern, directory).map_err(IncludeError::Here)?;
        if files.is_empty() && !optional {
            return Err(IncludeError::Here(format!("`{pattern}` matches no file")));
        }
        files.iter().try_for_each(|file| self.file(file, depth + 1)).map_err(IncludeError::Inside)
    }

    fn finish(self) -> Result<RuleSet, SyntaxError> {
        let mut set = RuleSet { settings: self.settings, warnings: self.warnings, ..RuleSet::default() };
        let mut loaded = self.loaded;
        for (directive, update) in &self.updates {
            apply(&mut loaded, update).map_err(|reason| SyntaxError {
                file: Arc::clone(&directive.file),
                line: directive.line,
                reason,
            })?;
        }
        let mut seen: HashMap<u64, (Arc<str>, usize)> = HashMap::new();
        for step in loaded {
            match step {
                Loaded::Marker(name) => {
                    set.phases.iter_mut().for_each(|phase| phase.push(Step::Marker(Arc::clone(&name))));
                }
                Loaded::Rule { rules, directory, defaults } => {
                    let Some(first) = rules.first() else { continue };
                    if let Some((file, line)) = seen.insert(first.id, (Arc::clone(&first.file), first.line)) {
                        return Err(SyntaxError {
                            file: Arc::clone(&first.file),
                            line: first.line,
                            reason: format!("rule {} already exists, at {file}:{line}", first.id),
                        });
                    }
                    let (phase, rule) = compile::rule(&rules, &directory, &defaults)?;
                    for warning in rule.links.iter().filter_map(|link| link.operator.as_ref()?.warning) {
                        let file = Arc::clone(&rule.file);
                        set.warnings.push(SyntaxError { file, line: rule.line, reason: warning.into() });
                    }
                    if let Some(steps) = set.phases.get_mut(usize::from(phase) - 1) {
                        steps.push(Step::Rule(Arc::new(rule)));
                    }
                }
            }
        }
        set.resolve_controls();
        set.phases.iter_mut().for_each(|phase| resolve_jumps(phase));
        set.filter = Filter::build(&mut set.phases);
        Ok(set)
    }
}

impl RuleSet {
    /// Loads and compiles files, in order, and the directives of `after` behind them.
    ///
    /// # Errors
    /// The first error, with file and line.
    pub fn load(files: &[PathBuf], after: &str) -> Result<RuleSet, SyntaxError> {
        let mut loader = Loader::default();
        for file in files {
            loader.file(file, 0)?;
        }
        loader.text("after", after, Path::new(""), 0)?;
        loader.finish()
    }

    /// Compiles a text. Files that it includes are relative to `directory`; `name` stands for the file in errors.
    ///
    /// ```
    /// use std::path::Path;
    /// use seclang::RuleSet;
    ///
    /// let rules = RuleSet::parse("a.conf", "SecRule ARGS attack id:1,deny", Path::new("."))?;
    /// assert_eq!(rules.len(), 1);
    ///
    /// let error = RuleSet::parse("a.conf", "SecRule ARGZ attack id:1,deny", Path::new(".")).unwrap_err();
    /// assert_eq!(error.to_string(), "a.conf:1: unknown variable `ARGZ`");
    /// # Ok::<(), seclang::SyntaxError>(())
    /// ```
    ///
    /// # Errors
    /// The first error, with file and line.
    pub fn parse(name: &str, text: &str, directory: &Path) -> Result<RuleSet, SyntaxError> {
        let mut loader = Loader::default();
        loader.text(name, text, directory, 0)?;
        loader.finish()
    }

    /// Resolves `ctl` actions that select rules by tag or message to rule ids, if no macro is involved.
    fn resolve_controls(&mut self) {
        let rules: Vec<&CompiledRule> = self.phases.iter().flatten().filter_map(Step::rule).collect();
        let constant = |template: &Template| template.constant().map(<[u8]>::to_vec);
        let tags: Vec<(u64, Option<Vec<Vec<u8>>>)> =
            rules.iter().map(|rule| (rule.id, rule.tags.iter().map(constant).collect())).collect();
        let messages: Vec<(u64, Option<Vec<Vec<u8>>>)> =
            rules.iter().map(|rule| (rule.id, rule.message.iter().map(constant).collect())).collect();
        for step in self.phases.iter_mut().flatten() {
            let Step::Rule(rule) = step else { continue };
            let Some(rule) = Arc::get_mut(rule) else { continue };
            for effect in rule.links.iter_mut().flat_map(|link| &mut link.effects) {
                if let Effect::Control(ctl) = effect {
                    ctl.resolve(&tags, &messages);
                }
            }
        }
    }
}

/// Resolves `skipAfter` to a step: after the next marker or rule with that name, or the end of the phase.
fn resolve_jumps(steps: &mut [Step]) {
    // Backwards: where each name occurs next.
    let mut places: HashMap<Arc<str>, usize> = HashMap::new();
    let end = steps.len();
    for (at, step) in steps.iter_mut().enumerate().rev() {
        match step {
            Step::Marker(name) => drop(places.insert(Arc::clone(name), at + 1)),
            Step::Rule(rule) => {
                let Some(own) = Arc::get_mut(rule) else { continue };
                own.jump = own.skip_after.as_ref().and_then(|name| places.get(name)).copied().unwrap_or(end);
                places.insert(own.id.to_string().into(), at + 1);
            }
        }
    }
}

enum IncludeError {
    /// In the directive.
    Here(String),
    /// In the included file.
    Inside(SyntaxError),
}

/// The files that a path with wildcards matches, sorted.
fn files(pattern: &str, directory: &Path) -> Result<Vec<PathBuf>, String> {
    if !pattern.contains(['*', '?']) {
        let path = directory.join(pattern);
        return Ok(if path.is_file() { vec![path] } else { Vec::new() });
    }
    let directory = glob::Pattern::escape(&directory.to_string_lossy());
    let matches = glob::glob(&Path::new(&directory).join(pattern).to_string_lossy())
        .map_err(|e| format!("`{pattern}` is not a valid pattern: {e}"))?;
    let mut files: Vec<PathBuf> = matches.filter_map(Result::ok).filter(|path| path.is_file()).collect();
    files.sort();
    Ok(files)
}

/// Parses `SecRuleRemoveBy...` and `SecRuleUpdate...`.
fn update(directive: &Directive) -> Result<Update, String> {
    let arguments = &directive.arguments;
    let first = arguments.first().ok_or("the rule is missing")?;
    let variables = || {
        let text = arguments.get(1).ok_or("the variable is missing")?;
        Ok::<_, String>(rule::variables(text))
    };
    Ok(match directive.name.to_ascii_lowercase().as_str() {
        "secruleremovebyid" => Update::RemoveById(id_ranges::parse(arguments)?),
        "secruleremovebytag" => Update::RemoveByTag(first.clone()),
        "secruleremovebymsg" => Update::RemoveByMessage(first.clone()),
        "secruleupdatetargetbyid" => Update::TargetById(id_ranges::parse(&[first])?, variables()?),
        "secruleupdatetargetbytag" => Update::TargetByTag(first.clone(), variables()?),
        "secruleupdatetargetbymsg" => Update::TargetByMessage(first.clone(), variables()?),
        _ => {
            // `id:n` selects a link of a chain; only the first is supported.
            let id = first.split(':').next().unwrap_or(first);
            let actions = arguments.get(1).ok_or("the action is missing")?;
            Update::ActionById(id_ranges::parse(&[id])?, crate::actions::parse(actions))
        }
    })
}

/// Applies an update to the rules that it selects.
fn apply(loaded: &mut Vec<Loaded>, update: &Update) -> Result<(), String> {
    let within = |ranges: &[(u64, u64)], id: u64| ranges.iter().any(|(from, to)| (*from..=*to).contains(&id));
    let pattern = |text: &str| crate::operator::selector(text.trim_matches('"'));
    let is_selected: Box<dyn Fn(&rule::Rule) -> bool> = match update {
        Update::RemoveById(ranges) | Update::TargetById(ranges, _) | Update::ActionById(ranges, _) => {
            let ranges = ranges.clone();
            Box::new(move |rule| within(&ranges, rule.id))
        }
        Update::RemoveByTag(text) | Update::TargetByTag(text, _) => {
            let regex = pattern(text)?;
            Box::new(move |rule| rule.tags().any(|tag| regex.is_match(tag.as_bytes())))
        }
        Update::RemoveByMessage(text) | Update::TargetByMessage(text, _) => {
            let regex = pattern(text)?;
            Box::new(move |rule| rule.action("msg").is_some_and(|msg| regex.is_match(msg.as_bytes())))
        }
    };
    match update {
        Update::RemoveById(_) | Update::RemoveByTag(_) | Update::RemoveByMessage(_) => {
            loaded.retain(
                |step| !matches!(step, Loaded::Rule { rules, .. } if rules.first().is_some_and(&is_selected)),
            );
        }
        Update::TargetById(_, variables)
        | Update::TargetByTag(_, variables)
        | Update::TargetByMessage(_, variables) => {
            for rule in loaded.iter_mut().filter_map(Loaded::first_rule).filter(|rule| is_selected(rule)) {
                rule.variables.extend(variables.iter().cloned());
            }
        }
        Update::ActionById(_, actions) => {
            for rule in loaded.iter_mut().filter_map(Loaded::first_rule).filter(|rule| is_selected(rule)) {
                rule.replace_actions(actions);
            }
        }
    }
    Ok(())
}
