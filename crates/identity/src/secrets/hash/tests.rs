use base64::engine::general_purpose::STANDARD_NO_PAD;
use proptest::prelude::*;

use super::*;

fn password(text: &str) -> Password {
    Password::parse(text).unwrap()
}

/// Cheap parameters, for tests that hash often.
const CHEAP: Parameters = Parameters { memory_kib: 64, passes: 1, lanes: 1 };

#[test]
fn published_hashes_are_verified() {
    let long = "x".repeat(100);
    let accents = format!("\u{e9}t\u{e9} {}", "y".repeat(90));
    let beyond_72 =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 are ignored";
    for (algorithm, text, hash) in [
        // the reference implementation of Argon2, test.c
        (
            "argon2id",
            "password",
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        ),
        (
            "argon2id",
            "password",
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        ),
        (
            "argon2id",
            "password",
            "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
        ),
        (
            "argon2id",
            "differentpassword",
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$C4TWUs9rDEvq7w3+J4umqA32aWKB1+DSiRuBfYxFj94",
        ),
        // crypt_blowfish, wrapper.c
        ("bcrypt", "U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        ("bcrypt", "U*U*", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"),
        ("bcrypt", "U*U*U", "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"),
        ("bcrypt", beyond_72, "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui"),
        ("bcrypt", &long, "$2a$05$......................YgIDy4hFBdVlc/6LHnD9mX488r9cLd2"),
        // libxcrypt, by Perl's `crypt`
        (
            "bcrypt",
            "correct horse battery staple",
            "$2b$05$abcdefghijklmnopqrstuuFiPhXf1sVd3pCCRO.uVh34H/qI/ZsuS",
        ),
        ("bcrypt", &accents, "$2y$05$abcdefghijklmnopqrstuuLM3uWHds8valkuqKkkSuqwsHh3Etrg2"),
        // RFC 7914 §12
        (
            "scrypt",
            "password",
            "$scrypt$ln=10,r=8,p=16$TmFDbA$/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWIurzDZLiKjiG/xCSedmDDaxyevuUqD7m2DYMvfoswGQA",
        ),
        // RFC 7914 §11
        (
            "pbkdf2",
            "passwd",
            "$pbkdf2-sha256$i=1,l=64$c2FsdA$VawEblbjCJ/sFpHCJUS2BflBhSFt3gRl5oudV8INrLxJypzM8Xm2RZkWZLOdd+8xfHG4RbHjC9UJESBB06GXgw",
        ),
        (
            "pbkdf2",
            "Password",
            "$pbkdf2-sha256$i=80000$TmFDbA$TdzY9guYviGDDO5e8icB+WQaRBjQTAQUrv8Ih2s0q1ah1CWhIlgzVJrbhBtRybMXaicr3ruh0HhHj2Kzl/M8jQ",
        ),
        // as passlib and Django write them, computed by Python's hashlib
        (
            "pbkdf2",
            "password",
            "$pbkdf2-sha512$1000$c2FsdHNhbHRzYWx0$qEWuBHP82uzPrybCUpp9FMGVDoszagDwOgBhAY44y2gPun4RFBM9zjAnhQjJRk.l/dEEhatLCI65Yj/OYq4dcQ",
        ),
        (
            "pbkdf2",
            "correct horse",
            "pbkdf2_sha256$600000$seasalt2$bmOU19sC9AtlA6aERAlQorZpqYkD87Hou6PG+mlmyqc=",
        ),
    ] {
        let parsed = PasswordHash::parse(hash).unwrap_or_else(|error| panic!("{hash}: {error}"));
        assert_eq!((parsed.as_str(), parsed.algorithm()), (hash, algorithm));
        assert!(parsed.verify(&password(text)), "{hash}");
        assert!(!parsed.verify(&password("U*")), "{hash}");
        assert!(!parsed.verify(&password("")), "{hash}");
        assert!(parsed.is_outdated(&Parameters::default()), "{hash}");
    }
}

