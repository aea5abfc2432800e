//! From the file model to the policy that holds: defaults, contradictions, files that it names.

mod auth;
mod cedar;
mod gateway;
mod headers;
mod ledger;
mod rate;
mod routes;
mod waf;
mod written;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::Modes;
use crate::compiled::{Cookies, Log, Network, Policy, PolicyFile};
use crate::config::Config;
use crate::error::ConfigError;
pub(crate) use cedar::seen;
use openapi::{Copies, Document};
use openapi::{Problem, Source};
use routes::{login, modes};

/// What a policy is made from. Settings of the command line come before those of the file.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// `doorward.toml`, when there is one.
    pub file: Option<PathBuf>,
    /// The text of a policy that stands in no file.
    pub text: Option<String>,
    /// `--upstream`.
    pub upstream: Vec<String>,
    /// `--listen`.
    pub listen: Vec<std::net::SocketAddr>,
    /// `--openapi`.
    pub openapi: Option<PathBuf>,
    /// `--overlay`.
    pub overlay: Vec<PathBuf>,
    /// Leaves Cedar policies out, for those who ask for the schema to write them.
    pub without_cedar: bool,
}

/// Reads, checks and compiles a policy.
///
/// # Errors
/// Everything that is wrong with it, with positions.
pub fn load(inputs: &Inputs) -> Result<Policy, ConfigError> {
    let mut files = Vec::new();
    let source = match (&inputs.file, &inputs.text) {
        (Some(path), _) => {
            files.push(PolicyFile::at(path.clone()));
            let text = std::fs::read_to_string(path).map_err(|e| {
                Source::new(path.display().to_string(), "")
                    .problem(None, format!("cannot be read: {e}"))
                    .mend("`doorward init` writes one")
            })?;
            Source::new(path.display().to_string(), text)
        }
        (None, Some(text)) => Source::new("policy", text.as_str()),
        (None, None) => Source::new("command line", ""),
    };
    let mut config = Config::parse(&source)?;
    if !inputs.upstream.is_empty() {
        config.gateway.upstream.clone_from(&inputs.upstream);
    }
    if !inputs.listen.is_empty() {
        config.gateway.listen.clone_from(&inputs.listen);
    }
    let directory = inputs.file.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
    let openapi = match (&inputs.openapi, &config.gateway.openapi) {
        (Some(given), _) => Some(given.clone()),
        (None, Some(path)) => Some(directory.join(path)),
        (None, None) => None,
    };
    let overlays: Vec<PathBuf> = match inputs.overlay.is_empty() {
        true => config.gateway.overlay.iter().map(|path| directory.join(path)).collect(),
        false => inputs.overlay.clone(),
    };
    Compiler {
        source,
        directory: directory.to_owned(),
        problems: Vec::new(),
        files,
        without_cedar: inputs.without_cedar,
    }
    .compile(config, openapi, &overlays)
}

struct Compiler {
    source: Source,
    directory: PathBuf,
    problems: Vec<Problem>,
    files: Vec<PolicyFile>,
    without_cedar: bool,
}

