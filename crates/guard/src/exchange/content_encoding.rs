//! Bodies decoded for inspection, under a limit of size and of ratio (RFC 9110 §8.4).

use std::io::Read;

use policy::config::ProtocolConfig;

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
}

/// Decodes a body. `None` when it has no coding.
pub(crate) fn decode(
    coding: &str,
    body: &[u8],
    limits: &ProtocolConfig,
) -> Result<Option<Vec<u8>>, DecodeError> {
    let coding = coding.trim();
    if coding.contains(',') {
        return Err(DecodeError::Layered);
    }
    let by_ratio = (body.len() as u64).saturating_mul(u64::from(limits.max_compression_ratio)).max(64 * 1024);
    let limit = limits.max_decoded_body.0.min(by_ratio);
    let reader: Box<dyn Read + '_> = match coding.to_ascii_lowercase().as_str() {
        "" | "identity" => return Ok(None),
        "gzip" | "x-gzip" => Box::new(flate2::read::MultiGzDecoder::new(body)),
        // "deflate" is the zlib format; some clients send it raw.
        "deflate" if body.first().is_some_and(|b| b & 0x0f == 8) => {
            Box::new(flate2::read::ZlibDecoder::new(body))
        }
        "deflate" => Box::new(flate2::read::DeflateDecoder::new(body)),
        "br" => Box::new(brotli_decompressor::Decompressor::new(body, 16 * 1024)),
        "zstd" => Box::new(ruzstd::decoding::StreamingDecoder::new(body).map_err(|_| DecodeError::Broken)?),
        _ => return Err(DecodeError::Unknown),
    };
    let mut out = Vec::new();
    reader.take(limit + 1).read_to_end(&mut out).map_err(|_| DecodeError::Broken)?;
    if out.len() as u64 > limit { Err(DecodeError::Bomb) } else { Ok(Some(out)) }
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

    #[test]
    fn codings_are_undone_and_bombs_are_not() {
        let limits = ProtocolConfig::default();
        assert_eq!(decode("gzip", &gzip(b"hello"), &limits), Ok(Some(b"hello".to_vec())));
        assert_eq!(decode("identity", b"x", &limits), Ok(None));
        assert_eq!(decode("gzip, gzip", b"x", &limits), Err(DecodeError::Layered));
        assert_eq!(decode("lzma", b"x", &limits), Err(DecodeError::Unknown));
        assert_eq!(decode("gzip", b"no", &limits), Err(DecodeError::Broken));
        assert_eq!(decode("zstd", b"no", &limits), Err(DecodeError::Broken));
        assert_eq!(decode("gzip", &gzip(&vec![0; 4_000_000]), &limits), Err(DecodeError::Bomb));
        assert_eq!(
            decode("gzip", &gzip(&vec![0; 60_000]), &limits).map(|b| b.map(|b| b.len())),
            Ok(Some(60_000))
        );
    }
}
