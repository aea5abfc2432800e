//! The request target, normalized for the doors, and as the upstream gets it.
//!
//! Normalized (RFC 3986 §6.2.2), escapes of unreserved characters are decoded and other escapes are upper case. The upstream
//! gets escapes and runs of slashes as they came, for a signature may cover them. What a server takes them for that decodes a
//! path only when it has found the route (`undecoded`), or that takes nothing between two slashes for a parameter
//! (`with_nothing`), is a reading. In both, raw bytes outside ASCII are escaped, and a path begins with one slash: with two, it
//! is the beginning of a URL to those who make a redirect of it. What servers read in different ways is refused: dot segments,
//! backslashes, NUL, escapes that are not hexadecimal, and all of these hidden behind a second encoding. An escaped slash
//! stays as it came: some servers read a slash there, some a part of a name, and the routes of both readings hold.

use std::borrow::Cow;

use openapi::canonical_path;

/// A request target, normalised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    path: String,
    /// The path as the upstream gets it, if that is another spelling.
    sent: Option<String>,
    query: Option<String>,
}

/// Why a target has more than one reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Neither a path nor a URL with one.
    #[error("the target is not a path")]
    NotAPath,
    /// `.` or `..` as a segment, also escaped or with parameters.
    #[error("the path has dot segments")]
    DotSegment,
    /// A backslash, escaped or not.
    #[error("the path has a backslash")]
    Backslash,
    /// A control byte, escaped or not.
    #[error("the target has a control byte")]
    Control,
    /// `%` without two hexadecimal digits.
    #[error("the path has a broken escape")]
    BrokenEscape,
    /// A byte in a longer UTF-8 form than it has (RFC 3629 §3), or a full-width dot or slash: plain ones to some.
    #[error("the path has an overlong or full-width form")]
    Overlong,
}

impl TargetError {
    /// The name of the rule in events.
    pub const fn rule(self) -> &'static str {
        match self {
            TargetError::NotAPath => "target-not-a-path",
            TargetError::DotSegment => "path-dot-segment",
            TargetError::Backslash => "path-backslash",
            TargetError::Control => "target-control-byte",
            TargetError::BrokenEscape => "path-broken-escape",
            TargetError::Overlong => "path-overlong",
        }
    }
}

impl Target {
    /// Normalises path and query as they came.
    ///
    /// # Errors
    /// When the target could be read in more than one way.
    pub fn parse(path: &str, query: Option<&str>) -> Result<Self, TargetError> {
        if !path.starts_with('/') {
            return Err(TargetError::NotAPath);
        }
        if let Some(query) = query
            && has_control(query.as_bytes())
        {
            return Err(TargetError::Control);
        }
        let (path, sent) = if path.bytes().all(is_plain) && !path.contains("//") {
            (path.to_owned(), None)
        } else {
            let (normal, sent) = normalise(path)?;
            let is_other = sent != normal;
            (normal, is_other.then_some(sent))
        };
        for segment in segments(&path) {
            check_segment(segment)?;
        }
        Ok(Target { path, sent, query: query.map(escape_raw) })
    }

    /// Stands in for an ambiguous target, in an exchange that is refused.
    pub(crate) fn unreadable() -> Self {
        Target { path: "/".into(), sent: None, query: None }
    }

