//! Why a multipart body is not read.

use super::content_type::ContentTypeError;

/// Why a body is not multipart that every server reads alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MultipartError {
    /// `Content-Type` has no boundary, or not one of RFC 2046 §5.1.1.
    #[error("the multipart Content-Type has no valid boundary")]
    Boundary,
    /// `Content-Type` has a second boundary, or a parameter that some servers take for one.
    #[error("the multipart Content-Type has more than one boundary")]
    SecondBoundary,
    /// The body does not begin with a delimiter.
    #[error("the multipart body does not begin with its boundary")]
    Preamble,
    /// There are bytes behind the last delimiter.
    #[error("the multipart body goes on behind its last boundary")]
    Epilogue,
    /// The last delimiter is missing.
    #[error("the multipart body has no closing boundary")]
    NoEnd,
    /// Something that is nearly a delimiter.
    #[error("a line of the multipart body looks like its boundary and differs from it")]
    NearBoundary,
    /// A header of a part is malformed, folded or repeated; or a file has an empty media type.
    #[error("a part of the multipart body has a malformed, repeated or empty header")]
    Header,
    /// A part has no `Content-Disposition`, two, or another type than `form-data`.
    #[error("a part of the multipart body needs exactly one `Content-Disposition: form-data`")]
    Disposition,
    /// A part's disposition has a parameter twice, malformed, or quoted in a way that servers read differently.
    #[error("a part of the multipart body has an ambiguous Content-Disposition")]
    Parameter,
    /// A part has no field name.
    #[error("a part of the multipart body has no name")]
    NoName,
    /// A file name is empty or blank although there is content, or uses the `filename*` that RFC 7578 §4.2 forbids.
    #[error("a part of the multipart body has an empty or encoded file name")]
    FileName,
    /// A part has a media type that is malformed or in another charset.
    #[error("a part of the multipart body has a bad Content-Type: {0}")]
    ContentType(#[from] ContentTypeError),
    /// A part is in a transfer encoding, which RFC 7578 §4.7 forbids and some servers undo.
    #[error("a part of the multipart body has a Content-Transfer-Encoding")]
    TransferEncoding,
    /// The field `_charset_` (RFC 7578 §4.6) names another charset than UTF-8.
    #[error("the multipart body names another charset than UTF-8")]
    Charset,
    /// A multipart body in a field, which some servers read as more fields, or too many in one another.
    #[error("a part of the multipart body is a multipart body")]
    Nested,
    /// A file without a media type, some servers' field, where no type can be written into what is forwarded.
    #[error(
        "a file behind the beginning of a long multipart body has no Content-Type, and those before it have one"
    )]
    NoType,
    /// More parts than the limit.
    #[error("the multipart body has too many parts")]
    TooMany,
}
