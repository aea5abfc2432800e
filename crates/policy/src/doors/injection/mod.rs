//! `[injection]` and `[waf]`: which inputs are inspected for code, how, and with what confidence.

mod rules;

use std::collections::BTreeMap;

use detect::Class;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use rules::{CoreRuleSet, CrsConfig, CrsProfile, NativeDetectors, WafConfig};

use crate::settings::{route_settings, settings};

settings! {
    /// `[injection]`: which inputs are inspected for code, and how.
    pub struct InjectionConfig {
        /// Parameters and fields, by name, that may hold anything. A header by its name in lower case; a body that is one
        /// text is `body`. What they are called themselves is inspected all the same.
        pub exempt: Vec<String> = Vec::new(),
        /// Parameters and fields, by name, that hold text of people: words of SQL are no attack there, markup is.
        pub prose: Vec<String> = Vec::new(),
        /// Parameters and fields, by name, in which markup is removed instead of refused: `strip` leaves the text,
        /// `basic` leaves simple formatting.
        pub sanitize: BTreeMap<String, Sanitize> = BTreeMap::new(),
        /// The lowest confidence at which a detector refuses, by its name: `high` (default) blocks on high-confidence
        /// findings only, `medium` on medium-confidence findings too, `observe` writes events only, `off` does not run.
        pub detectors: DetectorLevels = DetectorLevels::default(),
        /// How many times a value is decoded before it is inspected.
        #[formerly("decode_rounds")]
        pub max_decode_depth: usize = 3,
    }
}

/// The lowest confidence of a finding that refuses a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MinConfidence {
    /// The detector does not run.
    Off,
    /// Findings are events only.
    Observe,
    /// High-confidence findings refuse. The default.
    #[serde(alias = "sure")]
    High,
    /// Medium-confidence findings refuse, too.
    #[serde(alias = "suspect")]
    Medium,
}

impl MinConfidence {
    /// The old spelling of each value that had another one.
    pub(crate) const FORMERLY: [(&str, &str); 2] = [("sure", "high"), ("suspect", "medium")];

    /// The name in configuration.
    pub const fn name(self) -> &'static str {
        match self {
            MinConfidence::Off => "off",
            MinConfidence::Observe => "observe",
            MinConfidence::High => "high",
            MinConfidence::Medium => "medium",
        }
    }
}

/// The lowest confidence at which each detector refuses; [`MinConfidence::High`] for those without an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DetectorLevels(BTreeMap<Class, MinConfidence>);

impl DetectorLevels {
    /// The level of one detector.
    pub fn of(&self, class: Class) -> MinConfidence {
        self.0.get(&class).copied().unwrap_or(MinConfidence::High)
    }

    /// Whether no level is written down, so that all are [`MinConfidence::High`].
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The levels that are written down.
    pub fn iter(&self) -> impl Iterator<Item = (Class, MinConfidence)> {
        self.0.iter().map(|(class, level)| (*class, *level))
    }

    /// These levels, changed by those of a route.
    fn changed_by(&self, route: &DetectorLevels) -> DetectorLevels {
        DetectorLevels(self.iter().chain(route.iter()).collect())
    }
}

impl<'de> Deserialize<'de> for DetectorLevels {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let named = BTreeMap::<String, MinConfidence>::deserialize(input)?;
        let class = |(name, level): (String, MinConfidence)| match Class::from_name(&name) {
            Some(class) => Ok((class, level)),
            None => {
                let known: Vec<&str> = detect::ALL.iter().map(|class| class.name()).collect();
                Err(D::Error::custom(format!("unknown detector {name:?}; there are {}", known.join(", "))))
            }
        };
        named.into_iter().map(class).collect::<Result<_, _>>().map(DetectorLevels)
    }
}

impl Serialize for DetectorLevels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(class, level)| (class.name(), level)))
    }
}

/// What remains of markup in a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sanitize {
    /// Its text.
    Strip,
    /// Words, lists, links and code: `a b blockquote br code em i li ol p pre strong u ul`.
    Basic,
}

impl Sanitize {
    const fn name(self) -> &'static str {
        match self {
            Sanitize::Strip => "strip",
            Sanitize::Basic => "basic",
        }
    }
}

route_settings! {
    /// What a route may say of its inputs; beside what holds everywhere.
    pub struct InjectionRouteConfig {
        /// Parameters and fields, by name, that may hold anything here.
        pub exempt: Vec<String>,
        /// Parameters and fields, by name, that hold text of people here.
        pub prose: Vec<String>,
        /// The lowest confidence at which a detector refuses here, by its name.
        pub detectors: DetectorLevels,
        /// Parameters and fields, by name, in which markup is removed instead of refused here.
        pub sanitize: BTreeMap<String, Sanitize>,
    }
}

/// How inputs are inspected on every route.
#[derive(Debug)]
pub struct Injection {
    /// How many times a value is decoded before it is inspected.
    pub max_decode_depth: usize,
    /// Whether the detectors without rules run.
    pub detectors: NativeDetectors,
    /// The OWASP Core Rule Set.
    pub core_rule_set: Option<CoreRuleSet>,
}

/// How the inputs of one route are inspected.
#[derive(Debug, Clone)]
pub struct InjectionRoute {
    /// Inputs that may hold anything.
    pub exempt: Vec<String>,
    /// Inputs that hold text of people.
    pub prose: Vec<String>,
    /// The lowest confidence at which each detector refuses.
    pub detectors: DetectorLevels,
    /// Inputs in which markup is removed; the first entry of a name holds.
    pub sanitize: Vec<(String, Sanitize)>,
}

impl InjectionRoute {
    /// What holds where no route says otherwise.
    pub(crate) fn everywhere(config: &InjectionConfig) -> Self {
        InjectionRoute {
            exempt: config.exempt.clone(),
            prose: config.prose.clone(),
            detectors: config.detectors.clone(),
            sanitize: config.sanitize.iter().map(|(name, how)| (name.clone(), *how)).collect(),
        }
    }

    /// The same with what a route says. Of a detector or a field that both name, the route's word holds.
    pub(crate) fn on_route(&self, route: &InjectionRouteConfig) -> Self {
        let sanitize = route.sanitize.iter().map(|(name, how)| (name.clone(), *how));
        InjectionRoute {
            exempt: self.exempt.iter().chain(&route.exempt).cloned().collect(),
            prose: self.prose.iter().chain(&route.prose).cloned().collect(),
            detectors: self.detectors.changed_by(&route.detectors),
            sanitize: sanitize.chain(self.sanitize.iter().cloned()).collect(),
        }
    }

    /// The lines of `doorward check`.
    pub fn rows(&self) -> Vec<String> {
        let mut rows = Vec::new();
        if !self.exempt.is_empty() {
            rows.push(format!("not inspected: {}", self.exempt.join(" ")));
        }
        if !self.prose.is_empty() {
            rows.push(format!("prose: {}", self.prose.join(" ")));
        }
        rows.extend(
            self.detectors.iter().map(|(class, level)| format!("{}: {}", class.name(), level.name())),
        );
        rows.extend(self.sanitize.iter().map(|(name, how)| format!("sanitize {name}: {}", how.name())));
        rows
    }
}