    /// The path, escapes upper case, unreserved characters decoded.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The path as routes and operations are found by it.
    pub(crate) fn canonical(&self) -> Cow<'_, str> {
        canonical_path(&self.path)
    }

    /// The same of servers that read the path in another way: an escaped slash as a slash, undone once and twice; and where
    /// a script stands in the path (`/index.php/orders`), the script alone and what stands behind it.
    pub(crate) fn others(&self) -> Vec<String> {
        let mut paths = Vec::new();
        // The path has its escapes in upper case.
        if self.path.contains("%2F") || self.path.contains("%252F") || self.path.contains("%252f") {
            let mut path = self.path.clone();
            for escaped in ["%2F", "%252F"] {
                let with_slashes = path.replace(escaped, "/").replace(&escaped.to_lowercase(), "/");
                if with_slashes != path {
                    paths.push(canonical_path(&with_slashes).into_owned());
                    path = with_slashes;
                }
            }
        }
        let own = self.canonical();
        let of_scripts: Vec<String> =
            std::iter::once(&*own).chain(paths.iter().map(String::as_str)).flat_map(scripts).collect();
        paths.extend(of_scripts);
        paths
    }

    /// The path of servers to which an ending names a format (Rails: `/admin.json` is `/admin`).
    pub(crate) fn without_format(&self) -> Option<String> {
        const FORMATS: [&str; 12] =
            ["json", "xml", "html", "htm", "csv", "txt", "js", "yaml", "yml", "atom", "rss", "pdf"];
        let own = self.canonical();
        let (path, format) = own.trim_end_matches('/').rsplit_once('.')?;
        let is_format = FORMATS.iter().any(|known| format.eq_ignore_ascii_case(known));
        (is_format && !path.ends_with('/')).then(|| path.to_owned())
    }

    /// The path of servers that find a route before they decode, if it has escapes that were not needed: `/%61dmin` is
    /// none of `/admin` to them, but perhaps one of `/{page}`.
    pub(crate) fn undecoded(&self) -> Option<String> {
        let sent = self.sent.as_deref().filter(|sent| sent.contains('%'))?;
        let mut path = String::with_capacity(sent.len() + 8);
        let mut is_other = false;
        for (at, character) in sent.char_indices() {
            path.push(character);
            let code = sent.as_bytes().get(at + 1..at + 3).filter(|_| character == '%').and_then(hex_pair);
            if code.is_some_and(is_unreserved) {
                path.push_str("25");
                is_other = true;
            }
        }
        is_other.then(|| canonical_path(&path).into_owned())
    }

    /// The path of servers that take nothing between two slashes for the value of a parameter. A control byte stands for it,
    /// which no path has.
    pub(crate) fn with_nothing(&self) -> Option<String> {
        const NOTHING: &str = "%00";
        let sent = self.sent.as_deref().filter(|sent| sent.contains("//"))?;
        let mut path = canonical_path(sent.trim_end_matches('/')).replace("//", &format!("/{NOTHING}/"));
        // Of three slashes, the second is in the place of the next pair.
        path = path.replace("//", &format!("/{NOTHING}/"));
        path.contains(NOTHING).then_some(path)
    }

    /// The query, without `?`.
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// Replaces the query; none when empty.
    pub(crate) fn set_query(&mut self, query: String) {
        self.query = Some(query).filter(|q| !q.is_empty());
    }

    /// The path as it is sent on: escapes are as they came.
    pub fn sent_path(&self) -> &str {
        self.sent.as_deref().unwrap_or(&self.path)
    }

    /// Path and query as they are sent on.
    pub fn path_and_query(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.sent_path()),
            None => self.sent_path().to_owned(),
        }
    }

    /// Path and query, the same for every spelling of the path.
    pub(crate) fn normal(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    /// The segments of the path, decoded.
    pub fn segments(&self) -> impl Iterator<Item = Cow<'_, [u8]>> {
        segments(&self.path).map(|s| percent_encoding::percent_decode_str(s).into())
    }
}

/// Bytes that need no look at all: letters, digits and marks that mean the same to everybody.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.' | b'~')
}

/// RFC 3986 §2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~')
}

