//! Bodies decoded for inspection, under a limit of size and of ratio (RFC 9110 §8.4).

use std::io::Read;

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use policy::{ByteSize, ProtocolConfig};

/// Why a body cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DecodeError {
    #[error("a content coding that is not gzip, deflate, br or zstd")]
    Unknown,
    #[error("more than one content coding")]
    Layered,
    #[error("the body is not of its content coding")]
    Broken,
    #[error("the body grows beyond the limit when decoded")]
    Bomb,
    #[error("the body goes on behind the end of its content coding")]
    Trailing,
}

/// How large a body may become.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CodingLimits {
    /// Decoded.
    pub(crate) size: ByteSize,
    /// Decoded bytes per coded byte.
    pub(crate) ratio: u32,
}

impl From<&ProtocolConfig> for CodingLimits {
    fn from(config: &ProtocolConfig) -> Self {
        CodingLimits { size: config.max_decoded_body, ratio: config.max_compression_ratio }
    }
}

/// Decodes a body. `None` when it has no coding.
///
/// Nothing may stand behind the end of the coded stream: one decoder stops there, another reads on. Several members of
/// gzip (RFC 1952 §2.2) are one stream for everybody; several frames of zstd (RFC 8878 §3.1) are not.
pub(crate) fn decode(
    coding: &[u8],
    body: &[u8],
    limits: impl Into<CodingLimits>,
) -> Result<Option<Vec<u8>>, DecodeError> {
    let limits = limits.into();
    let coding = coding.trim_ascii();
    if coding.contains(&b',') {
        return Err(DecodeError::Layered);
    }
    let by_ratio = (body.len() as u64).saturating_mul(u64::from(limits.ratio)).max(64 * 1024);
    let limit = limits.size.0.min(by_ratio);
    let (out, rest) = match coding.to_ascii_lowercase().as_slice() {
        b"" | b"identity" => return Ok(None),
        b"gzip" | b"x-gzip" => {
            read(flate2::bufread::MultiGzDecoder::new(body), limit, |decoder| decoder.into_inner())?
        }
        // "deflate" is the zlib format; some clients send it raw.
        b"deflate" if body.first().is_some_and(|b| b & 0x0f == 8) => {
            read(flate2::bufread::ZlibDecoder::new(body), limit, |decoder| decoder.into_inner())?
        }
        b"deflate" => {
            read(flate2::bufread::DeflateDecoder::new(body), limit, |decoder| decoder.into_inner())?
        }
        b"br" => unbrotli(body, limit)?,
        b"zstd" => {
            let decoder = ruzstd::decoding::StreamingDecoder::new(body).map_err(|_| DecodeError::Broken)?;
            read(decoder, limit, |decoder| decoder.into_inner())?
        }
        _ => return Err(DecodeError::Unknown),
    };
    if rest.is_empty() { Ok(Some(out)) } else { Err(DecodeError::Trailing) }
}

/// What a decoder makes of its input, and the input that it left.
fn read<'b, R: Read>(
    mut decoder: R,
    limit: u64,
    into_inner: impl FnOnce(R) -> &'b [u8],
) -> Result<(Vec<u8>, &'b [u8]), DecodeError> {
    let mut out = Vec::new();
    decoder.by_ref().take(limit + 1).read_to_end(&mut out).map_err(|_| DecodeError::Broken)?;
    if out.len() as u64 > limit { Err(DecodeError::Bomb) } else { Ok((out, into_inner(decoder))) }
}

