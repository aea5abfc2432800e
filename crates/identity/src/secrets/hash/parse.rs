//! The texts of hashes: PHC strings, modular crypt, Django's.
//!
//! The format: <https://github.com/P-H-C/phc-string-format/blob/master/phc-sf-spec.md>. Numbers are decimal without a sign or
//! leading zeros, parameters come in their order, nothing may follow the hash.

use std::num::NonZeroU32;

use argon2::Version;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use super::scheme::{Digest, Parameters, Scheme, ScryptParams};

/// The longest text of a hash.
const MAX_TEXT: usize = 512;
const MAX_COST: u32 = 16;
const MAX_ITERATIONS: u32 = 10_000_000;
/// Memory of scrypt, and memory times lanes, in bytes.
const MAX_SCRYPT_MEMORY: u64 = 1 << 30;
const MAX_SCRYPT_WORK: u64 = 4 << 30;

/// Why a text is not the hash of a password that can be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    /// No known format.
    #[error(
        "unknown format of password hash; known are $argon2id$v=19$m=..,t=..,p=..$salt$hash, $2a$, $2b$ or $2y$ (bcrypt), \
         $scrypt$ln=..,r=..,p=..$salt$hash, $pbkdf2-sha256$i=..$salt$hash (or -sha512) and Django's pbkdf2_sha256$iterations$salt$hash"
    )]
    Format,
    /// A digest such as MD5 or SHA-256.
    #[error(
        "this looks like a plain MD5, SHA-1 or SHA-2 digest, which is too fast to protect a password: whoever has a copy of it tries \
         billions of passwords a second. Import the account without a password and let its owner set one"
    )]
    FastDigest,
    /// A known format with something in it that cannot be read.
    #[error("a damaged {0} hash")]
    Damaged(&'static str),
    /// A hash that would take too much time or memory.
    #[error("a {0} hash whose parameters are out of bounds; at most {1}")]
    TooExpensive(&'static str, &'static str),
}

/// Reads the text of a hash.
pub(super) fn scheme(text: &str) -> Result<Scheme, Unsupported> {
    if text.len() > MAX_TEXT {
        return Err(Unsupported::Format);
    }
    let fields: Vec<&str> = text.split('$').collect();
    match *fields.as_slice() {
        ["", "argon2id", version, parameters, salt, hash] => argon2id(version, parameters, salt, hash),
        // without a version: the first one
        ["", "argon2id", parameters, salt, hash] => argon2id("v=16", parameters, salt, hash),
        ["", "2a" | "2b" | "2y", cost, _] => bcrypt(text, cost),
        ["", "scrypt", parameters, salt, hash] => scrypt(parameters, salt, hash),
        ["", "pbkdf2-sha256", parameters, salt, hash] => pbkdf2(Digest::Sha256, parameters, salt, hash),
        ["", "pbkdf2-sha512", parameters, salt, hash] => pbkdf2(Digest::Sha512, parameters, salt, hash),
        ["pbkdf2_sha256", iterations, salt, hash] => django(iterations, salt, hash),
        _ if is_fast_digest(&fields) => Err(Unsupported::FastDigest),
        _ => Err(Unsupported::Format),
    }
}

/// Hexadecimal or base64 digests of the usual lengths, bare or behind the name of a fast algorithm.
fn is_fast_digest(fields: &[&str]) -> bool {
    let is_hex = |text: &str| {
        matches!(text.len(), 32 | 40 | 56 | 64 | 96 | 128)
            && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let bare = match fields {
        [text] => is_hex(text) || text.split_once(':').is_some_and(|(a, b)| is_hex(a) || is_hex(b)),
        _ => false,
    };
    let lower =
        fields.iter().copied().find(|field| !field.is_empty()).unwrap_or_default().to_ascii_lowercase();
    let named = [
        "md5",
        "sha",
        "ssha",
        "smd5",
        "sha1",
        "sha256",
        "sha512",
        "{sha}",
        "{ssha}",
        "{md5}",
        "{sha256}",
        "{ssha256}",
    ];
    bare || named.iter().any(|name| lower == *name || (name.starts_with('{') && lower.starts_with(name)))
}

fn argon2id(version: &str, parameters: &str, salt: &str, hash: &str) -> Result<Scheme, Unsupported> {
    const DAMAGED: Unsupported = Unsupported::Damaged("argon2id");
    let version = match version {
        "v=19" => Version::V0x13,
        "v=16" => Version::V0x10,
        _ => return Err(DAMAGED),
    };
    let [memory_kib, passes, lanes] = numbers(parameters, ["m", "t", "p"]).ok_or(DAMAGED)?;
    let parameters = Parameters { memory_kib, passes, lanes }.checked().map_err(|_| {
        Unsupported::TooExpensive(
            "argon2id",
            "m=1048576 (1 GiB), t=100, p=16, m*t=8388608; at least m=8*p, t=1, p=1",
        )
    })?;
    let (salt, hash) = salt_and_hash(salt, hash, 8..=64, 16..=64).ok_or(DAMAGED)?;
    Ok(Scheme::Argon2id { parameters, version, salt, hash })
}

fn bcrypt(text: &str, cost: &str) -> Result<Scheme, Unsupported> {
    const DAMAGED: Unsupported = Unsupported::Damaged("bcrypt");
    // Two digits, here with a leading zero.
    let cost: u32 = match cost.as_bytes() {
        [b'0'..=b'9', b'0'..=b'9'] => cost.parse().map_err(|_| DAMAGED)?,
        _ => return Err(DAMAGED),
    };
    if !(4..=MAX_COST).contains(&cost) {
        return Err(Unsupported::TooExpensive("bcrypt", "cost 16; at least 4"));
    }
    // `$2b$10$`, 22 characters of salt, 31 of hash
    let salt = text
        .get(7..29)
        .and_then(bcrypt_base64)
        .and_then(|salt| <[u8; 16]>::try_from(salt).ok())
        .ok_or(DAMAGED)?;
    let hash = text.get(29..).and_then(bcrypt_base64).filter(|hash| hash.len() == 23).ok_or(DAMAGED)?;
    Ok(Scheme::Bcrypt { cost, salt, hash })
}

/// Base64 in bcrypt's alphabet. Some implementations leave bits set behind the last byte, which all ignore.
fn bcrypt_base64(text: &str) -> Option<Vec<u8>> {
    use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
    const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone);
    GeneralPurpose::new(&base64::alphabet::BCRYPT, CONFIG).decode(text).ok()
}

