//! The body of a request, held and read.

use bytes::Bytes;
use inputs::ParsedBody;

/// A body that is held back until there is a verdict.
#[derive(Debug)]
pub struct HeldBody {
    /// As received.
    pub wire: Bytes,
    /// Without content coding.
    pub decoded: Bytes,
    /// What it says.
    pub parsed: ParsedBody,
    /// What servers that do not mind its media type read in it besides.
    pub others: Vec<ParsedBody>,
}

impl HeldBody {
    /// What servers read in it.
    pub(crate) fn readings(&self) -> impl Iterator<Item = &ParsedBody> {
        std::iter::once(&self.parsed).chain(&self.others)
    }

    /// Bytes of memory that it takes, before it is parsed.
    pub(crate) fn bytes(&self) -> usize {
        let is_shared = self.wire.as_ptr() == self.decoded.as_ptr();
        self.wire.len() + if is_shared { 0 } else { self.decoded.len() }
    }
}
