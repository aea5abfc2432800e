//! One table per transformation, from ModSecurity's reference manual and its published behaviour.

#![allow(clippy::unwrap_used)]

use super::*;

type Cases = &'static [(&'static [u8], &'static [u8])];

const TABLES: [(&str, Cases); 35] = [
    (
        "base64Decode",
        &[
            (b"VGVzdA==", b"Test"),
            (b"VGVzdENhc2U=", b"TestCase"),
            (b"VGVzdENhc2U", b"TestCase"),
            (b"VGVz\nVGVz", b"Tes"),
            (b"QQ", b"A"),
            (b"Q", b""),
            (b"", b""),
        ],
    ),
    (
        "base64DecodeExt",
        &[(b"P.HNj.cmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==", b"<script>alert(1)</script>"), (b"Q UI=QQ", b"AB")],
    ),
    ("base64Encode", &[(b"TestCase", b"VGVzdENhc2U="), (b"\xff\x00", b"/wA="), (b"", b"")]),
    (
        "cmdLine",
        &[
            (b"C^OMMAND /C D\"ir\";,  x", b"command/c dir x"),
            (b"a (b", b"a(b"),
            (b"c\\a't", b"cat"),
            (b"a\t\r\nb", b"a b"),
        ],
    ),
    ("compressWhitespace", &[(b"a \t\n b\xa0\xa0c", b"a b c"), (b"abc", b"abc"), (b"  ", b" ")]),
    (
        "cssDecode",
        &[
            (br"ja\vascript", b"javascript"),
            (br"\41 b\000042", b"AbB"),
            (b"a\\\nb\\", b"ab"),
            (br"\ff1c", b"<"),
            (br"\0001411", b"A1"),
        ],
    ),
    (
        "escapeSeqDecode",
        &[
            (br#"\a\\\"\x41\101\z"#, b"\x07\\\"AA\\z"),
            (br"\777\8\xg", b"?7\\8\\xg"),
            (br"\b\f\n\r\t\v\?\'", b"\x08\x0c\n\r\t\x0b?'"),
            (b"a\\", b"a\\"),
        ],
    ),
    ("hexDecode", &[(b"546573744361736500", b"TestCase\0"), (b"41zz42", b"A"), (b"414", b"A")]),
    ("hexEncode", &[(b"\x00Te\xff", b"005465ff"), (b"", b"")]),
    (
        "htmlEntityDecode",
        &[
            (b"&#x0;&#X30;&#65&lt;&LT&amp;x", b"\x000A<<&x"),
            (b"&#x;&#a;&unknown;&", b"&#x;&#a;&unknown;&"),
            (b"&quot;&nbsp;", b"\"\xa0"),
            (b"&#321;", b"A"),
            (b"plain", b"plain"),
        ],
    ),
    (
        "jsDecode",
        &[
            (br"\u0041\x42\103\n\q\", b"ABC\nq\\"),
            (br"\uff1c\777\u12", b"<?7u12"),
            (br"\a\b\f\n\r\t\v", b"\x07\x08\x0c\n\r\t\x0b"),
            (br"\xg\8", b"xg8"),
        ],
    ),
    ("length", &[(b"abc", b"3"), (b"", b"0"), (b"1", b"1")]),
    ("lowercase", &[(b"ABC1\xc9", b"abc1\xc9"), (b"abc", b"abc")]),
    ("md5", &[(b"", b"\xd4\x1d\x8c\xd9\x8f\x00\xb2\x04\xe9\x80\x09\x98\xec\xf8\x42\x7e")]),
    (
        "normalizePath",
        &[
            (b"/dir/foo//bar", b"/dir/foo/bar"),
            (b"dir//foo//bar/", b"dir/foo/bar/"),
            (b"dir/../foo", b"foo"),
            (b"dir/./../../foo/bar", b"../foo/bar"),
            (b"dir/./.././../../foo/bar", b"../../foo/bar"),
            (b"/./.././../../../foo/bar", b"/foo/bar"),
            (b"/foo/bar/baz/./../..", b"/foo/"),
            (b"/", b"/"),
            (b"", b""),
            (b"a\\..\\b", b"a\\..\\b"),
        ],
    ),
    (
        "normalizePathWin",
        &[(b"\\dir\\..\\foo", b"/foo"), (b"a\\b/c", b"a/b/c"), (b"C:\\a\\.\\b\\", b"C:/a/b/")],
    ),
    ("parityEven7bit", &[(b"A\x43", b"A\xc3")]),
    ("parityOdd7bit", &[(b"A\x43", b"\xc1C")]),
    ("parityZero7bit", &[(b"\xc1B", b"AB")]),
    (
        "removeComments",
        &[
            (b"a/*b*/c<!-- d -->e--f", b"ace"),
            (b"a#b", b"a"),
            (b"a/*b", b"a"),
            (b"a<!--b", b"a"),
            (b"a-b*/c", b"a-b*/c"),
        ],
    ),
    ("removeCommentsChar", &[(b"a/*b*/c--d#e<!--f-->", b"abcdef"), (b"a-b/c", b"a-b/c")]),
    ("removeNulls", &[(b"a\0b", b"ab"), (b"\0", b"")]),
    ("removeWhitespace", &[(b" a \tb\xa0", b"ab"), (b"a\r\n\x0b\x0cb", b"ab")]),
    ("replaceComments", &[(b"a/* x */b/*", b"a b "), (b"a*/b", b"a*/b"), (b"/**//**/", b"  ")]),
    ("replaceNulls", &[(b"a\0b", b"a b")]),
    (
        "sha1",
        &[(b"abc", b"\xa9\x99\x3e\x36\x47\x06\x81\x6a\xba\x3e\x25\x71\x78\x50\xc2\x6c\x9c\xd0\xd8\x9d")],
    ),
    ("sqlHexDecode", &[(b"0x414243 0xg 0X44", b"ABC 0xg D"), (b"0x4", b"0x4"), (b"0x41420x43", b"ABC")]),
    ("trim", &[(b" \ta b\n", b"a b"), (b"   ", b"")]),
    ("trimLeft", &[(b" a ", b"a ")]),
    ("trimRight", &[(b" a ", b" a")]),
    ("uppercase", &[(b"abc1\xe9", b"ABC1\xe9")]),
    (
        "urlDecode",
        &[
            (b"a%20b+c", b"a b c"),
            (b"%4", b"%4"),
            (b"%zz%41", b"%zzA"),
            (b"%u0041", b"%u0041"),
            (b"%%41", b"%A"),
            (b"", b""),
        ],
    ),
    (
        "urlDecodeUni",
        &[
            (b"%u0041%uff1c", b"A<"),
            (b"%41+", b"A "),
            (b"%u00", b"%u00"),
            (b"%uFFe2", b"\xe2"),
            (b"%u1g11", b"%u1g11"),
            (b"%U0041", b"A"),
        ],
    ),
    ("urlEncode", &[(b"a b*/", b"a+b*%2f"), (b"\xff-_", b"%ff%2d%5f")]),
    ("utf8toUnicode", &[("aé€".as_bytes(), b"a%u00e9%u20ac"), (b"\xff", b"\xff"), (b"a", b"a")]),
];

#[test]
fn each_transformation_does_what_its_table_says() {
    for (name, cases) in TABLES {
        let transformation = Transformation::named(name).unwrap();
        for (value, expected) in cases {
            let found = apply_all(&[transformation], value);
            let text = String::from_utf8_lossy(value);
            assert_eq!(
                found.as_ref(),
                *expected,
                "{name}({text:?}) is {:?}",
                String::from_utf8_lossy(&found)
            );
            assert_eq!(transformation.apply(value).is_none(), value == expected, "{name}({text:?})");
        }
    }
}

#[test]
fn each_transformation_has_a_table() {
    for (name, transformation) in NAMES {
        let has_table = TABLES.iter().any(|(known, _)| Transformation::named(known) == Some(transformation));
        assert!(has_table, "{name}");
    }
}

#[test]
fn chains_apply_in_order() {
    assert_eq!(apply_all(&[Sha1, HexEncode], b"abc").as_ref(), b"a9993e364706816aba3e25717850c26c9cd0d89d");
    assert_eq!(apply_all(&[UrlDecode, HtmlEntityDecode, Lowercase], b"%26lt%3BA").as_ref(), b"<a");
    assert_eq!(apply_all(&[], b"A").as_ref(), b"A");
}
