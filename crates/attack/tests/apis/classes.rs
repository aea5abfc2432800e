//! Which class of `README.md` an attack is about.

/// The classes that an attack finds, by its name.
pub(crate) fn classes_of(attack: &str) -> &'static [&'static str] {
    match attack {
        "bola-batch" | "bola-list" | "bola-read" => &["bola-read"],
        "bola-account" | "bola-delete" | "bola-write" => &["bola-write"],
        "command" | "template" => &["command-injection"],
        "cookie-flags" => &["cookie-flags"],
        "cors" => &["cors"],
        "csrf" | "graphql-get" => &["csrf"],
        "csv-injection" => &["csv-injection"],
        "data-exposure" => &["data-exposure"],
        "debug-path" => &["debug-path"],
        "function-level" => &["function-level"],
        "graphql-aliases" | "graphql-batching" | "log-in-aliases" => &["graphql-batching"],
        "graphql-depth" => &["graphql-depth"],
        "graphql-introspection" | "graphql-suggestions" => &["graphql-introspection"],
        "host-header" => &["host-header"],
        "left-files" => &["left-files"],
        "code-limit" | "log-in-limit" | "log-in-limit-spoofed" => &["login-limit"],
        "mass-assignment" => &["mass-assignment"],
        "missing-authentication" => &["missing-authentication"],
        "filter-lookup" | "nosql-operator" | "nosql-secret" => &["nosql-injection"],
        "old-version" => &["old-version"],
        "open-redirect" => &["open-redirect"],
        "password-change" => &["password-change"],
        "path-traversal" | "xxe" => &["path-traversal"],
        "prototype-pollution" => &["prototype-pollution"],
        "refresh-reuse" => &["refresh-reuse"],
        "resource-limit" => &["resource-limit"],
        "security-headers" => &["security-headers"],
        "log-out" | "session-end" => &["session-end"],
        "software-version" => &["software-version"],
        "sql-boolean" | "sql-error" | "sql-log-in" | "sql-order" | "sql-stacked" | "sql-time"
        | "sql-union" | "sql-value" => &["sql-injection"],
        "ssrf" => &["ssrf"],
        "token-lifetime" => &["token-lifetime"],
        "token-secret" => &["token-secret"],
        "user-enumeration" => &["user-enumeration"],
        "verbose-errors" => &["verbose-errors"],
        "xss-reflected" => &["xss-reflected"],
        "xss-stored" => &["xss-stored"],
        _ => &[],
    }
}

/// Classes that concern a whole service: they count once, wherever they were seen.
pub(crate) fn is_general(class: &str) -> bool {
    [
        "cookie-flags",
        "cors",
        "csrf",
        "graphql-batching",
        "graphql-depth",
        "graphql-introspection",
        "host-header",
        "login-limit",
        "refresh-reuse",
        "security-headers",
        "software-version",
        "token-lifetime",
        "token-secret",
        "verbose-errors",
        "xss-reflected",
    ]
    .contains(&class)
}