impl Compiler {
    fn compile(
        mut self,
        config: Config,
        openapi: Option<PathBuf>,
        overlays: &[PathBuf],
    ) -> Result<Policy, ConfigError> {
        if openapi.is_none() && !overlays.is_empty() {
            self.wrong(
                &["gateway", "overlay"],
                "an overlay without a document changes nothing",
                "name the document too: `openapi`",
            );
        }
        let document = openapi.and_then(|path| self.document(&path, overlays, &config.gateway.references));
        let gateway = self.gateway(&config);
        let cors = self.cors(&config);
        let auth = self.auth(&config.auth);
        let headers = self.headers(&config.headers);
        let deny = self.deny(&config);
        let ledger = self.ledger(&config.ownership.ledger);
        let hash_secret = self.hash_secret(&config.rate);
        let read_as = config.ownership.read_as.as_ref().and_then(|read_as| self.read_as(read_as));
        let modes = modes(Modes::default(), &config.doors);
        let fallback = self.fallback(&config, modes, &auth);
        let login = login(&config, &fallback);
        let routes = self.routes(&config, document.as_ref(), &fallback, &login);
        let cedar = self.cedar(&config.cedar, document.as_ref(), &routes);
        let core_rule_set = config.waf.crs.as_ref().and_then(|crs| self.core_rule_set(crs));
        self.detectors(&config.waf);
        let (Some(cors), true) = (cors, self.problems.is_empty()) else {
            return Err(ConfigError { problems: self.problems });
        };
        Ok(Policy {
            gateway,
            admin: config.admin,
            log: Log { file: config.log.file.map(|f| self.directory.join(f)), access: config.log.access },
            protocol: config.protocol,
            network: Network {
                allow: config.network.allow.iter().copied().collect(),
                deny,
                require_user_agent: config.network.require_user_agent,
            },
            cors,
            auth,
            document,
            undeclared: config.schema.undeclared,
            deprecated: config.schema.deprecated,
            server_errors: config.schema.server_errors,
            headers,
            cookies: Cookies {
                same_site: config.cookies.same_site,
                script_readable: config.cookies.script_readable,
            },
            cedar,
            cedar_claims: config.cedar.claims,
            core_rule_set,
            detectors: config.waf.detectors,
            foreign: config.ownership.foreign,
            exempt: config.ownership.exempt,
            role_claim: config.ownership.role_claim.unwrap_or_else(|| "role".into()),
            look_cache: config.ownership.look_cache.map(|period| period.0),
            read_as,
            ledger,
            enumeration: config.ownership.enumeration,
            decode_rounds: config.injection.decode_rounds,
            max_counters: config.rate.max_keys,
            hash_secret,
            files: self.files,
            routes,
            fallback: Arc::new(fallback),
            login: Arc::new(login),
            login_paths: config.rate.login_paths,
        })
    }

    fn wrong(&mut self, at: &[&str], message: impl Into<String>, mend: impl Into<String>) {
        let problem = self.source.problem(self.source.locate(at), message);
        let mend = mend.into();
        self.problems.push(if mend.is_empty() { problem } else { problem.mend(mend) });
    }

    fn document(&mut self, path: &Path, overlays: &[PathBuf], copies: &Copies) -> Option<Document> {
        let document = self.text(path)?;
        let overlays = overlays.iter().map(|path| self.text(path)).collect::<Option<Vec<_>>>()?;
        let directory = path.parent().unwrap_or(Path::new(""));
        let copies = copies.iter().map(|(url, copy)| (url.clone(), self.directory.join(copy))).collect();
        let parsed = Document::with_overlays(&document, Some(directory), &overlays, &copies);
        let parsed = parsed.map_err(|problem| self.problems.push(problem)).ok()?;
        self.files.extend(parsed.other_files().cloned().map(PolicyFile::at));
        Some(parsed)
    }

    /// The text of a file beside the policy, which is watched from now on.
    fn text(&mut self, path: &Path) -> Option<Source> {
        self.files.push(PolicyFile::at(path.to_owned()));
        let name = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Some(Source::new(name, text)),
            Err(e) => {
                self.problems.push(Source::new(name, "").problem(None, format!("cannot be read: {e}")));
                None
            }
        }
    }

    /// A secret that everybody on the machine may read is an error.
    fn private(&mut self, file: &Path, at: &[&str]) {
        use std::os::unix::fs::PermissionsExt;
        if let Ok(meta) = std::fs::metadata(file)
            && meta.permissions().mode() & 0o004 != 0
        {
            self.wrong(
                at,
                format!("{} can be read by everybody on this machine", file.display()),
                format!("chmod 600 {}", file.display()),
            );
        }
    }

    fn file(&mut self, file: &Path, at: &[&str]) -> Option<Vec<u8>> {
        let path = self.directory.join(file);
        self.files.push(PolicyFile::at(path.clone()));
        match std::fs::read(&path) {
            Ok(bytes) => Some(bytes),
            Err(e) => {
                self.wrong(at, format!("{} cannot be read: {e}", path.display()), "");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests;