/// A path in its normal form, and as it is sent on.
fn normalise(path: &str) -> Result<(String, String), TargetError> {
    let bytes = path.as_bytes();
    let mut out = String::with_capacity(path.len());
    let mut sent = String::with_capacity(path.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'%' => {
                let code = bytes.get(at..at + 2).and_then(hex_pair).ok_or(TargetError::BrokenEscape)?;
                sent.push_str(path.get(at - 1..at + 2).unwrap_or_default());
                at += 2;
                match code {
                    b'\\' => return Err(TargetError::Backslash),
                    0..=0x1f | 0x7f => return Err(TargetError::Control),
                    code if is_unreserved(code) => out.push(char::from(code)),
                    code => push_escape(&mut out, code),
                }
            }
            b'\\' => return Err(TargetError::Backslash),
            0..=0x20 | 0x7f => return Err(TargetError::Control),
            b'/' if out.ends_with('/') => {
                if out.len() > 1 {
                    sent.push('/');
                }
            }
            byte if byte.is_ascii() => {
                [&mut out, &mut sent].into_iter().for_each(|to| to.push(char::from(byte)))
            }
            byte => [&mut out, &mut sent].into_iter().for_each(|to| push_escape(to, byte)),
        }
    }
    Ok((out, sent))
}

fn check_segment(segment: &str) -> Result<(), TargetError> {
    if is_dots(segment.as_bytes()) {
        return Err(TargetError::DotSegment);
    }
    if !segment.contains('%') {
        return Ok(());
    }
    let once = percent_encoding::percent_decode_str(segment).collect::<Vec<u8>>();
    if once.split(|byte| *byte == b'/').any(is_dots) {
        return Err(TargetError::DotSegment);
    }
    if has_other_form(&once) {
        return Err(TargetError::Overlong);
    }
    // A second encoding, which some servers undo: `%252e%252e%252f`.
    if segment.contains("%25") {
        let twice = percent_encoding::percent_decode(&once).collect::<Vec<u8>>();
        if has_other_form(&twice) {
            return Err(TargetError::Overlong);
        }
        if twice.iter().any(|b| *b < 0x20) {
            return Err(TargetError::Control);
        }
        if twice.split(|b| *b == b'/' || *b == b'\\').any(is_dots) {
            return Err(TargetError::DotSegment);
        }
    }
    Ok(())
}

/// Whether a segment leads to the directory that it is in, or out of it. Servers cut parameters (`..;x`) first.
fn is_dots(segment: &[u8]) -> bool {
    matches!(segment.split(|byte| *byte == b';').next(), Some(b"." | b".."))
}

/// Whether lenient decoders make other bytes of it: longer forms of ASCII bytes, or dot segments written with dots
/// and slashes of another width (`．．／`), which compatibility normalisation makes plain.
fn has_other_form(bytes: &[u8]) -> bool {
    let overlong = |pair: &[u8]| {
        matches!(
            pair,
            [0xc0 | 0xc1, 0x80..=0xff]
                | [0xe0, 0x80..=0x9f]
                | [0xf0, 0x80..=0x8f]
                | [0xf8..=0xfd, 0x80..=0xff]
        )
    };
    if bytes.windows(2).any(overlong) {
        return true;
    }
    let wide = std::str::from_utf8(bytes).ok().filter(|text| !text.is_ascii());
    wide.is_some_and(|text| {
        let narrow = text.replace(['\u{2024}', '\u{ff0e}'], ".");
        let is_slash =
            |c| matches!(c, '/' | '\\' | '\u{2044}' | '\u{2215}' | '\u{2216}' | '\u{ff0f}' | '\u{ff3c}');
        narrow.split(is_slash).any(|part| part == "." || part == "..")
    })
}

/// The paths of a path that goes on behind a script: that of the script, which servers run (PHP, CGI, ASP.NET, ColdFusion),
/// and what stands behind it, which the script takes for its path.
fn scripts(path: &str) -> Vec<String> {
    /// Scripts in a path that are looked at.
    const MOST: usize = 4;
    let ends = path.match_indices('/').map(|(at, _)| at).filter(|at| path.get(..*at).is_some_and(is_script));
    let both = ends.take(MOST).filter_map(|at| path.split_at_checked(at));
    both.flat_map(|(script, behind)| [script.to_owned(), behind.to_owned()]).collect()
}

