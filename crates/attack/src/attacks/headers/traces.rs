//! What errors tell of the inside: stack traces, files of the source, messages of databases, pages of debuggers.

/// What an error tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Told {
    /// Where in the code it happened.
    Trace,
    /// A file of the installation.
    File,
    /// A message of a database.
    Database,
    /// The page of a debugger.
    Debugger,
}

impl Told {
    /// In words for a report.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Told::Trace => "a stack trace",
            Told::File => "a file of the installation",
            Told::Database => "a message of the database",
            Told::Debugger => "the page of a debugger",
        }
    }
}

/// Pages of debuggers, in small letters.
const DEBUGGERS: [&str; 12] = [
    "werkzeug debugger",
    "you're seeing this error because you have <code>debug = true</code>",
    "action controller: exception caught",
    "whoops! there was an error",
    "whoops, looks like something went wrong",
    "laravel\\ignition",
    "facade\\ignition",
    "symfony exception",
    "developer exception page",
    "an unhandled exception occurred while processing the request",
    "rails.root:",
    "play framework exception",
];

/// Messages of databases and of the libraries that ask them, in small letters.
const DATABASES: [&str; 37] = [
    "sqlite3.",
    "sqlite_error",
    "sqliteerror",
    "sql syntax",
    "syntax error at or near",
    "sqlstate[",
    "sqlstate ",
    "psycopg",
    "pg::",
    "ora-0",
    "unclosed quotation mark",
    "unterminated quoted string at or near",
    "unrecognized token",
    "\": syntax error",
    "no such column",
    "no such table",
    "mysql_",
    "mysqli",
    "mariadb server version",
    "sequelizedatabaseerror",
    "sequelize",
    "prismaclient",
    "queryfailederror",
    "org.hibernate",
    "java.sql.",
    "org.postgresql",
    "com.mysql.",
    "system.data.sqlclient",
    "npgsql.",
    "microsoft.data.",
    "django.db.utils",
    "sqlalchemy.exc",
    "activerecord::",
    "mongoservererror",
    "mongoerror",
    "pymongo.errors",
    "casterror",
];

/// What marks a line of a stack trace, in small letters: what must be in it, and what beside that.
const TRACES: [(&str, &str); 14] = [
    ("traceback (most recent call last)", ""),
    ("file \"", ", line "),
    ("    at ", ".js:"),
    ("    at ", ".ts:"),
    ("    at ", "node:internal"),
    ("at ", ".java:"),
    ("at ", ".kt:"),
    ("   at ", " in /"),
    ("   at ", ".cs:line "),
    ("#0 ", ".php"),
    (".php on line ", ""),
    (".rb:", ":in "),
    ("goroutine ", "[running]"),
    ("thread '", "panicked at"),
];

/// Ends of files of source code.
const SOURCES: [&str; 11] =
    [".py", ".js", ".ts", ".mjs", ".cjs", ".rb", ".php", ".go", ".java", ".cs", ".rs"];

/// Everything that a text tells.
pub(super) fn told(text: &str) -> Vec<(Told, String)> {
    // JSON writes the ends of lines as `\n`.
    let text = text.replace("\\n", "\n").replace("\\\"", "\"").replace("\\\\", "\\").replace("&quot;", "\"");
    let small = text.to_ascii_lowercase();
    let mut found = Vec::new();
    let whole =
        |list: &[&str]| list.iter().find(|mark| small.contains(**mark)).map(|mark| line_of(&small, mark));
    if let Some(line) = whole(&DEBUGGERS) {
        found.push((Told::Debugger, line));
    }
    let is_trace = |line: &&str| {
        TRACES.iter().any(|(mark, other)| {
            line.find(mark).is_some_and(|at| line.get(at..).unwrap_or("").contains(other))
        })
    };
    if let Some(line) = small.lines().find(is_trace) {
        found.push((Told::Trace, cut(line)));
    }
    if let Some(line) = whole(&DATABASES) {
        found.push((Told::Database, line));
    }
    if let Some(file) = file(&text) {
        found.push((Told::File, file));
    }
    found
}