/// The same for Brotli, whose reader does not tell what it left.
fn unbrotli(body: &[u8], limit: u64) -> Result<(Vec<u8>, &[u8]), DecodeError> {
    let alloc = StandardAlloc::default;
    let mut state = BrotliState::new(alloc(), alloc(), alloc());
    let (mut unread, mut read, mut written) = (body.len(), 0, 0);
    let mut out = Vec::new();
    let mut piece = vec![0; 16 * 1024];
    loop {
        let (mut room, mut filled) = (piece.len(), 0);
        let result = BrotliDecompressStream(
            &mut unread,
            &mut read,
            body,
            &mut room,
            &mut filled,
            &mut piece,
            &mut written,
            &mut state,
        );
        out.extend_from_slice(piece.get(..filled).unwrap_or_default());
        if out.len() as u64 > limit {
            return Err(DecodeError::Bomb);
        }
        match result {
            BrotliResult::ResultSuccess => return Ok((out, body.get(read..).unwrap_or_default())),
            BrotliResult::NeedsMoreOutput => {}
            BrotliResult::NeedsMoreInput | BrotliResult::ResultFailure => return Err(DecodeError::Broken),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn coded(coding: &str, data: &[u8]) -> Vec<u8> {
        let level = flate2::Compression::best();
        match coding {
            "gzip" => gzip(data),
            "zlib" => {
                let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), level);
                encoder.write_all(data).unwrap();
                encoder.finish().unwrap()
            }
            "deflate" => {
                let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), level);
                encoder.write_all(data).unwrap();
                encoder.finish().unwrap()
            }
            "zstd" => ruzstd::encoding::compress_to_vec(data, ruzstd::encoding::CompressionLevel::Fastest),
            // One uncompressed metablock and the empty last one (RFC 7932 §9.2), window of 16 bits.
            "br" => {
                let header = ((u32::try_from(data.len()).unwrap() - 1) << 4) | (1 << 20);
                let mut out = header.to_le_bytes()[..3].to_vec();
                out.extend_from_slice(data);
                out.push(0x03);
                out
            }
            other => panic!("{other}"),
        }
    }

    #[test]
    fn codings_are_undone_and_bombs_are_not() {
        let limits = ProtocolConfig::default();
        for (name, kind) in [
            ("gzip", "gzip"),
            ("GZIP", "gzip"),
            ("deflate", "zlib"),
            ("deflate", "deflate"),
            ("zstd", "zstd"),
            ("br", "br"),
        ] {
            for size in [1, 5, 10_000] {
                let data = b"a=b&".repeat(size);
                assert!(
                    decode(name.as_bytes(), &coded(kind, &data), &limits) == Ok(Some(data)),
                    "{kind} {size}"
                );
            }
        }
        assert_eq!(decode(b"identity", b"x", &limits), Ok(None));
        for (coding, body, error) in [
            (&b"gzip, gzip"[..], &b"x"[..], DecodeError::Layered),
            (b"lzma", b"x", DecodeError::Unknown),
            (b"gz\xffip", b"x", DecodeError::Unknown),
            (b"gzip", b"no", DecodeError::Broken),
            (b"zstd", b"no", DecodeError::Broken),
            (b"br", b"no", DecodeError::Broken),
            (b"gzip", &gzip(&vec![0; 4_000_000]), DecodeError::Bomb),
        ] {
            assert_eq!(decode(coding, body, &limits), Err(error), "{}", String::from_utf8_lossy(coding));
        }
        assert_eq!(
            decode(b"gzip", &gzip(&vec![0; 60_000]), &limits).map(|b| b.map(|b| b.len())),
            Ok(Some(60_000))
        );
    }

    #[test]
    fn nothing_may_follow_the_end_of_a_coding() {
        let limits = ProtocolConfig::default();
        let two_members = [gzip(b"a=b"), gzip(b"&c=d")].concat();
        assert_eq!(decode(b"gzip", &two_members, &limits), Ok(Some(b"a=b&c=d".to_vec())));
        for (name, kind) in
            [("gzip", "gzip"), ("deflate", "zlib"), ("deflate", "deflate"), ("zstd", "zstd"), ("br", "br")]
        {
            for more in [&b"&id=1"[..], b"\0", b"\n", &coded(kind, b"&id=1"), &[b'x'; 20_000]] {
                // Another member of gzip is a part of the stream.
                if kind != "gzip" || !more.starts_with(b"\x1f\x8b") {
                    let body = [&coded(kind, b"a=b"), more].concat();
                    let decoded = decode(name.as_bytes(), &body, &limits);
                    assert!(
                        matches!(decoded, Err(DecodeError::Trailing | DecodeError::Broken)),
                        "{kind} {more:?}"
                    );
                }
            }
        }
    }
}
