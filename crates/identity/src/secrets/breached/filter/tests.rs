use std::io::Cursor;

use proptest::prelude::*;

use super::super::build::{BuildError, Built, Settings, build};
use super::*;

/// Hashes in order, as evenly spread as those of passwords.
fn hashes(count: usize, seed: u64) -> Vec<[u8; 20]> {
    use sha1::{Digest, Sha1};
    let mut hashes: Vec<[u8; 20]> =
        (0..count).map(|index| Sha1::digest(format!("{seed} {index}")).into()).collect();
    hashes.sort_unstable();
    hashes
}

fn hex(hash: &[u8]) -> String {
    hash.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn list(hashes: &[[u8; 20]]) -> String {
    hashes.iter().map(|hash| format!("{}:3\r\n", hex(hash))).collect()
}

fn built(list: &str, settings: Settings) -> Result<(Vec<u8>, Built), BuildError> {
    let mut file = Cursor::new(Vec::new());
    let built = build(list.as_bytes(), &mut file, settings)?;
    Ok((file.into_inner(), built))
}

#[test]
fn what_is_in_the_list_is_found_and_little_else() {
    // Eight times as many expected: small shards, so that a lookup is quick without optimization.
    const COUNT: usize = 50_000;
    for (bits, most_bits) in [(7, 9.0), (10, 12.0)] {
        let known = hashes(COUNT, 1);
        let (bytes, built) = built(&list(&known), Settings { bits, expected: 8 * COUNT as u64 }).unwrap();
        assert_eq!((built.count, built.length), (COUNT as u64, bytes.len() as u64));
        let each = (bytes.len() * 8) as f64 / COUNT as f64;
        assert!(each < most_bits, "{each} bits for each hash");

        let filter = Filter::from_bytes(bytes).unwrap();
        assert_eq!((filter.count(), filter.one_in()), (COUNT as u64, 1 << bits));
        assert!(known.iter().step_by(25).all(|hash| filter.contains_hash(hash).unwrap()));
        let others = hashes(10_000, 2);
        let found = others.iter().filter(|hash| filter.contains_hash(hash).unwrap()).count();
        let expected = others.len() >> bits;
        assert!(found > expected / 2 && found < expected * 2, "{found} false positives, expected {expected}");
    }
}

#[test]
fn passwords_are_looked_up_in_a_file_and_in_memory() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("breached");
    // SHA-1 of `password` and of `123456`
    let list = "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:9659365\n7c4a8d09ca3762af61e59520943dc26494f8941b\n";
    let mut file = File::create(&path).unwrap();
    // A filter of two hashes has few places: 24 bits make a false positive unlikely.
    build(list.as_bytes(), &mut file, Settings { bits: 24, expected: 2 }).unwrap();
    for filter in [Filter::open(&path).unwrap(), Filter::load(&path).unwrap()] {
        for (text, known) in
            [("password", true), ("123456", true), ("correct horse battery", false), ("", false)]
        {
            assert_eq!(filter.contains(&Password::parse(text).unwrap()).unwrap(), known, "{text}");
        }
    }
    assert!(matches!(Filter::open(&directory.path().join("missing")), Err(FilterError::Io(_))));
}

