//! Cross-site scripting: markup that runs a script, each with a mark that no page has by itself.

/// Sent in a link.
pub(crate) const REFLECTED: [&str; 3] = [
    "<script>alert('dw-reflected')</script>",
    "\"><img src=x onerror=alert('dw-reflected')>",
    "<svg/onload=alert('dw-reflected')>",
];

/// Stored as text.
pub(crate) const STORED: [&str; 3] = [
    "<script>alert('dw-stored-1')</script>",
    "<img src=x onerror=\"alert('dw-stored-2')\">",
    "<svg/onload=alert('dw-stored-3')>",
];
