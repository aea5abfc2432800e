//! Makes a filter of a list of hashes.

use std::io::{self, BufRead, Read, Seek, SeekFrom, Write};

use super::header::{
    BITS, ENTRY, HEAD, Header, MAX_SHARD, MAX_SHARD_BITS, Shard, checksum, fraction_of, place_of, shard_of,
};
use super::rice;

/// The longest line: 40 digits, a colon, a count, and the end of the line.
const MAX_LINE: usize = 80;
const DIGITS: usize = 40;
/// Shards have about so many hashes: a lookup reads one.
const SHARD: u64 = 4096;

/// How a filter is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// One password in 2^bits that is in no list is taken for one that is: 4 to 24. Each costs a bit for each hash.
    pub bits: u8,
    /// About how many hashes there are, such as the length of the list divided by 45. It decides only how long a lookup takes.
    pub expected: u64,
}

impl Settings {
    /// One password in 1,024 is taken for a known one.
    #[must_use]
    pub fn new(expected: u64) -> Self {
        Settings { bits: 10, expected }
    }
}

/// What was built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Built {
    /// The number of hashes.
    pub count: u64,
    /// The length of the file in bytes.
    pub length: u64,
}

/// Why a filter could not be built. Lines are counted from 1.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The list cannot be read, or the filter not written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A line is not a hash.
    #[error("line {0} is not a SHA-1 hash of 40 hexadecimal digits, alone or with a colon and a count")]
    Malformed(u64),
    /// A hash is smaller than the one before.
    #[error("line {0} is out of order: the list has to be sorted by hash")]
    Unordered(u64),
    /// A hash is there twice.
    #[error("line {0} repeats the hash of the line before")]
    Duplicate(u64),
    /// A rate of false positives that is not offered.
    #[error("the filter takes 4 to 24 bits of precision, not {0}")]
    Bits(u8),
    /// Too many hashes for the shards.
    #[error("line {0}: too many hashes begin alike; is `expected` right ({1}), and are these SHA-1 hashes?")]
    Crowded(u64, u64),
}

/// Builds a filter of a list in order, `HASH` or `HASH:COUNT` in each line, in upper or lower case. Lines with the count 0 are
/// padding and are left out.
///
/// The list is read once, from start to end, and only one shard is held in memory: some 100 KB, and 16 bytes for each 4,096
/// hashes. The head is written last, so a file that was not finished is not taken for a filter.
///
/// # Errors
/// [`BuildError`], which names the line. What was written then is not a filter.
pub fn build(
    mut list: impl BufRead,
    mut file: impl Write + Seek,
    settings: Settings,
) -> Result<Built, BuildError> {
    if !BITS.contains(&settings.bits) {
        return Err(BuildError::Bits(settings.bits));
    }
    let wanted = (settings.expected / SHARD).max(1).ilog2();
    let shard_bits = u8::try_from(wanted).unwrap_or(u8::MAX).min(MAX_SHARD_BITS);
    let mut header =
        Header { bits: settings.bits, shard_bits, count: 0, shards: vec![Shard::default(); 1 << shard_bits] };

    file.write_all(&vec![0; HEAD + ENTRY * header.shards.len()])?;
    let (mut line, mut number, mut previous) = (Vec::with_capacity(MAX_LINE + 1), 0_u64, None);
    let (mut current, mut fractions) = (0, Vec::new());
    loop {
        line.clear();
        list.by_ref().take(MAX_LINE as u64 + 1).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            break;
        }
        number += 1;
        let (hash, count) = parse(&line).ok_or(BuildError::Malformed(number))?;
        match previous.map(|previous| hash.cmp(&previous)) {
            Some(std::cmp::Ordering::Less) => return Err(BuildError::Unordered(number)),
            Some(std::cmp::Ordering::Equal) => return Err(BuildError::Duplicate(number)),
            _ => previous = Some(hash),
        }
        if count == Some(0) {
            continue;
        }
        let shard = shard_of(&hash, shard_bits);
        if shard != current {
            finish(&mut header, current, &mut fractions, &mut file)?;
            current = shard;
        }
        fractions.push(fraction_of(&hash, shard_bits));
        if fractions.len() > MAX_SHARD as usize {
            return Err(BuildError::Crowded(number, settings.expected));
        }
    }
    finish(&mut header, current, &mut fractions, &mut file)?;
    let length = file.stream_position()?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&header.to_bytes())?;
    file.flush()?;
    Ok(Built { count: header.count, length })
}

/// Writes the shard that is complete.
fn finish(header: &mut Header, at: usize, fractions: &mut Vec<u64>, file: &mut impl Write) -> io::Result<()> {
    let too_long = |_| io::Error::from(io::ErrorKind::FileTooLarge);
    let count = u32::try_from(fractions.len()).map_err(too_long)?;
    let (mut writer, mut last) = (rice::Writer::default(), 0);
    for fraction in fractions.drain(..) {
        let place = place_of(fraction, count, header.bits);
        writer.gap(place - last, header.bits.into());
        last = place;
    }
    let bytes = writer.finish();
    file.write_all(&bytes)?;
    if let Some(shard) = header.shards.get_mut(at) {
        *shard = Shard {
            length: u32::try_from(bytes.len()).map_err(too_long)?,
            count,
            checksum: checksum(&bytes),
        };
    }
    header.count += u64::from(count);
    Ok(())
}

/// A hash and its count, if it has one.
fn parse(line: &[u8]) -> Option<([u8; 20], Option<u64>)> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() > MAX_LINE {
        return None;
    }
    let (digits, rest) = line.split_at_checked(DIGITS)?;
    let mut hash = [0; 20];
    for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
        let &[high, low] = <&[u8; 2]>::try_from(pair).ok()?;
        *byte = digit(high)? << 4 | digit(low)?;
    }
    let count = match rest {
        [] => None,
        [b':', count @ ..] if count.iter().all(u8::is_ascii_digit) => {
            Some(std::str::from_utf8(count).ok()?.parse().ok()?)
        }
        _ => return None,
    };
    Some((hash, count))
}

fn digit(character: u8) -> Option<u8> {
    char::from(character).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
