//! The name and the file name of a part: `Content-Disposition` (RFC 7578 §4.2, RFC 6266 §4.1), where every server reads the same.

use super::multipart_error::MultipartError;
use super::parameters::{Parameter, Parameters, Quoting, is_token};
use super::slice::{head, tail};

/// What a multipart body is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// `multipart/form-data`: every part is a field.
    Form,
    /// Parts that are messages of their own.
    Other,
}

/// Name and file name of a `Content-Disposition` (RFC 7578 §4.2, RFC 6266 §4.1).
pub(super) fn read_disposition(
    value: &[u8],
    purpose: Purpose,
) -> Result<(String, Option<String>), MultipartError> {
    let end = memchr::memchr(b';', value).unwrap_or(value.len());
    let (kind, parameters) = value.split_at_checked(end).ok_or(MultipartError::Disposition)?;
    let kind = kind.trim_ascii();
    let is_known = match purpose {
        Purpose::Form => kind.eq_ignore_ascii_case(b"form-data"),
        Purpose::Other => !kind.is_empty() && kind.iter().all(|byte| is_token(*byte)),
    };
    if !is_known {
        return Err(MultipartError::Disposition);
    }
    const MAX_PARAMETERS: usize = 16;
    let mut known: Vec<(Vec<u8>, String)> = Vec::new();
    for parameter in Parameters(parameters) {
        let Parameter { name, value, quoting } = parameter.ok_or(MultipartError::Parameter)?;
        // Names have no case for some servers, and a lower one for all clients.
        let is_repeated = known.iter().any(|(known, _)| known == name);
        if name.iter().any(u8::is_ascii_uppercase) || is_repeated || known.len() >= MAX_PARAMETERS {
            return Err(MultipartError::Parameter);
        }
        if name.starts_with(b"filename") && name != b"filename" {
            let plain = known.iter().find(|(known, _)| known == b"filename").map(|(_, value)| value);
            // Clients of .NET always write both, this one last, and the same in both.
            let is_the_same = plain.is_some() && extended(&value).as_ref() == plain;
            if name != b"filename*" || quoting != Quoting::None || !is_the_same {
                return Err(MultipartError::FileName);
            }
            known.push((name.to_vec(), String::new()));
            continue;
        }
        // Servers that search for `; name=` find it inside a quoted string, too; those that know no escapes end the
        // string at an escaped quote.
        let is_quoted_in = names_a_parameter(&value)
            || (quoting == Quoting::Escaped && value.contains(&b';'))
            || value.ends_with(b"\\");
        // A search for `name=` would find this one first.
        let is_before = name != b"name" && !known.iter().any(|(known, _)| known == b"name");
        let is_found_first = is_before && assigns_name(&value);
        // Some servers take any backslash away, others keep it.
        let is_escaped = name == b"name" && value.contains(&b'\\');
        // An unquoted value with quotes or escapes of another grammar.
        let is_odd = quoting == Quoting::None && value.iter().any(|byte| b"'%*".contains(byte));
        if name.starts_with(b"name") && name != b"name"
            || is_quoted_in
            || is_found_first
            || is_escaped
            || is_odd
        {
            return Err(MultipartError::Parameter);
        }
        let value = String::from_utf8(value).map_err(|_| MultipartError::Parameter)?;
        known.push((name.to_vec(), value));
    }
    let mut take = |name: &[u8]| {
        let at = known.iter().position(|(known, _)| known == name)?;
        Some(known.swap_remove(at).1)
    };
    let file_name = take(b"filename");
    match (take(b"name"), purpose) {
        (Some(name), _) => Ok((name, file_name)),
        (None, Purpose::Other) => Ok((String::new(), file_name)),
        (None, Purpose::Form) => Err(MultipartError::NoName),
    }
}

/// Whether a value holds what a search for a disposition's parameters would find.
fn names_a_parameter(value: &[u8]) -> bool {
    memchr::memchr_iter(b';', value).any(|at| {
        let rest = value.get(at + 1..).unwrap_or_default().trim_ascii_start();
        let without = |rest: &[u8], word: &[u8]| {
            head(rest, word.len()).eq_ignore_ascii_case(word).then_some(word.len())
        };
        let rest = tail(rest, without(rest, b"file").unwrap_or_default());
        let Some(length) = without(rest, b"name") else { return false };
        let rest = tail(rest, length);
        let rest = rest.strip_prefix(b"*").unwrap_or(rest).trim_ascii_start();
        rest.first() == Some(&b'=')
    })
}

/// A value in UTF-8 as RFC 8187 writes it.
fn extended(value: &[u8]) -> Option<String> {
    let (charset, text) = value.split_at_checked(7)?;
    let is_utf8 = charset.eq_ignore_ascii_case(b"utf-8''");
    String::from_utf8(percent_encoding::percent_decode(text).collect()).ok().filter(|_| is_utf8)
}

/// Whether `name=` stands somewhere in a value.
fn assigns_name(value: &[u8]) -> bool {
    let value = value.to_ascii_lowercase();
    memchr::memmem::find_iter(&value, b"name").any(|at| {
        let rest = value.get(at + 4..).unwrap_or_default();
        rest.strip_prefix(b"*").unwrap_or(rest).trim_ascii_start().first() == Some(&b'=')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A parameter in a parameter in a parameter is looked for once.
    #[test]
    fn parameters_within_a_value_are_found() {
        for value in ["x; FileName* = y", ";name=", "a;a; name =b"] {
            assert!(names_a_parameter(value.as_bytes()), "{value}");
        }
        for value in ["; nam", "name=x", "; names=", &"; a".repeat(60_000)] {
            assert!(!names_a_parameter(value.as_bytes()), "{value:.20}");
        }
    }
}
