//! Which bytes a value has, in one pass: what decides which detectors run at all.

/// Always there; what a detector needs that looks at every value.
const ALWAYS: u64 = 1;
/// Control bytes, which may part what is written with others.
const ODD: u64 = 1 << 1;

/// The mark of a byte: punctuation has one of its own.
const fn mark(byte: u8) -> u64 {
    match byte {
        b' '..=b'/' => 1 << (2 + byte - b' '),
        b':'..=b'@' => 1 << (18 + byte - b':'),
        b'['..=b'`' => 1 << (25 + byte - b'['),
        b'{'..=b'~' => 1 << (31 + byte - b'{'),
        0..=0x1f | 0x7f => ODD,
        _ => 0,
    }
}

/// The marks of some bytes; of none, what every value has. Odd bytes count for everybody: they may part what is written
/// with others.
pub(crate) const fn of(bytes: &[u8]) -> u64 {
    let mut marks = if bytes.is_empty() { ALWAYS } else { ODD };
    let mut at = 0;
    while at < bytes.len() {
        marks |= mark(bytes[at]);
        at += 1;
    }
    marks
}

/// The marks of a value.
pub(crate) fn marks(value: &[u8]) -> u64 {
    static TABLE: [u64; 256] = {
        let mut table = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            table[byte] = mark(byte as u8);
            byte += 1;
        }
        table
    };
    value.iter().fold(ALWAYS, |marks, byte| marks | TABLE[usize::from(*byte)])
}