#[test]
fn a_new_hash_is_argon2id_and_counts_every_character() {
    let long = "x".repeat(127);
    let hash = PasswordHash::new(&password(&(long.clone() + "y")), &CHEAP).unwrap();
    assert!(hash.as_str().starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
    assert_eq!(PasswordHash::parse(hash.as_str()), Ok(hash.clone()));
    assert!(hash.verify(&password(&(long.clone() + "y"))));
    assert!(!hash.verify(&password(&(long + "z"))));
    assert_eq!(format!("{hash:?}"), "PasswordHash(argon2id)");
    for (present, outdated) in [
        (CHEAP, false),
        (Parameters { passes: 2, ..CHEAP }, true),
        (Parameters { memory_kib: 32, ..CHEAP }, true),
        (Parameters::default(), true),
    ] {
        assert_eq!(hash.is_outdated(&present), outdated, "{present:?}");
    }
    assert_ne!(hash, PasswordHash::new(&password("x"), &CHEAP).unwrap());
}

#[test]
fn a_password_is_the_same_on_every_keyboard() {
    let hash = PasswordHash::new(&password("caf\u{e9} au lait"), &CHEAP).unwrap();
    assert!(hash.verify(&password("cafe\u{301} au lait")));
    // A system that did not normalize has hashed the decomposed letters.
    let salt = b"imported salt...";
    let mut output = [0; 32];
    let typed = "cafe\u{301} au lait";
    CHEAP
        .argon2(Version::V0x13, 32)
        .unwrap()
        .hash_password_into(typed.as_bytes(), salt, &mut output)
        .unwrap();
    let text = format!(
        "$argon2id$v=19$m=64,t=1,p=1${}${}",
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(output)
    );
    assert!(PasswordHash::parse(&text).unwrap().verify(&password(typed)));
}

#[test]
fn what_cannot_be_verified_is_refused_with_the_reason() {
    for (text, expected) in [
        ("", Unsupported::Format),
        ("secret", Unsupported::Format),
        ("$1$salt$qJH7.N4xYta3aEG/dfqo/0", Unsupported::Format),
        ("$2x$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui", Unsupported::Format),
        (
            "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            Unsupported::Format,
        ),
        // slow, but not known
        (
            "pbkdf2:sha256:600000$salt$5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8",
            Unsupported::Format,
        ),
        ("5f4dcc3b5aa765d61d8327deb882cf99", Unsupported::FastDigest),
        ("5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8", Unsupported::FastDigest),
        ("5f4dcc3b5aa765d61d8327deb882cf99:salt", Unsupported::FastDigest),
        ("md5$salt$5f4dcc3b5aa765d61d8327deb882cf99", Unsupported::FastDigest),
        ("sha256$salt$XohImNooBHFR0OVvjcYpJ3NgPQ1qq73WKhHvch0VQtg=", Unsupported::FastDigest),
        ("{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr", Unsupported::FastDigest),
        (
            "$argon2id$v=20$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            Unsupported::Damaged("argon2id"),
        ),
        (
            "$argon2id$v=19$t=2,m=256,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            Unsupported::Damaged("argon2id"),
        ),
        ("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65", Unsupported::Damaged("argon2id")),
        (
            "$argon2id$v=19$m=+256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            Unsupported::Damaged("argon2id"),
        ),
        ("$2b$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeB", Unsupported::Damaged("bcrypt")),
        ("$2b$5$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBuiX", Unsupported::Damaged("bcrypt")),
        ("$2b$05$\u{e9}bcdefghijklmnopqrstu5s2v8.iXieOjg/.AySBTTZIIVFJeBui", Unsupported::Damaged("bcrypt")),
        ("pbkdf2_sha256$600000$seasalt2$bmOU", Unsupported::Damaged("pbkdf2_sha256")),
    ] {
        assert_eq!(PasswordHash::parse(text).map(|_| ()), Err(expected), "{text}");
    }
    for expensive in [
        "$argon2id$v=19$m=1048577,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=256,t=101,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=256,t=2,p=17$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=1048576,t=9,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=7,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$2b$17$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
        "$2b$03$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
        "$scrypt$ln=21,r=8,p=1$TmFDbA$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$scrypt$ln=20,r=8,p=16$TmFDbA$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$pbkdf2-sha256$i=10000001$TmFDbA$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$pbkdf2-sha256$i=0$TmFDbA$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    ] {
        assert!(matches!(PasswordHash::parse(expensive), Err(Unsupported::TooExpensive(..))), "{expensive}");
    }
    assert!(Unsupported::FastDigest.to_string().contains("too fast"));
    assert!(Unsupported::Format.to_string().contains("$2b$"));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,80}") {
        let _ = PasswordHash::parse(&text);
    }

    #[test]
    fn a_changed_hash_is_read_or_refused(at in 0_usize..110, replacement in any::<char>(), which in 0_usize..4) {
        let text = [
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$2b$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
            "$scrypt$ln=10,r=8,p=16$TmFDbA$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$pbkdf2-sha256$i=80000,l=32$TmFDbA$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        ][which];
        let changed: String = text.chars().enumerate().map(|(index, character)| if index == at { replacement } else { character }).collect();
        if let Ok(hash) = PasswordHash::parse(&changed) {
            prop_assert_eq!(hash.as_str(), changed.as_str());
        }
    }
}