#[test]
fn a_list_that_is_not_in_order_names_the_line() {
    let known = hashes(3, 1);
    let [a, b, c] = [hex(&known[0]), hex(&known[1]), hex(&known[2])];
    let of = |list: &str| {
        built(list, Settings::new(1)).map(|(_, built)| built.count).map_err(|error| error.to_string())
    };
    for (list, expected) in [
        (String::new(), Ok(0)),
        (a.clone(), Ok(1)),
        (format!("{a}\n{b}:1\r\n{}", c.to_lowercase()), Ok(3)),
        // padding
        (format!("{a}:0\n{b}:1\n"), Ok(1)),
        (format!("{a}\n{c}\n{b}\n"), Err("line 3 is out of order")),
        (format!("{a}\n{b}\n{b}:2\n"), Err("line 3 repeats")),
        (format!("{a}\n\n{b}\n"), Err("line 2 is not")),
        (format!("{a}\n{}\n", b.get(1..).unwrap()), Err("line 2 is not")),
        (format!("{a}\n{b}0\n"), Err("line 2 is not")),
        (format!("{a}\n{b}:x\n"), Err("line 2 is not")),
        (format!("{a}\n{b}:\n"), Err("line 2 is not")),
        (format!("{a}\n{b}:99999999999999999999999\n"), Err("line 2 is not")),
        (format!("{}G\n", a.get(1..).unwrap()), Err("line 1 is not")),
        ("x".repeat(10_000), Err("line 1 is not")),
    ] {
        match (of(&list), expected) {
            (Ok(count), Ok(expected)) => assert_eq!(count, expected, "{list}"),
            (Err(error), Err(expected)) => assert!(error.starts_with(expected), "{list}: {error}"),
            (found, expected) => panic!("{list}: {found:?}, expected {expected:?}"),
        }
    }
    assert!(matches!(built("", Settings { bits: 3, expected: 1 }), Err(BuildError::Bits(3))));
}

#[test]
fn a_filter_that_was_not_finished_is_none() {
    let known = hashes(100, 1);
    let mut file = Cursor::new(Vec::new());
    let broken = list(&known) + "the list ends here";
    assert!(build(broken.as_bytes(), &mut file, Settings::new(100)).is_err());
    assert!(matches!(Filter::from_bytes(file.into_inner()), Err(FilterError::NotAFilter)));
}

#[test]
fn a_guess_that_is_wrong_only_makes_the_filter_slower() {
    let known = hashes(2_000, 1);
    for expected in [0, 1, 2_000, 10_000_000] {
        let (bytes, _) = built(&list(&known), Settings { bits: 10, expected }).unwrap();
        let filter = Filter::from_bytes(bytes).unwrap();
        assert!(known.iter().all(|hash| filter.contains_hash(hash).unwrap()), "{expected}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn damage_is_noticed(at in 0_usize..10_000, change in 1_u8.., cut in 0_usize..10_000, which: bool) {
        let known = hashes(300, 1);
        let (bytes, _) = built(&list(&known), Settings { bits: 8, expected: 20_000 }).unwrap();
        let mut damaged = bytes.clone();
        if which {
            let at = at % bytes.len();
            damaged[at] ^= change;
        } else {
            damaged.truncate(cut % bytes.len());
        }
        // Each hash is found, or its shard is damaged: nothing is silently lost.
        if let Ok(filter) = Filter::from_bytes(damaged) {
            let damaged = known.iter().filter(|hash| filter.contains_hash(hash).map_or(true, |found| { assert!(found); false })).count();
            prop_assert!(damaged > 0);
        }
    }

    #[test]
    fn any_file_is_read_or_refused(mut bytes in proptest::collection::vec(any::<u8>(), 0..300), as_filter: bool) {
        if as_filter {
            let head = [b"DOORPWND".as_slice(), &1_u32.to_le_bytes(), &[10, 2, 0, 0]].concat();
            bytes.splice(0..head.len().min(bytes.len()), head);
        }
        if let Ok(filter) = Filter::from_bytes(bytes) {
            let _ = filter.contains_hash(&[0x55; 20]);
        }
    }

    /// A head whose checksum is right, with shards of any bytes.
    #[test]
    fn shards_of_any_bytes_end(shards in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..60), 0_u32..100), 4), hash: [u8; 20]) {
        let entries = shards.iter().map(|(bytes, count)| Shard { length: bytes.len().try_into().unwrap(), count: *count, checksum: checksum(bytes) }).collect();
        let count = shards.iter().map(|(_, count)| u64::from(*count)).sum();
        let mut file = Header { bits: 10, shard_bits: 2, count, shards: entries }.to_bytes();
        shards.iter().for_each(|(bytes, _)| file.extend_from_slice(bytes));
        let filter = Filter::from_bytes(file).unwrap();
        let _ = filter.contains_hash(&hash);
    }
}
