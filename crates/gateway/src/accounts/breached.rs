//! Passwords that are in the lists of attackers: a filter in a file, a service that is asked, or both.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use identity::secrets::Password;
use identity::secrets::breached::range::MAX_ANSWER;
use identity::secrets::breached::{Filter, FilterError, OnFailure, RangeQuery, RangeSource};
use identity::service::Breached;
use policy::{HealthConfig, PasswordsConfig, Unanswered, Upstream, UpstreamTls};

use crate::upstream::{Connector, HeadLimits, Target, fetch};

/// Of the service's answer.
const HEAD: HeadLimits = HeadLimits { fields: 100, bytes: 64 * 1024 };

/// Whom to tell what the operator should know.
type Told = Arc<dyn Fn(&str) + Send + Sync>;

/// What the policy says of breached passwords; `None` where it names no list.
///
/// # Errors
/// If the file is no filter.
pub(super) fn open(settings: &PasswordsConfig, told: Told) -> Result<Option<Box<dyn Breached>>, String> {
    let failed = |error: FilterError| format!("`breached_file`: {error}");
    let filter = settings.breached_file.as_deref().map(Filter::open).transpose().map_err(failed)?;
    let range = settings.breached_url.as_deref().map(Range::new).transpose()?;
    if filter.is_none() && range.is_none() {
        return Ok(None);
    }
    let on_failure = match settings.breached_unanswered {
        Unanswered::Accept => OnFailure::Accept,
        Unanswered::Refuse => OnFailure::Refuse,
    };
    let filter = filter.map(Arc::new);
    Ok(Some(Box::new(Lists { filter, range, timeout: settings.breached_timeout.0, on_failure, told })))
}

struct Lists {
    filter: Option<Arc<Filter>>,
    range: Option<Range>,
    timeout: Duration,
    on_failure: OnFailure,
    told: Told,
}

impl Lists {
    async fn have(&self, password: &Password) -> bool {
        if let Some(filter) = &self.filter {
            let (filter, password) = (Arc::clone(filter), password.clone());
            // It reads a few kilobytes of a file.
            let found = tokio::task::spawn_blocking(move || filter.contains(&password)).await;
            match found {
                Ok(Ok(true)) => return true,
                Ok(Ok(false)) => {}
                Ok(Err(error)) => return self.unanswered(&error.to_string()),
                Err(error) => return self.unanswered(&error.to_string()),
            }
        }
        let Some(range) = &self.range else { return false };
        let verdict = RangeQuery::new(password).ask(range, self.timeout).await;
        if let identity::secrets::breached::Verdict::NoAnswer(why) = &verdict {
            return self.unanswered(why);
        }
        !verdict.accepts(self.on_failure)
    }

    fn unanswered(&self, why: &str) -> bool {
        let is_refused = self.on_failure == OnFailure::Refuse;
        let what = if is_refused { "refused" } else { "accepted" };
        (self.told)(&format!(
            "nobody says whether a new password is in the lists of attackers; it is {what}: {why}"
        ));
        is_refused
    }
}

impl Breached for Lists {
    fn contains<'a>(&'a self, password: &'a Password) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>> {
        Box::pin(self.have(password))
    }
}

/// The service behind an address.
struct Range {
    connector: Connector,
    target: Target,
    path: String,
}

impl Range {
    fn new(url: &str) -> Result<Self, String> {
        let url: http::Uri = url.parse().map_err(|e| format!("`breached_url`: {e}"))?;
        let authority = url.authority().map_or("", |authority| authority.as_str());
        let upstream: Upstream = format!("{}://{authority}", url.scheme_str().unwrap_or("https")).parse()?;
        let connector = Connector::new([&upstream].into_iter(), &UpstreamTls::default(), HEAD);
        let path = url.path().trim_end_matches('/').to_owned();
        let target = Target::new(upstream, &HealthConfig::default());
        Ok(Range { connector: connector.map_err(|e| e.to_string())?, target, path })
    }
}

impl RangeSource for Range {
    fn fetch(&self, prefix: &str) -> Pin<Box<dyn Future<Output = Result<String, String>> + Send + '_>> {
        let path = format!("{}/{prefix}", self.path);
        Box::pin(async move {
            /// The policy's time limit is shorter.
            const TIMEOUT: Duration = Duration::from_secs(60);
            let padded = [("add-padding", "true")];
            let answer = fetch(&self.connector, &self.target, &path, &padded, MAX_ANSWER, TIMEOUT).await;
            let (status, body) = answer.map_err(|e| e.to_string())?;
            if !status.is_success() {
                return Err(format!("the service answered {status}"));
            }
            String::from_utf8(body.to_vec()).map_err(|e| e.to_string())
        })
    }
}
