//! Requests to others: providers of identity, publishers of lists. Bounded in time and size, and followed nowhere.

use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use identity::service::{Web, WebAnswer, WebError};
use policy::{HealthConfig, Upstream, UpstreamTls};

use crate::upstream::{Connector, HeadLimits, Target, ask};

/// Of an answer.
const HEAD: HeadLimits = HeadLimits { fields: 100, bytes: 64 * 1024 };

/// The way to others.
pub(crate) struct Outside {
    /// With the system's certificates, which are read once.
    secure: OnceLock<Result<Connector, String>>,
    max_bytes: usize,
    timeout: Duration,
}

impl Web for Outside {
    fn send(&self, request: Request<Vec<u8>>) -> WebAnswer<'_> {
        Box::pin(async move { self.answer(request).await.map_err(WebError) })
    }
}

impl Outside {
    /// A way on which an answer has at most so many bytes and takes at most so long.
    pub(crate) const fn new(max_bytes: usize, timeout: Duration) -> Self {
        Outside { secure: OnceLock::new(), max_bytes, timeout }
    }

    pub(crate) async fn answer(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, String> {
        let (mut head, body) = request.into_parts();
        let authority = head.uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
        let scheme = head.uri.scheme_str().unwrap_or("https");
        let upstream: Upstream = format!("{scheme}://{authority}").parse()?;
        let connector = self.connector(&upstream)?;
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        head.uri = path.parse().map_err(|error| format!("{error}"))?;
        let target = Target::new(upstream, &HealthConfig::default());
        let request = Request::from_parts(head, Full::new(Bytes::from(body)));
        let answer = ask(&connector, &target, request, self.max_bytes, self.timeout).await;
        answer.map(|answer| answer.map(|body| body.to_vec())).map_err(|error| error.to_string())
    }

    fn connector(&self, upstream: &Upstream) -> Result<Connector, String> {
        let open = || {
            let connector = Connector::new([upstream].into_iter(), &UpstreamTls::default(), HEAD);
            connector.map_err(|error| error.to_string())
        };
        match upstream.is_tls() {
            true => self.secure.get_or_init(open).clone(),
            false => open(),
        }
    }
}