/// A path of a file of source code: from the root of the server or a drive, with two folders at least.
fn file(text: &str) -> Option<String> {
    let words = text.split(|c: char| c.is_whitespace() || "\"'()<>,;|`[]{}".contains(c));
    words.filter(|word| word.len() < 300).find_map(|word| {
        // `file.js:10:5`, `C:\app\file.cs:line`.
        let is_drive = word.get(1..3) == Some(":\\");
        let word = word.strip_prefix("file://").unwrap_or(word);
        let end = word.match_indices(':').nth(usize::from(is_drive)).map_or(word.len(), |(at, _)| at);
        let path = word.get(..end)?;
        let is_source = SOURCES.iter().any(|end| path.to_ascii_lowercase().ends_with(end));
        let folders = path.matches(['/', '\\']).count();
        let is_rooted = path.starts_with('/') && !path.starts_with("//") || is_drive;
        let is_home = [
            "/usr/",
            "/home/",
            "/var/",
            "/app/",
            "/srv/",
            "/opt/",
            "/root/",
            "/tmp/",
            "/users/",
            "/code/",
            "/workspace",
        ]
        .iter()
        .any(|root| path.to_ascii_lowercase().starts_with(root));
        let is_package = path.contains("node_modules") || path.contains("site-packages");
        (is_source && is_rooted && folders >= 2 && (is_home || is_drive || is_package))
            .then(|| path.to_owned())
    })
}

fn line_of(text: &str, mark: &str) -> String {
    text.lines().find(|line| line.contains(mark)).map_or_else(
        || mark.to_owned(),
        |line| {
            let at = line.find(mark).unwrap_or(0);
            let start = line
                .get(..at)
                .map_or(0, |before| before.char_indices().rev().nth(30).map_or(0, |(at, _)| at));
            cut(line.get(start..).unwrap_or(mark))
        },
    )
}

fn cut(line: &str) -> String {
    line.trim().chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_tell_by_their_marks_and_ordinary_texts_do_not() {
        for (text, expected) in [
            (
                "SyntaxError: Unexpected token\\n    at JSON.parse (<anonymous>)\\n    at parse (/app/node_modules/body-parser/lib/json.js:92:19)",
                &[Told::Trace, Told::File][..],
            ),
            (
                "Traceback (most recent call last):\n  File \"/srv/api/main.py\", line 3, in <module>",
                &[Told::Trace, Told::File],
            ),
            (
                "{\"detail\":\"database error: sqlite3.OperationalError: near \\\"x\\\": syntax error\"}",
                &[Told::Database],
            ),
            ("ERROR: syntax error at or near \"'\" at character 12", &[Told::Database]),
            ("java.lang.NullPointerException\n\tat com.shop.Orders.read(Orders.java:42)", &[Told::Trace]),
            ("   at Shop.Orders.Read() in C:\\src\\Shop\\Orders.cs:line 12", &[Told::Trace, Told::File]),
            (
                "Fatal error: Uncaught TypeError in /var/www/html/index.php:3\nStack trace:\n#0 /var/www/html/index.php(7): f()",
                &[Told::Trace, Told::File],
            ),
            ("app/models/user.rb:12:in `find'", &[Told::Trace]),
            ("<title>NameError // Werkzeug Debugger</title>", &[Told::Debugger]),
            (
                "{\"detail\":[{\"loc\":[\"body\",3],\"msg\":\"Expecting value\",\"type\":\"json_invalid\"}]}",
                &[],
            ),
            ("{\"message\":\"Unexpected token b in JSON at position 1\"}", &[]),
            ("{\"message\":\"See https://docs.example/a/b/errors.js\"}", &[]),
            ("{\"message\":\"JSON: syntax error, incomplete input\"}", &[]),
            ("Cannot GET /assets/js/app.js", &[]),
            ("{\"error\":\"Not Found\",\"path\":\"/api/v1/x\"}", &[]),
        ] {
            let kinds: Vec<Told> = told(text).into_iter().map(|(kind, _)| kind).collect();
            assert_eq!(kinds, expected, "{text}");
        }
    }
}
