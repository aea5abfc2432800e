//! Tokens and passwords.

/// Spellings of the algorithm `none` (RFC 7519 §6).
pub(crate) const NONE_SPELLINGS: [&str; 4] = ["none", "None", "NONE", "nOnE"];

/// Signing secrets that are common in tutorials and defaults.
pub(crate) const WEAK_SECRETS: [&str; 20] = [
    "secret",
    "password",
    "changeme",
    "123456",
    "12345678",
    "jwt",
    "jwt-secret",
    "jwt_secret",
    "your-256-bit-secret",
    "secretkey",
    "secret-key",
    "mysecret",
    "supersecret",
    "key",
    "test",
    "dev",
    "development",
    "admin",
    "token",
    "s3cr3t",
];

/// Names of keys that lead an API to one that the attacker knows: an empty file, a row of his own.
pub(crate) const KEY_IDS: [(&str, &str); 4] = [
    ("../../../../../../../../dev/null", ""),
    ("/dev/null", ""),
    ("x' UNION SELECT 'doorward' -- ", "doorward"),
    ("x\" UNION SELECT \"doorward\" -- ", "doorward"),
];

/// Passwords that stand on top of every list.
pub(crate) const KNOWN_PASSWORDS: [&str; 3] = ["123456", "password", "Password123!"];
/// One that stands on none.
pub(crate) const UNKNOWN_PASSWORD: &str = "Fjord-lantern-48-quartz-umbrella";

/// When the expired token was issued and expired, in seconds since 1970: an hour on 1 January 2020.
pub(crate) const EXPIRED: (i64, i64) = (1_577_836_800, 1_577_840_400);
