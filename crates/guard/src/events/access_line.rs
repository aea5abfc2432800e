//! The line of a request: JSON with the fields that are asked for, or the combined format of Apache and nginx.

use std::borrow::Cow;
use std::fmt::{self, Display, Write as _};
use std::time::SystemTime;

use policy::{AccessField, AccessStyle};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::timestamp::Timestamp;
use crate::exchange::id::EventId;

/// A request, when it is over. What clients wrote is cut to a length that a line can hold.
#[derive(Debug, Clone)]
pub struct Access<'a> {
    /// When it ended.
    pub time: SystemTime,
    /// Its id.
    pub id: EventId,
    /// The `X-Request-Id` that a trusted proxy gave it.
    pub request_id: Option<&'a str>,
    /// Client address.
    pub client: std::net::IpAddr,
    /// Request method.
    pub method: &'a str,
    /// The host that was asked for.
    pub host: Option<Cow<'a, str>>,
    /// Request path, without the query.
    pub path: &'a str,
    /// The query; secrets are redacted.
    pub query: Option<Cow<'a, str>>,
    /// The HTTP version.
    pub protocol: &'a str,
    /// The TLS version of the client's connection.
    pub tls: Option<&'a str>,
    /// The name that was asked for in the TLS handshake.
    pub server_name: Option<&'a str>,
    /// What the client's TLS handshake shows of the program (JA4).
    pub ja4: Option<&'a str>,
    /// The id that a proxy gave the connection.
    pub connection_id: Option<&'a str>,
    /// Matched route.
    pub route: &'a str,
    /// Verified subject.
    pub principal: Option<&'a str>,
    /// The user agent.
    pub user_agent: Option<Cow<'a, str>>,
    /// The referrer; secrets are redacted.
    pub referrer: Option<Cow<'a, str>>,
    /// Status that the client got; 499 when it left before.
    pub status: u16,
    /// The gravest verdict of its events, or `passed`.
    pub verdict: &'a str,
    /// Bytes of the request body that were read.
    pub received_bytes: u64,
    /// Bytes of the response body that were sent.
    pub bytes: u64,
    /// Who broke the response off: `client` or `upstream`.
    pub cut_off_by: Option<&'a str>,
    /// The upstream that answered.
    pub upstream: Option<&'a str>,
    /// Microseconds from the request's head to the end of the response.
    pub latency_us: u64,
    /// Microseconds of it in which an upstream's head was waited for.
    pub upstream_us: u64,
    /// Microseconds of it in which the doors worked.
    pub guard_us: u64,
}

impl Access<'_> {
    /// Writes one field; one that has no value is left out.
    fn field<M: SerializeMap>(&self, field: AccessField, map: &mut M) -> Result<(), M::Error> {
        fn given<M: SerializeMap, T: Serialize>(
            map: &mut M,
            name: &str,
            value: Option<T>,
        ) -> Result<(), M::Error> {
            value.map_or(Ok(()), |value| map.serialize_entry(name, &value))
        }
        let name = field.name();
        match field {
            AccessField::Time => map.serialize_entry(name, &Timestamp(self.time)),
            AccessField::Id => map.serialize_entry(name, &self.id),
            AccessField::RequestId => given(map, name, self.request_id),
            AccessField::Client => map.serialize_entry(name, &self.client),
            AccessField::Method => map.serialize_entry(name, self.method),
            AccessField::Host => given(map, name, self.host.as_deref()),
            AccessField::Path => map.serialize_entry(name, self.path),
            AccessField::Query => given(map, name, self.query.as_deref()),
            AccessField::Protocol => map.serialize_entry(name, self.protocol),
            AccessField::Tls => given(map, name, self.tls),
            AccessField::ServerName => given(map, name, self.server_name),
            AccessField::Ja4 => given(map, name, self.ja4),
            AccessField::ConnectionId => given(map, name, self.connection_id),
            AccessField::Route => map.serialize_entry(name, self.route),
            AccessField::Principal => given(map, name, self.principal),
            AccessField::UserAgent => given(map, name, self.user_agent.as_deref()),
            AccessField::Referrer => given(map, name, self.referrer.as_deref()),
            AccessField::Status => map.serialize_entry(name, &self.status),
            AccessField::Verdict => map.serialize_entry(name, self.verdict),
            AccessField::ReceivedBytes => map.serialize_entry(name, &self.received_bytes),
            AccessField::Bytes => map.serialize_entry(name, &self.bytes),
            AccessField::CutOffBy => given(map, name, self.cut_off_by),
            AccessField::Upstream => given(map, name, self.upstream),
            AccessField::Latency => map.serialize_entry(name, &self.latency_us),
            AccessField::UpstreamTime => map.serialize_entry(name, &self.upstream_us),
            AccessField::GuardTime => map.serialize_entry(name, &self.guard_us),
        }
    }

    /// The line in a style, with its end.
    pub(crate) fn line(&self, style: &AccessStyle) -> Vec<u8> {
        let mut line = match style {
            AccessStyle::Json(fields) => {
                serde_json::to_vec(&Chosen { access: self, fields }).unwrap_or_default()
            }
            AccessStyle::Combined => self.combined().into_bytes(),
        };
        line.push(b'\n');
        line
    }

    /// `client - principal [time] "request" status bytes "referrer" "user agent"`
    fn combined(&self) -> String {
        let date = httpdate::fmt_http_date(self.time);
        // `Sun, 06 Nov 1994 08:49:37 GMT`
        let mut words = date.split(' ').skip(1);
        let mut word = || words.next().unwrap_or("-");
        let (day, month, year, time) = (word(), word(), word(), word());
        let mut line = String::with_capacity(256);
        let subject = Word(self.principal.unwrap_or("-"));
        let _ = write!(line, "{} - {subject} [{day}/{month}/{year}:{time} +0000] \"", self.client);
        let _ = write!(line, "{} {}", Quoted(self.method), Quoted(self.path));
        if let Some(query) = &self.query {
            let _ = write!(line, "?{}", Quoted(query));
        }
        let quoted = |text: &Option<Cow<'_, str>>| Quoted(text.as_deref().unwrap_or("-")).to_string();
        let (referrer, user_agent) = (quoted(&self.referrer), quoted(&self.user_agent));
        let Access { protocol, status, bytes, .. } = self;
        let _ = write!(line, " {protocol}\" {status} {bytes} \"{referrer}\" \"{user_agent}\"");
        line
    }
}