/// Whether a path ends in a file that servers run.
fn is_script(path: &str) -> bool {
    const ENDINGS: [&str; 11] =
        ["php", "phtml", "phar", "cgi", "fcgi", "pl", "cfm", "cfc", "aspx", "ashx", "asmx"];
    let file = path.rsplit('/').next().unwrap_or(path);
    let file = file.split(';').next().unwrap_or(file);
    let Some((name, ending)) = file.rsplit_once('.') else { return false };
    // `.php5`
    let ending = ending.trim_end_matches(|c: char| c.is_ascii_digit());
    !name.is_empty() && ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known))
}

/// A control byte, raw or escaped. CR and LF in a query value are text that people send (comments, addresses).
fn has_control(query: &[u8]) -> bool {
    query.iter().any(|b| *b < 0x20 || *b == 0x7f) || query.windows(3).any(|w| w == b"%00")
}

/// The segments of a path, as they are written.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}

fn escape_raw(query: &str) -> String {
    if query.is_ascii() {
        return query.to_owned();
    }
    let mut out = String::with_capacity(query.len() + 16);
    for byte in query.bytes() {
        if byte.is_ascii() { out.push(char::from(byte)) } else { push_escape(&mut out, byte) }
    }
    out
}

fn push_escape(out: &mut String, byte: u8) {
    out.push_str(percent_encoding::percent_encode_byte(byte));
}

