//! Arbitrary rules and requests: nothing panics, and rules match the same with and without the filter.
#![no_main]

use std::path::Path;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use seclang::{Phase, RequestHead, RuleSet, Transaction};

/// Rules with every transformation, and operators that inspect values.
fn rules() -> &'static RuleSet {
    static RULES: OnceLock<RuleSet> = OnceLock::new();
    const CHAINS: [&str; 34] = [
        "base64Decode", "base64DecodeExt", "base64Encode", "cmdLine", "compressWhitespace", "cssDecode",
        "escapeSeqDecode", "hexDecode", "hexEncode", "htmlEntityDecode", "jsDecode", "length", "lowercase", "md5",
        "normalizePath", "normalizePathWin", "parityEven7bit", "parityOdd7bit", "parityZero7bit", "removeComments",
        "removeCommentsChar", "removeNulls", "removeWhitespace", "replaceComments", "replaceNulls", "sha1",
        "sqlHexDecode", "trim", "uppercase", "urlDecode", "urlDecodeUni", "urlEncode", "utf8toUnicode",
        "urlDecodeUni,t:htmlEntityDecode,t:jsDecode,t:cssDecode,t:lowercase",
    ];
    const OPERATORS: [&str; 7] = [
        "@rx (?i)<script|on[a-z]+=|\\\\.\\\\./", "@pm select union ../ <svg", "@rx [;|`]\\\\s*(?:cat|id|ls)", "@detectSQLi", "@detectXSS",
        "@validateUrlEncoding", "@validateByteRange 32-126",
    ];
    RULES.get_or_init(|| {
        let mut text = String::new();
        for (c, chain) in CHAINS.iter().enumerate() {
            for (o, operator) in OPERATORS.iter().enumerate() {
                let multi = if (c + o) % 3 == 0 { ",multiMatch" } else { "" };
                text.push_str(&format!(
                    "SecRule ARGS|ARGS_NAMES|REQUEST_COOKIES|REQUEST_FILENAME|REQUEST_BODY|FILES|XML:/*|MULTIPART_PART_HEADERS \"{operator}\" \"id:{},phase:2,pass,log,capture,t:none,t:{chain}{multi},logdata:'%{{TX.0}} %{{MATCHED_VAR_NAME}}'\"\n",
                    1 + c * 10 + o
                ));
            }
        }
        RuleSet::parse("fuzz", &text, Path::new("")).unwrap()
    })
}

fuzz_target!(|data: &[u8]| {
    let Some((kind, rest)) = data.split_first() else { return };
    if kind % 5 == 4 {
        // Rules themselves.
        let _ = RuleSet::parse("fuzz", &String::from_utf8_lossy(rest), Path::new("/nowhere"));
        return;
    }
    let kinds: [&[u8]; 4] =
        [b"application/json", b"application/x-www-form-urlencoded", b"multipart/form-data; boundary=B", b"text/xml"];
    let at = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
    let (target, body) = (&rest[..at], &rest[at..]);
    let headers: [(&[u8], &[u8]); 2] = [(b"content-type", kinds[usize::from(kind % 4)]), (b"cookie", target)];
    let head = RequestHead { method: b"POST", target, protocol: b"HTTP/1.1", headers: &headers, client: None };
    let run = |with_filter: bool| {
        let mut transaction = Transaction::new(rules(), &head, b"id");
        if !with_filter {
            transaction.without_filter();
        }
        transaction.run(Phase::RequestHeaders);
        transaction.request_body(body);
        transaction.run(Phase::RequestBody);
        transaction.matches().to_vec()
    };
    assert_eq!(run(false), run(true));
});
