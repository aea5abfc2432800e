//! Transformations of a value before an operator sees it.
//!
//! They do what ModSecurity v3 does, byte for byte. Most leave most values unchanged, and then copy nothing.

mod comments;
mod decode;
mod digest;
mod path;
mod space;

use std::borrow::Cow;

/// A transformation function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Transformation {
    Base64Decode,
    Base64DecodeExt,
    Base64Encode,
    CmdLine,
    CompressWhitespace,
    CssDecode,
    EscapeSeqDecode,
    HexDecode,
    HexEncode,
    HtmlEntityDecode,
    JsDecode,
    Length,
    Lowercase,
    Md5,
    NormalizePath,
    NormalizePathWin,
    ParityEven7bit,
    ParityOdd7bit,
    ParityZero7bit,
    RemoveComments,
    RemoveCommentsChar,
    RemoveNulls,
    RemoveWhitespace,
    ReplaceComments,
    ReplaceNulls,
    Sha1,
    SqlHexDecode,
    Trim,
    TrimLeft,
    TrimRight,
    Uppercase,
    UrlDecode,
    UrlDecodeUni,
    UrlEncode,
    Utf8ToUnicode,
}

use Transformation::*;

/// Names in rules, in lower case; some have two spellings.
const NAMES: [(&str, Transformation); 37] = [
    ("base64decode", Base64Decode),
    ("base64decodeext", Base64DecodeExt),
    ("base64encode", Base64Encode),
    ("cmdline", CmdLine),
    ("compresswhitespace", CompressWhitespace),
    ("cssdecode", CssDecode),
    ("escapeseqdecode", EscapeSeqDecode),
    ("hexdecode", HexDecode),
    ("hexencode", HexEncode),
    ("htmlentitydecode", HtmlEntityDecode),
    ("jsdecode", JsDecode),
    ("length", Length),
    ("lowercase", Lowercase),
    ("md5", Md5),
    ("normalisepath", NormalizePath),
    ("normalizepath", NormalizePath),
    ("normalisepathwin", NormalizePathWin),
    ("normalizepathwin", NormalizePathWin),
    ("parityeven7bit", ParityEven7bit),
    ("parityodd7bit", ParityOdd7bit),
    ("parityzero7bit", ParityZero7bit),
    ("removecomments", RemoveComments),
    ("removecommentschar", RemoveCommentsChar),
    ("removenulls", RemoveNulls),
    ("removewhitespace", RemoveWhitespace),
    ("replacecomments", ReplaceComments),
    ("replacenulls", ReplaceNulls),
    ("sha1", Sha1),
    ("sqlhexdecode", SqlHexDecode),
    ("trim", Trim),
    ("trimleft", TrimLeft),
    ("trimright", TrimRight),
    ("uppercase", Uppercase),
    ("urldecode", UrlDecode),
    ("urldecodeuni", UrlDecodeUni),
    ("urlencode", UrlEncode),
    ("utf8tounicode", Utf8ToUnicode),
];

impl Transformation {
    /// Looks up a transformation by its name in rules, whatever its case.
    pub fn named(name: &str) -> Option<Transformation> {
        let name = name.to_ascii_lowercase();
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, transformation)| *transformation)
    }

    /// Applies it; `None` if the value does not change.
    ///
    /// ```
    /// use seclang::Transformation;
    ///
    /// let decode = Transformation::named("urlDecodeUni").unwrap();
    /// assert_eq!(decode.apply(b"%u0041+b").as_deref(), Some(&b"A b"[..]));
    /// assert_eq!(decode.apply(b"plain"), None);
    /// ```
    pub fn apply(self, value: &[u8]) -> Option<Vec<u8>> {
        let new = match self {
            Base64Decode => decode::base64(value, decode::Strictness::Strict),
            Base64DecodeExt => decode::base64(value, decode::Strictness::Forgiving),
            Base64Encode => digest::base64_encode(value),
            CmdLine => space::cmd_line(value),
            CompressWhitespace => space::compress(value),
            CssDecode => decode::css(value)?,
            EscapeSeqDecode => decode::escape_sequences(value)?,
            HexDecode => decode::hex(value),
            HexEncode => digest::hex_encode(value),
            HtmlEntityDecode => decode::html_entities(value)?,
            JsDecode => decode::js(value)?,
            Length => value.len().to_string().into_bytes(),
            Lowercase => lower(value)?,
            Md5 => digest::md5(value),
            NormalizePath => path::normalize(value, path::Separator::Slash)?,
            NormalizePathWin => path::normalize(value, path::Separator::Both)?,
            ParityEven7bit => value.iter().map(|b| parity(*b, 0)).collect(),
            ParityOdd7bit => value.iter().map(|b| parity(*b, 1)).collect(),
            ParityZero7bit => value.iter().map(|b| b & 0x7f).collect(),
            RemoveComments => comments::remove(value)?,
            RemoveCommentsChar => comments::remove_delimiters(value)?,
            RemoveNulls => without(value, |b| b == 0)?,
            RemoveWhitespace => without(value, |b| space::is_space(b) || b == space::NBSP)?,
            ReplaceComments => comments::replace(value)?,
            ReplaceNulls => replace_nulls(value)?,
            Sha1 => digest::sha1(value),
            SqlHexDecode => decode::sql_hex(value)?,
            Trim => space::trim_right(space::trim_left(value)).to_vec(),
            TrimLeft => space::trim_left(value).to_vec(),
            TrimRight => space::trim_right(value).to_vec(),
            Uppercase => value.to_ascii_uppercase(),
            UrlDecode => decode::url(value)?,
            UrlDecodeUni => decode::url_uni(value)?,
            UrlEncode => decode::url_encode(value),
            Utf8ToUnicode => decode::utf8_to_unicode(value)?,
        };
        (new != value).then_some(new)
    }
}

/// Applies a chain of transformations.
///
/// ```
/// use seclang::{Transformation::*, apply_all};
///
/// assert_eq!(*apply_all(&[UrlDecode, Lowercase], b"%41b"), *b"ab");
/// ```
pub fn apply_all<'v>(chain: &[Transformation], value: &'v [u8]) -> Cow<'v, [u8]> {
    chain.iter().fold(Cow::Borrowed(value), |value, transformation| match transformation.apply(&value) {
        Some(new) => Cow::Owned(new),
        None => value,
    })
}

fn lower(value: &[u8]) -> Option<Vec<u8>> {
    value.iter().any(u8::is_ascii_uppercase).then(|| value.to_ascii_lowercase())
}

fn without(value: &[u8], remove: impl Fn(u8) -> bool) -> Option<Vec<u8>> {
    value.iter().any(|b| remove(*b)).then(|| value.iter().copied().filter(|b| !remove(*b)).collect())
}

fn replace_nulls(value: &[u8]) -> Option<Vec<u8>> {
    value.contains(&0).then(|| value.iter().map(|b| if *b == 0 { b' ' } else { *b }).collect())
}

/// The low seven bits, with an eighth that makes the number of ones even or odd.
fn parity(byte: u8, odd: u32) -> u8 {
    let seven = byte & 0x7f;
    if seven.count_ones() % 2 == odd { seven } else { seven | 0x80 }
}

#[cfg(test)]
mod tests;
