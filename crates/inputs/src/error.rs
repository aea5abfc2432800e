//! Why a body cannot be read.

use super::content_type::ContentTypeError;
use super::grpc::GrpcError;
use super::json::JsonError;
use super::multipart_error::MultipartError;

/// Why a body is not of its media type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// The `Content-Type` does not tell how it is read.
    #[error(transparent)]
    ContentType(#[from] ContentTypeError),
    /// Not JSON that everybody reads alike.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// Not multipart that every server reads alike.
    #[error(transparent)]
    Multipart(#[from] MultipartError),
    /// More in a message of gRPC than is judged.
    #[error(transparent)]
    Grpc(#[from] GrpcError),
    /// Not XML.
    #[error("the body is not XML")]
    Xml,
    /// XML with a doctype.
    #[error("the XML has a doctype")]
    Doctype,
    /// A form that begins as JSON does, and is none that everybody reads alike.
    #[error("the body is neither a form nor JSON")]
    Ambiguous,
    /// Nested beyond the limit.
    #[error("the body is nested too deep")]
    TooDeep,
    /// More fields than the limit.
    #[error("the body has too many fields")]
    TooMany,
}
