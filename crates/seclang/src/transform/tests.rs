//! What each transformation makes of a value, from ModSecurity's reference manual and its published behaviour.

#![allow(clippy::unwrap_used)]

use super::*;

fn check(name: &str, cases: &[(&[u8], &[u8])]) {
    let transformation = Transformation::named(name).unwrap();
    for (value, expected) in cases {
        let found = apply_all(&[transformation], value);
        assert_eq!(
            found.as_ref(),
            *expected,
            "{name}({:?}) is {:?}",
            String::from_utf8_lossy(value),
            String::from_utf8_lossy(&found)
        );
    }
}

#[test]
fn decodings() {
    check("urlDecode", &[(b"a%20b+c", b"a b c"), (b"%4", b"%4"), (b"%zz%41", b"%zzA"), (b"", b"")]);
    check(
        "urlDecodeUni",
        &[
            (b"%u0041%uff1c", b"A<"),
            (b"%41+", b"A "),
            (b"%u00", b"%u00"),
            (b"%uFFe2", b"\xe2"),
            (b"%u1g11", b"%u1g11"),
        ],
    );
    check("urlEncode", &[(b"a b*/", b"a+b*%2f")]);
    check("base64Decode", &[(b"VGVzdA==", b"Test"), (b"VGVz\nVGVz", b"Tes"), (b"VGVzdENhc2U=", b"TestCase")]);
    check("base64DecodeExt", &[(b"P.HNj.cmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==", b"<script>alert(1)</script>")]);
    check("base64Encode", &[(b"TestCase", b"VGVzdENhc2U=")]);
    check("hexDecode", &[(b"546573744361736500", b"TestCase\0")]);
    check("hexEncode", &[(b"\x00Te\xff", b"005465ff")]);
    check("sqlHexDecode", &[(b"0x414243 0xg 0X44", b"ABC 0xg D"), (b"0x4", b"0x4")]);
    check(
        "htmlEntityDecode",
        &[
            (b"&#x0;&#X30;&#65&lt;&LT&amp;x", b"\x000A<<&x"),
            (b"&#x;&#a;&unknown;&", b"&#x;&#a;&unknown;&"),
            (b"&quot;&nbsp;", b"\"\xa0"),
        ],
    );
    check(
        "jsDecode",
        &[
            (br"\u0041\x42\103\n\q\", b"ABC\nq\\"),
            (br"\uff1c\777\u12", b"<?7u12"),
            (br"\a\b\f\n\r\t\v", b"\x07\x08\x0c\n\r\t\x0b"),
        ],
    );
    check(
        "cssDecode",
        &[
            (br"ja\vascript", b"javascript"),
            (br"\41 b\000042", b"AbB"),
            (b"a\\\nb\\", b"ab"),
            (br"\ff1c", b"<"),
        ],
    );
    check("escapeSeqDecode", &[(br#"\a\\\"\x41\101\z"#, b"\x07\\\"AA\\z")]);
    check("utf8toUnicode", &[("aé€".as_bytes(), b"a%u00e9%u20ac"), (b"\xff", b"\xff")]);
}

#[test]
fn white_space_and_comments() {
    check("compressWhitespace", &[(b"a \t\n b\xa0\xa0c", b"a b c")]);
    check("removeWhitespace", &[(b" a \tb\xa0", b"ab")]);
    check("trim", &[(b" \ta b\n", b"a b")]);
    check("trimLeft", &[(b" a ", b"a ")]);
    check("trimRight", &[(b" a ", b" a")]);
    check("cmdLine", &[(b"C^OMMAND /C D\"ir\";,  x", b"command/c dir x"), (b"a (b", b"a(b")]);
    check("removeNulls", &[(b"a\0b", b"ab")]);
    check("replaceNulls", &[(b"a\0b", b"a b")]);
    check("replaceComments", &[(b"a/* x */b/*", b"a b "), (b"a*/b", b"a*/b")]);
    check("removeCommentsChar", &[(b"a/*b*/c--d#e<!--f-->", b"abcdef")]);
    check("removeComments", &[(b"a/*b*/c<!-- d -->e--f", b"ace")]);
}

#[test]
fn paths() {
    check(
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
        ],
    );
    check("normalizePathWin", &[(b"\\dir\\..\\foo", b"/foo"), (b"a\\b/c", b"a/b/c")]);
}

#[test]
fn digests_and_numbers() {
    check("length", &[(b"abc", b"3")]);
    check("lowercase", &[("ABCÉ".as_bytes(), "abcÉ".as_bytes())]);
    check("uppercase", &[(b"abc1", b"ABC1")]);
    check("md5", &[(b"", b"\xd4\x1d\x8c\xd9\x8f\x00\xb2\x04\xe9\x80\x09\x98\xec\xf8\x42\x7e")]);
    let sha1 = apply_all(&[Sha1, HexEncode], b"abc");
    assert_eq!(sha1.as_ref(), b"a9993e364706816aba3e25717850c26c9cd0d89d");
    check("parityZero7bit", &[(b"\xc1", b"A")]);
    check("parityEven7bit", &[(b"A\x43", b"A\xc3")]);
    check("parityOdd7bit", &[(b"A\x43", b"\xc1C")]);
}