fn scrypt(parameters: &str, salt: &str, hash: &str) -> Result<Scheme, Unsupported> {
    const DAMAGED: Unsupported = Unsupported::Damaged("scrypt");
    const TOO_EXPENSIVE: Unsupported = Unsupported::TooExpensive(
        "scrypt",
        "1 GiB of memory (128*r*2^ln bytes), p=16, 4 GiB of memory times p; at least ln=1, r=1, p=1",
    );
    let [log_n, r, p] = numbers(parameters, ["ln", "r", "p"]).ok_or(DAMAGED)?;
    let log_n = u8::try_from(log_n).ok().filter(|log_n| (1..=24).contains(log_n)).ok_or(TOO_EXPENSIVE)?;
    if !(1..=64).contains(&r) || !(1..=16).contains(&p) {
        return Err(TOO_EXPENSIVE);
    }
    let memory = (128 * u64::from(r)) << log_n;
    if memory > MAX_SCRYPT_MEMORY || memory * u64::from(p) > MAX_SCRYPT_WORK {
        return Err(TOO_EXPENSIVE);
    }
    // RFC 7914 §6 asks for N < 2^(16r): the library checks it as well.
    scrypt::Params::new(log_n, r, p).map_err(|_| TOO_EXPENSIVE)?;
    let (salt, hash) = salt_and_hash(salt, hash, 1..=64, 16..=64).ok_or(DAMAGED)?;
    Ok(Scheme::Scrypt { params: ScryptParams { log_n, r, p }, salt, hash })
}

/// `i=600000` or `i=600000,l=32` (PHC), or `29000` (passlib).
fn pbkdf2(digest: Digest, parameters: &str, salt: &str, hash: &str) -> Result<Scheme, Unsupported> {
    const DAMAGED: Unsupported = Unsupported::Damaged("pbkdf2");
    let (iterations, length) = if let Some([iterations]) = numbers(parameters, ["i"]) {
        (iterations, None)
    } else if let Some([iterations, length]) = numbers(parameters, ["i", "l"]) {
        (iterations, Some(length))
    } else {
        (number(parameters).ok_or(DAMAGED)?, None)
    };
    // passlib writes `.` for `+`.
    let (salt, hash) = (salt.replace('.', "+"), hash.replace('.', "+"));
    let (salt, hash) = salt_and_hash(&salt, &hash, 1..=64, 16..=64).ok_or(DAMAGED)?;
    if length.is_some_and(|length| usize::try_from(length) != Ok(hash.len())) {
        return Err(DAMAGED);
    }
    Ok(Scheme::Pbkdf2 { digest, iterations: bounded(iterations)?, salt, hash })
}

/// Django: the salt is text, the hash base64 with padding.
fn django(iterations: &str, salt: &str, hash: &str) -> Result<Scheme, Unsupported> {
    const DAMAGED: Unsupported = Unsupported::Damaged("pbkdf2_sha256");
    let iterations = bounded(number(iterations).ok_or(DAMAGED)?)?;
    let hash = STANDARD.decode(hash).ok().filter(|hash| hash.len() == 32).ok_or(DAMAGED)?;
    if salt.is_empty() || salt.len() > 128 {
        return Err(DAMAGED);
    }
    Ok(Scheme::Pbkdf2 { digest: Digest::Sha256, iterations, salt: salt.as_bytes().to_vec(), hash })
}

fn bounded(iterations: u32) -> Result<NonZeroU32, Unsupported> {
    NonZeroU32::new(iterations)
        .filter(|iterations| iterations.get() <= MAX_ITERATIONS)
        .ok_or(Unsupported::TooExpensive("pbkdf2", "10000000 iterations; at least 1"))
}

/// `a=1,b=2` with exactly these names in this order.
fn numbers<const N: usize>(text: &str, names: [&str; N]) -> Option<[u32; N]> {
    let mut parts = text.split(',');
    let mut numbers = [0; N];
    for (slot, name) in numbers.iter_mut().zip(names) {
        *slot = number(parts.next()?.strip_prefix(name)?.strip_prefix('=')?)?;
    }
    parts.next().is_none().then_some(numbers)
}

fn number(text: &str) -> Option<u32> {
    let plain = !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

fn salt_and_hash(
    salt: &str,
    hash: &str,
    salt_length: std::ops::RangeInclusive<usize>,
    hash_length: std::ops::RangeInclusive<usize>,
) -> Option<(Vec<u8>, Vec<u8>)> {
    let salt = STANDARD_NO_PAD.decode(salt).ok().filter(|salt| salt_length.contains(&salt.len()))?;
    let hash = STANDARD_NO_PAD.decode(hash).ok().filter(|hash| hash_length.contains(&hash.len()))?;
    Some((salt, hash))
}
