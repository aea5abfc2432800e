//! The hosts that an API answers for.

/// A host as requests name it: in lower case, without a port. Otherwise what is wrong with it, and what to write.
pub(crate) fn host(text: &str) -> Result<String, (String, String)> {
    let name = text.trim_end_matches('.').to_ascii_lowercase();
    let labels = name.strip_prefix("*.").unwrap_or(&name);
    if is_name(labels) || is_ipv6(labels) {
        return Ok(name);
    }
    // What is probably meant.
    let rest = name.split_once("://").map_or(name.as_str(), |(_, rest)| rest);
    let rest = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let bare = match rest.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !rest.ends_with(']') => host,
        _ => rest,
    };
    let message = format!("`{text}` is not a host");
    let help = match bare {
        "*" => {
            "leave `hosts` out to serve all hosts, or name them: `api.example.org`, `*.example.org`".into()
        }
        _ if is_name(bare.strip_prefix("*.").unwrap_or(bare)) || is_ipv6(bare) => {
            format!("write `{bare}`: a host has no scheme, no port and no path")
        }
        _ if !bare.is_ascii() => "write it as requests do, in Punycode: `xn--bcher-kva.example`".into(),
        _ if is_ipv6(&format!("[{rest}]")) => format!("write `[{rest}]`"),
        _ => "write `api.example.org`, `*.example.org`, `192.0.2.1` or `[2001:db8::1]`".into(),
    };
    Err((message, help))
}

/// Whether a pattern of a policy is about a host, which has no port. Case makes no difference.
pub fn covers(pattern: &str, host: &str) -> bool {
    let host = host.trim_end_matches('.');
    match pattern.strip_prefix("*.") {
        Some(parent) => host.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent)),
        None => host.eq_ignore_ascii_case(pattern),
    }
}

fn is_name(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    text.split('.').all(is_label)
}

fn is_ipv6(text: &str) -> bool {
    let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inner.is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok())
}
