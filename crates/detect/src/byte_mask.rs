//! A 64-bit mask of the bytes a value contains, built in one pass. It decides which detectors run at all.

/// One bit for each ASCII punctuation byte and the space, one for all control bytes, one that every value has.
pub(crate) type ByteMask = u64;

/// Set in every value: the mask of a detector that looks at all of them.
const ALWAYS: ByteMask = 1;
/// Control bytes.
const CONTROL: ByteMask = 1 << 1;

const fn bit(byte: u8) -> ByteMask {
    match byte {
        b' '..=b'/' => 1 << (2 + byte - b' '),
        b':'..=b'@' => 1 << (18 + byte - b':'),
        b'['..=b'`' => 1 << (25 + byte - b'['),
        b'{'..=b'~' => 1 << (31 + byte - b'{'),
        0..=0x1f | 0x7f => CONTROL,
        _ => 0,
    }
}

/// The mask for "contains any of these bytes"; without bytes, the mask that every value passes. Control bytes always
/// count, as they can stand in for punctuation between tokens.
pub(crate) const fn any_of(bytes: &[u8]) -> ByteMask {
    let mut mask = if bytes.is_empty() { ALWAYS } else { CONTROL };
    let mut rest = bytes;
    while let [byte, tail @ ..] = rest {
        mask |= bit(*byte);
        rest = tail;
    }
    mask
}

/// The mask of a value.
#[allow(clippy::indexing_slicing, reason = "a table of 256 entries, indexed by a byte")]
pub(crate) fn of(value: &[u8]) -> ByteMask {
    value.iter().fold(ALWAYS, |mask, byte| mask | TABLE[usize::from(*byte)])
}

#[allow(clippy::indexing_slicing, reason = "a table of 256 entries, indexed by a byte")]
static TABLE: [ByteMask; 256] = {
    let mut table = [0; 256];
    let mut byte = u8::MAX;
    loop {
        table[byte as usize] = bit(byte);
        if byte == 0 {
            break table;
        }
        byte -= 1;
    }
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_has_the_bytes_of_a_value_and_no_others() {
        for byte in 0..=u8::MAX {
            let mask = of(&[b'a', byte, b'1']);
            for other in 0..=u8::MAX {
                let expected = byte == other && byte.is_ascii_punctuation() || byte == b' ' && other == b' ';
                let control = byte.is_ascii_control();
                if other.is_ascii_punctuation() || other == b' ' {
                    assert_eq!(mask & any_of(&[other]) != 0, expected || control, "{byte:#x} {other:#x}");
                }
            }
        }
        assert_ne!(of(b"") & any_of(b""), 0);
    }
}
