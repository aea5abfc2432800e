//! What oracles look for in answers.

/// Parts of error messages that only a database writes, in lower case.
pub(crate) const DATABASE_ERRORS: [&str; 9] = [
    "syntax error",
    "unrecognized token",
    "sqlite",
    "sqlstate",
    "mysql",
    "postgresql",
    "ora-0",
    "unterminated quoted",
    "incomplete input",
];

/// Fields that name the owner of an object.
pub(crate) const OWNER_FIELDS: [&str; 6] =
    ["user_id", "owner_id", "customer_id", "account_id", "userId", "ownerId"];

/// Fields that no answer should show.
pub(crate) const SECRET_FIELDS: [&str; 8] =
    ["password", "password_hash", "passwd", "secret", "salt", "ssn", "mfa_secret", "api_key"];

/// The guide's security headers, with a word that their value has to contain.
pub(crate) const SECURITY_HEADERS: [(&str, &str); 5] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", ""),
    ("referrer-policy", ""),
    ("content-security-policy", "default-src"),
    ("permissions-policy", ""),
];

/// Headers that name software.
pub(crate) const SOFTWARE_HEADERS: [&str; 4] = ["server", "x-powered-by", "x-aspnet-version", "x-generator"];
