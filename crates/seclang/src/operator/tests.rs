//! One table per operator: what matches, and what does not.

use super::*;

type Values<'v> = &'v [&'v [u8]];

/// An argument, values that match, and values that do not.
type Row<'r> = (&'r str, Values<'r>, Values<'r>);

fn operator(name: &str, argument: &str) -> CompiledOperator {
    let raw = Operator { name: name.into(), argument: argument.into(), negated: false };
    CompiledOperator::compile(&raw, Path::new("")).unwrap_or_else(|e| panic!("@{name} {argument}: {e}"))
}

fn check(name: &str, rows: &[Row<'_>]) {
    for (argument, matching, others) in rows {
        let operator = operator(name, argument);
        for (values, expected) in [(matching, true), (others, false)] {
            for value in *values {
                let text = String::from_utf8_lossy(value);
                assert_eq!(operator.matches_alone(value), expected, "@{name} {argument}: {text}");
            }
        }
    }
}

#[test]
fn rx() {
    check(
        "rx",
        &[
            ("^a+b$", &[b"aab", b"x\nab"], &[b"b", b"abc"]),
            ("(?i)union", &[b"UNION", b"x union"], &[b"uni on"]),
            ("", &[b"", b"a"], &[]),
        ],
    );
}

#[test]
fn rx_captures_groups() {
    let mut captures = Captures::new();
    assert!(operator("rx", "(a)(x)?(b)").matches(b"zab", &NoMacros, Some(&mut captures)));
    assert_eq!(captures, [&b"ab"[..], b"a", b"", b"b"]);
}

#[test]
fn pm() {
    check("pm", &[("select |41 42|c ../", &[b"SELECT 1", b"xabcx", b"a/../b"], &[b"sel ect", b"ab c", b""])]);
}

#[test]
fn pm_captures_the_phrase() {
    let mut captures = Captures::new();
    assert!(operator("pm", "foo bar").matches(b"a BAR", &NoMacros, Some(&mut captures)));
    assert_eq!(captures, [b"BAR"]);
}

#[test]
fn texts() {
    check("streq", &[("abc", &[b"abc"], &[b"ABC", b"abcd", b""])]);
    check("contains", &[("bc", &[b"abcd", b"bc"], &[b"b c", b"BC"])]);
    check("strmatch", &[("bc", &[b"abcd"], &[b"b"])]);
    check("beginsWith", &[("ab", &[b"abc", b"ab"], &[b"xab", b"a"])]);
    check("endsWith", &[("bc", &[b"abc", b"bc"], &[b"bcd", b"c"])]);
    check("within", &[("GET,POST", &[b"GET", b"POST", b""], &[b"PUT", b"get"])]);
    check("containsWord", &[("or", &[b"1 or 1", b"or", b"a-or-b"], &[b"order", b"for", b"_or"])]);
}

#[test]
fn numbers() {
    let numbers: [Row<'_>; 6] = [
        ("eq", &[b"5", b" 5x"], &[b"4", b"", b"x"]),
        ("ne", &[b"4", b""], &[b"5"]),
        ("gt", &[b"6"], &[b"5", b"-9"]),
        ("ge", &[b"5", b"6"], &[b"4"]),
        ("lt", &[b"4", b"-9", b"x"], &[b"5"]),
        ("le", &[b"5", b"4"], &[b"6"]),
    ];
    for (name, matching, others) in numbers {
        check(name, &[("5", matching, others)]);
    }
}

#[test]
fn validations_match_what_is_invalid() {
    check("validateByteRange", &[("9,32-126", &[b"a\n", b"\x7f", b"\xff"], &[b"a b\t", b""])]);
    check("validateUrlEncoding", &[("", &[b"%", b"%4", b"%zz"], &[b"%41", b"abc", b""])]);
    check("validateUtf8Encoding", &[("", &[b"\xff", b"\xc0\xaf", b"\xed\xa0\x80"], &["é€".as_bytes(), b""])]);
}

#[test]
fn addresses() {
    check(
        "ipMatch",
        &[
            ("10.0.0.0/8,192.0.2.7", &[b"10.255.0.1", b" 192.0.2.7 "], &[b"11.0.0.1", b"192.0.2.8", b"x"]),
            ("2001:db8::/32, ::1", &[b"2001:db8::5", b"::1"], &[b"2001:db9::", b"127.0.0.1"]),
        ],
    );
}

#[test]
fn check_digits() {
    check("verifyCC", &[(r"\d{13,16}", &[b"card 4111111111111111"], &[b"4111111111111112", b"4111"])]);
    check("verifyCPF", &[(r"[\d.-]{11,14}", &[b"529.982.247-25"], &[b"529.982.247-26"])]);
    check("verifySSN", &[(r"\d{3}-?\d{2}-?\d{4}", &[b"078-05-1120"], &[b"666-05-1120"])]);
}

#[test]
fn injections() {
    check("detectSQLi", &[("", &[b"' or 1=1 -- ", b"1 union select 1"], &[b"select one", b"O'Brien"])]);
    check("detectXSS", &[("", &[b"<script>alert(1)</script>"], &[b"a < b", b"plain"])]);
}

#[test]
fn constants() {
    check("unconditionalMatch", &[("", &[b"", b"a"], &[])]);
    check("noMatch", &[("", &[], &[b"", b"a"])]);
    check("rbl", &[("list.example", &[], &[b"127.0.0.2"])]);
    check("geoLookup", &[("", &[], &[b"192.0.2.1"])]);
    assert!(operator("rbl", "x").warning.is_some() && operator("geoLookup", "").warning.is_some());
    assert!(operator("rx", "x").warning.is_none());
}

#[test]
fn errors_name_the_operator_or_its_argument() {
    for (name, argument, words) in [
        ("rxx", "a", "@rxx"),
        ("rx", "(", ""),
        ("inspectFile", "x", "not supported"),
        ("ipMatch", "10.0.0.0/33", "10.0.0.0/33"),
        ("validateByteRange", "5-4", "5-4"),
        ("pmFromFile", "missing.data", "cannot be read"),
        ("pmFromFile", "https://example.com/x", "remote"),
    ] {
        let raw = Operator { name: name.into(), argument: argument.into(), negated: false };
        let error = CompiledOperator::compile(&raw, Path::new("")).unwrap_err();
        assert!(error.contains(words), "@{name}: {error}");
    }
}
