//! What each variable of a transaction is.

use crate::transaction::{Pair, Transaction};
use crate::variable::Collection;

/// Days and months from the seconds since 1970 (proleptic Gregorian calendar).
struct Clock {
    year: i64,
    month: i64,
    day: i64,
    weekday: i64,
    second_of_day: i64,
    seconds: i64,
}

impl Clock {
    fn now() -> Clock {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let seconds = since.map_or(0, |since| since.as_secs() as i64);
        let days = seconds.div_euclid(86_400);
        // Days since 0000-03-01, in eras of 400 years.
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        Clock {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month,
            day: day_of_year - (153 * shifted_month + 2) / 5 + 1,
            weekday: (days + 4).rem_euclid(7),
            second_of_day: seconds.rem_euclid(86_400),
            seconds,
        }
    }
}

/// Told each name and value.
type Told<'t> = &'t mut dyn FnMut(&[u8], &[u8]);

impl Transaction<'_> {
    /// Tells each value of a variable, with the name of the member; scalars have none.
    pub(crate) fn visit(&self, collection: Collection, tell: Told<'_>) {
        use Collection::*;
        let pairs = |pairs: &[Pair], tell: Told<'_>| pairs.iter().for_each(|(name, value)| tell(name, value));
        let names = |pairs: &[Pair], tell: Told<'_>| pairs.iter().for_each(|(name, _)| tell(name, name));
        let flag = |flag: bool, tell: Told<'_>| tell(b"", if flag { b"1" } else { b"0" });
        let number = |number: usize, tell: Told<'_>| tell(b"", number.to_string().as_bytes());
        match collection {
            Args => {
                pairs(&self.args_get, tell);
                pairs(&self.args_post, tell);
            }
            ArgsGet => pairs(&self.args_get, tell),
            ArgsPost => pairs(&self.args_post, tell),
            ArgsNames => {
                names(&self.args_get, tell);
                names(&self.args_post, tell);
            }
            ArgsGetNames => names(&self.args_get, tell),
            ArgsPostNames => names(&self.args_post, tell),
            ArgsCombinedSize => {
                let all = self.args_get.iter().chain(&self.args_post);
                number(all.map(|(name, value)| name.len() + value.len()).sum(), tell);
            }
            RequestHeaders => pairs(&self.headers, tell),
            RequestHeadersNames => names(&self.headers, tell),
            RequestCookies => pairs(&self.cookies, tell),
            RequestCookiesNames => names(&self.cookies, tell),
            QueryString => tell(b"", self.query()),
            RequestMethod => tell(b"", &self.method),
            RequestProtocol => tell(b"", &self.protocol),
            RequestUriRaw => tell(b"", &self.target),
            RequestUri => {
                let target = self.origin_form();
                tell(b"", target);
            }
            RequestFilename | PathInfo => tell(b"", &self.filename()),
            RequestBasename => {
                let path = self.filename();
                let start = path.iter().rposition(|b| matches!(b, b'/' | b'\\')).map_or(0, |at| at + 1);
                tell(b"", &path[start..]);
            }
            RequestLine => {
                let line = [&self.method[..], b" ", &self.target, b" ", &self.protocol].concat();
                tell(b"", line.trim_ascii_end());
            }
            RequestBody => {
                // What is structured by its own variables is not told as a whole: it would be matched twice.
                let apart = [&b"MULTIPART"[..], b"XML"].contains(&self.processor.as_slice());
                if (!apart || self.force_body) && !self.request_body.is_empty() && self.exempt.is_empty() {
                    tell(b"", &self.request_body);
                }
            }
            RequestBodyLength => number(self.request_body.len(), tell),
            ReqbodyProcessor => tell(b"", &self.processor),
            ReqbodyError | ReqbodyProcessorError => flag(self.body_error.is_some(), tell),
            ReqbodyErrorMsg | ReqbodyProcessorErrorMsg => {
                tell(b"", self.body_error.as_deref().unwrap_or("").as_bytes());
            }
            UrlencodedError => flag(self.urlencoded_error, tell),
            InboundDataError | OutboundDataError => flag(false, tell),
            Files => self.files.iter().for_each(|(name, file, _)| tell(name, file)),
            FilesNames => self.files.iter().for_each(|(name, ..)| tell(b"", name)),
            FilesSizes => self.files.iter().for_each(|(name, _, content)| {
                tell(name, content.len().to_string().as_bytes());
            }),
            FilesTmpContent => self.files.iter().for_each(|(name, _, content)| tell(name, content)),
            FilesCombinedSize => number(self.files.iter().map(|(.., content)| content.len()).sum(), tell),
            MultipartFilename => self.files.iter().for_each(|(name, file, _)| tell(name, file)),
            MultipartName => self.files.iter().for_each(|(name, ..)| tell(name, name)),
            MultipartPartHeaders => pairs(&self.part_headers, tell),
            MultipartStrictError => flag(self.multipart.strict(), tell),
            MultipartBoundaryQuoted => flag(self.multipart.boundary_quoted, tell),
            MultipartBoundaryWhitespace => flag(self.multipart.boundary_whitespace, tell),
            MultipartCrlfLfLines => flag(self.multipart.crlf_lf_lines, tell),
            MultipartDataAfter => flag(self.multipart.data_after, tell),
            MultipartDataBefore => flag(self.multipart.data_before, tell),
            MultipartFileLimitExceeded => flag(self.multipart.file_limit, tell),
            MultipartHeaderFolding => flag(self.multipart.header_folding, tell),
            MultipartInvalidHeaderFolding => flag(self.multipart.invalid_header_folding, tell),
            MultipartInvalidPart => flag(self.multipart.invalid_part, tell),
            MultipartInvalidQuoting => flag(self.multipart.invalid_quoting, tell),
            MultipartLfLine => flag(self.multipart.lf_line, tell),
            MultipartMissingSemicolon => flag(self.multipart.missing_semicolon, tell),
            MultipartUnmatchedBoundary => flag(self.multipart.unmatched_boundary, tell),
            Xml => self.visit_xml(tell),
            RemoteAddr | RemoteHost => {
                if let Some(client) = self.client {
                    tell(b"", client.to_string().as_bytes());
                }
            }
            Tx => self.tx.sorted().into_iter().for_each(|(name, value)| tell(name, value)),
            Ip | Session | User | Global | Resource => {
                let record = self.persistent.get(&collection);
                record.into_iter().flatten().for_each(|(name, value)| tell(name, value));
            }
            MatchedVar => tell(b"", &self.matched.value),
            MatchedVarName => tell(b"", &self.matched.name),
            MatchedVars => pairs(&self.matched.all, tell),
            MatchedVarsNames => names(&self.matched.all, tell),
            HighestSeverity => number(self.highest_severity.map_or(255, usize::from), tell),
            UniqueId => tell(b"", &self.unique_id),
            ModsecBuild => tell(b"", b"doorward"),
            Rule => self.visit_rule(tell),
            ResponseBody
            | ResponseContentLength
            | ResponseContentType
            | ResponseHeaders
            | ResponseHeadersNames
            | ResponseProtocol
            | ResponseStatus
            | StatusLine => self.visit_response(collection, tell),
            Time | TimeDay | TimeEpoch | TimeHour | TimeMin | TimeMon | TimeSec | TimeWday | TimeYear => {
                tell(b"", time(collection).as_bytes());
            }
            ServerName => {
                let host = self.header(b"host").unwrap_or(b"");
                let end = memchr::memchr(b':', host).unwrap_or(host.len());
                tell(b"", &host[..end]);
            }
            FullRequestLength => number(self.target.len() + self.request_body.len(), tell),
            // What this engine is not told, or does not keep.
            AuthType | Duration | Env | FilesTmpNames | FullRequest | Geo | RemotePort | RemoteUser
            | ServerAddr | ServerPort | SessionId | UserId | WebappId => {}
        }
    }

    fn visit_xml(&self, tell: Told<'_>) {
        let Some(xml) = &self.xml else { return };
        tell(b"/*", &xml.text);
        xml.attributes.iter().for_each(|value| tell(b"//@*", value));
        xml.elements.iter().for_each(|(path, text)| tell(path.as_bytes(), text));
    }

    fn visit_rule(&self, tell: Told<'_>) {
        let Some(rule) = self.current_rule else { return };
        tell(b"id", rule.id.to_string().as_bytes());
        if let Some(severity) = rule.severity {
            tell(b"severity", severity.to_string().as_bytes());
        }
        for (name, text) in [("rev", &rule.revision), ("ver", &rule.version)] {
            if let Some(text) = text {
                tell(name.as_bytes(), text.as_bytes());
            }
        }
        for (name, template) in [("msg", &rule.message), ("logdata", &rule.logdata)] {
            if let Some(text) = template.as_ref().and_then(crate::macros::Template::constant) {
                tell(name.as_bytes(), text);
            }
        }
    }

    fn visit_response(&self, collection: Collection, tell: Told<'_>) {
        let Some(response) = &self.response else { return };
        let header = |name: &[u8]| {
            response
                .headers
                .iter()
                .find(|(n, _)| n.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.as_slice())
        };
        match collection {
            Collection::ResponseBody => tell(b"", &response.body),
            Collection::ResponseContentLength => tell(b"", response.body.len().to_string().as_bytes()),
            Collection::ResponseContentType => tell(b"", header(b"content-type").unwrap_or(b"")),
            Collection::ResponseHeaders => {
                response.headers.iter().for_each(|(name, value)| tell(name, value))
            }
            Collection::ResponseHeadersNames => {
                response.headers.iter().for_each(|(name, _)| tell(name, name))
            }
            Collection::ResponseProtocol => tell(b"", &response.protocol),
            Collection::ResponseStatus => tell(b"", response.status.to_string().as_bytes()),
            _ => tell(b"", format!("{} ", response.status).as_bytes()),
        }
    }
}

fn time(collection: Collection) -> String {
    let clock = Clock::now();
    let (hour, minute, second) =
        (clock.second_of_day / 3600, clock.second_of_day / 60 % 60, clock.second_of_day % 60);
    match collection {
        Collection::TimeDay => format!("{}", clock.day),
        Collection::TimeEpoch => format!("{}", clock.seconds),
        Collection::TimeHour => format!("{hour}"),
        Collection::TimeMin => format!("{minute}"),
        Collection::TimeMon => format!("{}", clock.month - 1),
        Collection::TimeSec => format!("{second}"),
        Collection::TimeWday => format!("{}", clock.weekday),
        Collection::TimeYear => format!("{}", clock.year),
        _ => format!("{hour:02}:{minute:02}:{second:02}"),
    }
}
