//! The values of each variable of a transaction.

use crate::collection::{Collection, Visitor};
use crate::macros::Resolve;
use crate::transaction::{Pair, Transaction};
use crate::tx::TxName;

/// The current UTC time (proleptic Gregorian calendar).
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
        let seconds = since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX));
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

impl Transaction<'_> {
    /// Visits each member of a collection; the name of a scalar is empty.
    pub(crate) fn visit(&self, collection: Collection, visit: Visitor<'_>) {
        use Collection::*;
        let pairs =
            |pairs: &[Pair], visit: Visitor<'_>| pairs.iter().for_each(|(name, value)| visit(name, value));
        let names = |pairs: &[Pair], visit: Visitor<'_>| pairs.iter().for_each(|(name, _)| visit(name, name));
        let flag = |flag: bool, visit: Visitor<'_>| visit(b"", if flag { b"1" } else { b"0" });
        let number = |number: usize, visit: Visitor<'_>| visit(b"", number.to_string().as_bytes());
        match collection {
            Args => {
                pairs(&self.args_get, visit);
                pairs(&self.args_post, visit);
            }
            ArgsGet => pairs(&self.args_get, visit),
            ArgsPost => pairs(&self.args_post, visit),
            ArgsNames => {
                names(&self.args_get, visit);
                names(&self.args_post, visit);
            }
            ArgsGetNames => names(&self.args_get, visit),
            ArgsPostNames => names(&self.args_post, visit),
            ArgsCombinedSize => {
                let all = self.args_get.iter().chain(&self.args_post);
                number(all.map(|(name, value)| name.len() + value.len()).sum(), visit);
            }
            RequestHeaders => pairs(&self.headers, visit),
            RequestHeadersNames => names(&self.headers, visit),
            RequestCookies => pairs(&self.cookies, visit),
            RequestCookiesNames => names(&self.cookies, visit),
            QueryString => visit(b"", self.query()),
            RequestMethod => visit(b"", &self.method),
            RequestProtocol => visit(b"", &self.protocol),
            RequestUriRaw => visit(b"", &self.target),
            RequestUri => visit(b"", self.origin_form()),
            RequestFilename | PathInfo => visit(b"", &self.filename()),
            RequestBasename => {
                let path = self.filename();
                visit(b"", path.rsplit(|b| matches!(b, b'/' | b'\\')).next().unwrap_or_default());
            }
            RequestLine => {
                let line = [&self.method[..], b" ", &self.target, b" ", &self.protocol].concat();
                visit(b"", line.trim_ascii_end());
            }
            RequestBody => {
                // Multipart and XML have variables of their own; as a whole they would match twice.
                let is_structured = matches!(self.processor.as_slice(), b"MULTIPART" | b"XML");
                if (!is_structured || self.force_body)
                    && !self.request_body.is_empty()
                    && self.exempt.is_empty()
                {
                    visit(b"", &self.request_body);
                }
            }
            RequestBodyLength => number(self.request_body.len(), visit),
            ReqbodyProcessor => visit(b"", &self.processor),
            ReqbodyError | ReqbodyProcessorError => flag(self.body_error.is_some(), visit),
            ReqbodyErrorMsg | ReqbodyProcessorErrorMsg => {
                visit(b"", self.body_error.as_deref().unwrap_or("").as_bytes());
            }
            UrlencodedError => flag(self.urlencoded_error, visit),
            InboundDataError | OutboundDataError => flag(false, visit),
            Files => self.files.iter().for_each(|(name, file, _)| visit(name, file)),
            FilesNames => self.files.iter().for_each(|(name, ..)| visit(b"", name)),
            FilesSizes => self.files.iter().for_each(|(name, _, content)| {
                visit(name, content.len().to_string().as_bytes());
            }),
            FilesTmpContent => self.files.iter().for_each(|(name, _, content)| visit(name, content)),
            FilesCombinedSize => number(self.files.iter().map(|(.., content)| content.len()).sum(), visit),
            MultipartFilename => self.files.iter().for_each(|(name, file, _)| visit(name, file)),
            MultipartName => self.files.iter().for_each(|(name, ..)| visit(name, name)),
            MultipartPartHeaders => pairs(&self.part_headers, visit),
            MultipartStrictError
            | MultipartBoundaryQuoted
            | MultipartBoundaryWhitespace
            | MultipartCrlfLfLines
            | MultipartDataAfter
            | MultipartDataBefore
            | MultipartFileLimitExceeded
            | MultipartHeaderFolding
            | MultipartInvalidHeaderFolding
            | MultipartInvalidPart
            | MultipartInvalidQuoting
            | MultipartLfLine
            | MultipartMissingSemicolon
            | MultipartUnmatchedBoundary => flag(self.multipart_flag(collection), visit),
            Xml => self.visit_xml(visit),
            RemoteAddr | RemoteHost => {
                if let Some(client) = self.client {
                    visit(b"", client.to_string().as_bytes());
                }
            }
            Tx => self.tx.sorted().into_iter().for_each(|(name, value)| visit(name, value)),
            Ip | Session | User | Global | Resource => {
                let record = self.persistent.get(&collection);
                record.into_iter().flatten().for_each(|(name, value)| visit(name, value));
            }
            MatchedVar => visit(b"", &self.matched.value),
            MatchedVarName => visit(b"", &self.matched.name),
            MatchedVars => pairs(&self.matched.all, visit),
            MatchedVarsNames => names(&self.matched.all, visit),
            HighestSeverity => number(self.highest_severity.map_or(255, usize::from), visit),
            UniqueId => visit(b"", &self.unique_id),
            ModsecBuild => visit(b"", b"doorward"),
            Rule => self.visit_rule(visit),
            ResponseBody
            | ResponseContentLength
            | ResponseContentType
            | ResponseHeaders
            | ResponseHeadersNames
            | ResponseProtocol
            | ResponseStatus
            | StatusLine => self.visit_response(collection, visit),
            Time | TimeDay | TimeEpoch | TimeHour | TimeMin | TimeMon | TimeSec | TimeWday | TimeYear => {
                visit(b"", time(collection).as_bytes());
            }
            ServerName => {
                let host = self.header(b"host").unwrap_or(b"");
                visit(b"", host.split(|b| *b == b':').next().unwrap_or_default());
            }
            FullRequestLength => number(self.target.len() + self.request_body.len(), visit),
            // Not known to this engine.
            AuthType | Duration | Env | FilesTmpNames | FullRequest | Geo | RemotePort | RemoteUser
            | ServerAddr | ServerPort | SessionId | UserId | WebappId => {}
        }
    }

    fn multipart_flag(&self, collection: Collection) -> bool {
        let flags = &self.multipart;
        match collection {
            Collection::MultipartStrictError => flags.strict(),
            Collection::MultipartBoundaryQuoted => flags.boundary_quoted,
            Collection::MultipartBoundaryWhitespace => flags.boundary_whitespace,
            Collection::MultipartCrlfLfLines => flags.crlf_lf_lines,
            Collection::MultipartDataAfter => flags.data_after,
            Collection::MultipartDataBefore => flags.data_before,
            Collection::MultipartFileLimitExceeded => flags.file_limit,
            Collection::MultipartHeaderFolding => flags.header_folding,
            Collection::MultipartInvalidHeaderFolding => flags.invalid_header_folding,
            Collection::MultipartInvalidPart => flags.invalid_part,
            Collection::MultipartInvalidQuoting => flags.invalid_quoting,
            Collection::MultipartLfLine => flags.lf_line,
            Collection::MultipartMissingSemicolon => flags.missing_semicolon,
            Collection::MultipartUnmatchedBoundary => flags.unmatched_boundary,
            _ => false,
        }
    }

    fn visit_xml(&self, visit: Visitor<'_>) {
        let Some(xml) = &self.xml else { return };
        visit(b"/*", &xml.text);
        xml.attributes.iter().for_each(|value| visit(b"//@*", value));
        xml.elements.iter().for_each(|(path, text)| visit(path.as_bytes(), text));
    }

    fn visit_rule(&self, visit: Visitor<'_>) {
        let Some(rule) = self.current_rule else { return };
        visit(b"id", rule.id.to_string().as_bytes());
        if let Some(severity) = rule.severity {
            visit(b"severity", severity.to_string().as_bytes());
        }
        for (name, text) in [("rev", &rule.revision), ("ver", &rule.version)] {
            if let Some(text) = text {
                visit(name.as_bytes(), text.as_bytes());
            }
        }
        for (name, template) in [("msg", &rule.message), ("logdata", &rule.logdata)] {
            if let Some(text) = template.as_ref().and_then(crate::macros::Template::constant) {
                visit(name.as_bytes(), text);
            }
        }
    }

    fn visit_response(&self, collection: Collection, visit: Visitor<'_>) {
        let Some(response) = &self.response else { return };
        let header = |name: &[u8]| {
            response
                .headers
                .iter()
                .find(|(n, _)| n.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.as_slice())
        };
        match collection {
            Collection::ResponseBody => visit(b"", &response.body),
            Collection::ResponseContentLength => visit(b"", response.body.len().to_string().as_bytes()),
            Collection::ResponseContentType => visit(b"", header(b"content-type").unwrap_or(b"")),
            Collection::ResponseHeaders => {
                response.headers.iter().for_each(|(name, value)| visit(name, value))
            }
            Collection::ResponseHeadersNames => {
                response.headers.iter().for_each(|(name, _)| visit(name, name))
            }
            Collection::ResponseProtocol => visit(b"", &response.protocol),
            Collection::ResponseStatus => visit(b"", response.status.to_string().as_bytes()),
            _ => visit(b"", format!("{} ", response.status).as_bytes()),
        }
    }
}

impl Resolve for Transaction<'_> {
    fn resolve_tx(&self, name: &TxName, out: &mut Vec<u8>) {
        out.extend_from_slice(self.tx.get(name).map_or(&[][..], Vec::as_slice));
    }

    fn resolve(&self, collection: Collection, key: Option<&str>, out: &mut Vec<u8>) {
        let mut is_first = true;
        self.visit(collection, &mut |name, value| {
            if is_first && key.is_none_or(|key| key.as_bytes().eq_ignore_ascii_case(name)) {
                out.extend_from_slice(value);
                is_first = false;
            }
        });
    }
}

/// The value of a `TIME...` variable.
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