/// All fields.
impl Serialize for Access<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        AccessField::ALL.iter().try_for_each(|field| self.field(*field, &mut map))?;
        map.end()
    }
}

/// Some fields, with the type that tells lines apart.
struct Chosen<'a> {
    access: &'a Access<'a>,
    fields: &'a [AccessField],
}

impl Serialize for Chosen<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", "access")?;
        self.fields.iter().try_for_each(|field| self.access.field(*field, &mut map))?;
        map.end()
    }
}

/// A text between quotes: what could end it or begin another line is written as nginx writes it, `\x22`.
struct Quoted<'a>(&'a str);

/// A text between blanks.
struct Word<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        escaped(self.0, f, |byte| matches!(byte, b'"' | b'\\') || byte.is_ascii_control())
    }
}

impl Display for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        escaped(self.0, f, |byte| !byte.is_ascii_graphic() || matches!(byte, b'"' | b'\\' | b'[' | b']'))
    }
}

/// Characters outside of ASCII are escaped, too: some of them end a line for some readers.
fn escaped(text: &str, f: &mut fmt::Formatter<'_>, is_escaped: impl Fn(u8) -> bool) -> fmt::Result {
    for byte in text.bytes() {
        match byte.is_ascii() && !is_escaped(byte) {
            true => f.write_char(char::from(byte))?,
            false => write!(f, "\\x{byte:02X}")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access<'a>() -> Access<'a> {
        Access {
            time: SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_795_663_723),
            id: EventId::new(SystemTime::UNIX_EPOCH),
            request_id: None,
            client: [203, 0, 113, 7].into(),
            method: "GET",
            host: Some("api.example".into()),
            path: "/a",
            query: None,
            protocol: "HTTP/1.1",
            tls: None,
            server_name: None,
            ja4: None,
            connection_id: None,
            route: "/**",
            principal: None,
            user_agent: None,
            referrer: None,
            status: 200,
            verdict: "passed",
            received_bytes: 0,
            bytes: 2,
            cut_off_by: None,
            upstream: None,
            latency_us: 9,
            upstream_us: 5,
            guard_us: 3,
        }
    }

    fn line(access: &Access<'_>, style: &AccessStyle) -> String {
        String::from_utf8(access.line(style)).unwrap()
    }

    #[test]
    fn the_combined_format_is_that_of_apache_and_nginx() {
        let plain = line(&access(), &AccessStyle::Combined);
        assert_eq!(
            plain,
            "203.0.113.7 - - [26/Nov/2026:03:28:43 +0000] \"GET /a HTTP/1.1\" 200 2 \"-\" \"-\"\n"
        );
        let full = Access {
            query: Some("q=1".into()),
            principal: Some("7"),
            referrer: Some("https://app.example/".into()),
            user_agent: Some("curl/8".into()),
            ..access()
        };
        assert_eq!(
            line(&full, &AccessStyle::Combined),
            "203.0.113.7 - 7 [26/Nov/2026:03:28:43 +0000] \"GET /a?q=1 HTTP/1.1\" 200 2 \"https://app.example/\" \
             \"curl/8\"\n"
        );
    }

    #[test]
    fn no_client_writes_a_line_of_its_own() {
        const FORGED: &str = "x\" 200 1 \"-\" \"-\"\n10.0.0.1 - admin [\u{2028}\u{85}\\";
        let forged = Access {
            path: FORGED,
            query: Some(FORGED.into()),
            principal: Some(FORGED),
            user_agent: Some(FORGED.into()),
            referrer: Some(FORGED.into()),
            ..access()
        };
        let combined = line(&forged, &AccessStyle::Combined);
        assert_eq!(combined.matches('"').count(), 6, "{combined}");
        assert_eq!(combined.split('"').next().unwrap().split(' ').count(), 6, "{combined}");
        let json = line(&forged, &AccessStyle::Json(AccessField::ALL.to_vec()));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap()["path"], FORGED);
        for line in [combined, json] {
            assert_eq!(line.matches('\n').count(), 1, "{line}");
        }
    }

    #[test]
    fn a_line_has_the_fields_that_were_asked_for_in_their_order() {
        let style = AccessStyle::Json(vec![AccessField::Status, AccessField::Tls, AccessField::Method]);
        assert_eq!(line(&access(), &style), "{\"type\":\"access\",\"status\":200,\"method\":\"GET\"}\n");
    }
}
