//! The same target to servers that read its path in another way.

use openapi::canonical_path;

use super::Target;
use super::form::{hex_pair, is_unreserved};

impl Target {
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