fn hex_pair(pair: &[u8]) -> Option<u8> {
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form_goes_to_doors_and_upstream() {
        for (raw, form) in [
            ("/", "/"),
            ("/a/b.c/~d", "/a/b.c/~d"),
            ("/%61%2d%7E", "/a-~"),
            ("/a%20b%c3%a9", "/a%20b%C3%A9"),
            ("/é", "/%C3%A9"),
            ("//a///b/", "/a/b/"),
            ("/a;v=1/b,c@d:e", "/a;v=1/b,c@d:e"),
            ("/100%25", "/100%25"),
            ("/a%2fb", "/a%2Fb"),
            ("/...", "/..."),
            ("/Fate／stay", "/Fate%EF%BC%8Fstay"),
        ] {
            assert_eq!(Target::parse(raw, None).map(|t| t.path), Ok(form.to_owned()), "{raw}");
        }
    }

    #[test]
    fn the_upstream_gets_escapes_as_they_came() {
        for (raw, sent) in [
            ("/%61%2d%7E/%c3%A9", "/%61%2d%7E/%c3%A9"),
            ("/a%2fb%2F", "/a%2fb%2F"),
            ("/é/%41", "/%C3%A9/%41"),
            ("//%41//b/", "/%41//b/"),
            ("///a///b//", "/a///b//"),
            ("/plain", "/plain"),
        ] {
            let target = Target::parse(raw, Some("q=%61")).unwrap();
            assert_eq!(target.path_and_query(), format!("{sent}?q=%61"), "{raw}");
        }
    }

    #[test]
    fn what_has_two_readings_is_refused() {
        for (raw, error) in [
            ("a", TargetError::NotAPath),
            ("*", TargetError::NotAPath),
            ("/a/../b", TargetError::DotSegment),
            ("/a/./b", TargetError::DotSegment),
            ("/..", TargetError::DotSegment),
            ("/%2e%2E/b", TargetError::DotSegment),
            ("/..;/b", TargetError::DotSegment),
            ("/a%2f..%2fb", TargetError::DotSegment),
            ("/a%2f.;x", TargetError::DotSegment),
            ("/..%2fb", TargetError::DotSegment),
            ("/%252e.%252fb", TargetError::DotSegment),
            ("/a%5Cb", TargetError::Backslash),
            ("/a\\b", TargetError::Backslash),
            ("/a%00", TargetError::Control),
            ("/a%0d%0a", TargetError::Control),
            ("/a%zz", TargetError::BrokenEscape),
            ("/a%", TargetError::BrokenEscape),
            ("/%252e%252e%252fetc", TargetError::DotSegment),
            ("/a%2500", TargetError::Control),
            ("/%c0%ae%c0%ae/b", TargetError::Overlong),
            ("/a%c0%afb", TargetError::Overlong),
            ("/a%e0%80%afb", TargetError::Overlong),
            ("/%25c0%25ae/b", TargetError::Overlong),
            ("/%ef%bc%8e%ef%bc%8e/b", TargetError::Overlong),
        ] {
            assert_eq!(Target::parse(raw, None), Err(error), "{raw}");
        }
        assert_eq!(Target::parse("/", Some("a=%00")), Err(TargetError::Control));
    }

    #[test]
    fn other_servers_read_other_paths() {
        for (path, readings) in [
            ("/a/b", &[][..]),
            ("/a%20b", &[]),
            ("/a%2fb", &["/a/b"]),
            ("/a%252fb", &["/a/b"]),
            ("/a%2Fb%252Fc", &["/a/b%252Fc", "/a/b/c"]),
            ("/index.php/admin/x", &["/index.php", "/admin/x"]),
            ("/a/Index.PHP/x%2Fy", &["/a/Index.PHP/x/y", "/a/Index.PHP", "/x%2Fy", "/a/Index.PHP", "/x/y"]),
            ("/login.php%2Fx", &["/login.php/x", "/login.php", "/x"]),
            ("/a.aspx/b.cgi/", &["/a.aspx", "/b.cgi/", "/a.aspx/b.cgi", "/"]),
            ("/index.php", &[]),
            ("/.php/a", &[]),
            ("/v1.2/a", &[]),
        ] {
            assert_eq!(Target::parse(path, None).unwrap().others(), readings, "{path}");
        }
    }

    #[test]
    fn nothing_may_be_a_parameter() {
        for (path, reading) in [
            ("/a//b", Some("/a/%00/b")),
            ("/a///b//c", Some("/a/%00/%00/b/%00/c")),
            ("/a//", None),
            ("//a", None),
            ("/a/%7e/b", None),
        ] {
            assert_eq!(Target::parse(path, None).unwrap().with_nothing().as_deref(), reading, "{path}");
        }
    }

    #[test]
    fn an_ending_may_name_a_format() {
        for (path, without) in [
            ("/admin.json", Some("/admin")),
            ("/admin.XML/", Some("/admin")),
            ("/a/b.tar.json", Some("/a/b.tar")),
            ("/a.json/b", None),
            ("/a.png", None),
            ("/.json", None),
            ("/json", None),
        ] {
            assert_eq!(Target::parse(path, None).unwrap().without_format().as_deref(), without, "{path}");
        }
    }

    #[test]
    fn servers_that_decode_late_read_escapes_that_were_not_needed_as_they_are() {
        for (path, undecoded) in [
            ("/admin", None),
            ("/%61dmin/x%20y", Some("/%2561dmin/x%20y")),
            ("/a%2fb%7e", Some("/a%2Fb%257e")),
            ("/caf%c3%a9", None),
            ("/a//b", None),
        ] {
            assert_eq!(Target::parse(path, None).unwrap().undecoded().as_deref(), undecoded, "{path}");
        }
    }

    #[test]
    fn normalising_twice_changes_nothing() {
        for raw in ["/%61/%C3%a9//x", "/100%2525", "/a%20b;c"] {
            let once = Target::parse(raw, Some("q=é")).unwrap();
            let twice = Target::parse(&once.path, once.query()).unwrap();
            assert_eq!(twice.normal(), once.normal());
            // So does what is sent on.
            let sent = Target::parse(once.sent_path(), once.query()).unwrap();
            assert_eq!(sent, once);
        }
    }
}
