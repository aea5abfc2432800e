//! What the language does, in tables: a rule, a request, and whether the rule matches or what it does.

use std::path::Path;

use seclang::{Intervention, Phase, Records, RequestHead, ResponseHead, RuleSet, Transaction};

const TARGET: &[u8] = b"/shop/items%20new?a=1&B=two&a=3&bad=%zz";
const HEADERS: [(&[u8], &[u8]); 4] = [
    (b"Host", b"shop.example:8443"),
    (b"User-Agent", b"curl/8"),
    (b"Cookie", b"sid=xyz; theme=dark; flag"),
    (b"Content-Type", b"application/x-www-form-urlencoded"),
];
const BODY: &[u8] = b"c=4&d=%41+b";

/// A media type, a body, and variables with their values.
type BodyCase<'b> = (&'b [u8], &'b [u8], &'b [(&'b str, &'b str)]);

fn load(text: &str) -> RuleSet {
    RuleSet::parse("own.conf", text, Path::new("")).unwrap_or_else(|e| panic!("{text}\n{e}"))
}

fn head<'h>(headers: &'h [(&'h [u8], &'h [u8])]) -> RequestHead<'h> {
    let client = Some([192, 0, 2, 7].into());
    RequestHead { method: b"POST", target: TARGET, protocol: b"HTTP/1.1", headers, client }
}

/// Runs all phases of an exchange; returns the ids that matched, and the first intervention.
fn run(rules: &RuleSet, headers: &[(&[u8], &[u8])], body: &[u8]) -> (Vec<u64>, Option<Intervention>) {
    let mut transaction = Transaction::new(rules, &head(headers), b"id-1");
    let mut intervention = transaction.run(Phase::RequestHeaders);
    transaction.request_body(body);
    intervention = intervention.or_else(|| transaction.run(Phase::RequestBody));
    let response = [(&b"Content-Type"[..], &b"text/html"[..]), (b"X-Own", b"1")];
    transaction.response(&ResponseHead { status: 404, protocol: b"HTTP/1.1", headers: &response });
    intervention = intervention.or_else(|| transaction.run(Phase::ResponseHeaders));
    transaction.response_body(b"not found");
    intervention = intervention.or_else(|| transaction.run(Phase::ResponseBody));
    let _ = transaction.run(Phase::Logging);
    (transaction.matches().iter().map(|found| found.id).collect(), intervention)
}

fn ids(text: &str) -> Vec<u64> {
    run(&load(text), &HEADERS, BODY).0
}

#[test]
fn variables_have_the_values_of_the_exchange() {
    for (variable, value) in [
        ("ARGS:a", "1"),
        ("ARGS:A", "3"),
        ("ARGS:/^b/", "two"),
        ("ARGS_GET:b", "two"),
        ("ARGS_POST:d", "A b"),
        ("ARGS_NAMES", "c"),
        ("ARGS_GET_NAMES", "B"),
        ("ARGS_POST_NAMES", "d"),
        ("ARGS_COMBINED_SIZE", "20"),
        ("&ARGS", "6"),
        ("&ARGS:a", "2"),
        ("&ARGS:nothing", "0"),
        ("QUERY_STRING", "a=1&B=two&a=3&bad=%zz"),
        ("REQUEST_METHOD", "POST"),
        ("REQUEST_PROTOCOL", "HTTP/1.1"),
        ("REQUEST_URI", "/shop/items%20new?a=1&B=two&a=3&bad=%zz"),
        ("REQUEST_URI_RAW", "/shop/items%20new?a=1&B=two&a=3&bad=%zz"),
        ("REQUEST_FILENAME", "/shop/items new"),
        ("REQUEST_BASENAME", "items new"),
        ("REQUEST_LINE", "POST /shop/items%20new?a=1&B=two&a=3&bad=%zz HTTP/1.1"),
        ("REQUEST_HEADERS:user-agent", "curl/8"),
        ("REQUEST_HEADERS_NAMES", "User-Agent"),
        ("&REQUEST_HEADERS", "4"),
        ("REQUEST_COOKIES:sid", "xyz"),
        ("REQUEST_COOKIES:flag", ""),
        ("REQUEST_COOKIES_NAMES", "theme"),
        ("REQUEST_BODY", "c=4&d=%41+b"),
        ("REQUEST_BODY_LENGTH", "11"),
        ("REQBODY_PROCESSOR", "URLENCODED"),
        ("REQBODY_ERROR", "0"),
        ("URLENCODED_ERROR", "1"),
        ("FULL_REQUEST_LENGTH", "50"),
        ("REMOTE_ADDR", "192.0.2.7"),
        ("SERVER_NAME", "shop.example"),
        ("UNIQUE_ID", "id-1"),
        ("HIGHEST_SEVERITY", "255"),
        ("TX:score", "5"),
    ] {
        let text = format!(
            "SecAction id:1,phase:1,nolog,pass,setvar:tx.score=5\nSecRule {variable} \"@streq {value}\" id:2,phase:2,pass"
        );
        assert_eq!(ids(&text), [2], "{variable} is {value}");
    }
    for (variable, value) in [
        ("RESPONSE_STATUS", "404"),
        ("RESPONSE_PROTOCOL", "HTTP/1.1"),
        ("RESPONSE_HEADERS:x-own", "1"),
        ("RESPONSE_HEADERS_NAMES", "X-Own"),
        ("RESPONSE_CONTENT_TYPE", "text/html"),
        ("RESPONSE_CONTENT_LENGTH", "9"),
        ("RESPONSE_BODY", "not found"),
    ] {
        let text = format!("SecRule {variable} \"@streq {value}\" id:2,phase:4,pass");
        assert_eq!(ids(&text), [2], "{variable} is {value}");
    }
}

#[test]
fn bodies_become_variables_by_their_processor() {
    let multipart = b"--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\nX-Part: 1\r\n\r\nhello\r\n--B\r\nContent-Disposition: form-data; name=\"g\"\r\n\r\nvalue\r\n--B--\r\n";
    let bodies: [BodyCase<'_>; 3] = [
        (
            b"application/json",
            br#"{"a":{"b":["x",1]},"c":true}"#,
            &[("REQBODY_PROCESSOR", "JSON"), ("ARGS_POST:json.a.b.array_0", "x"), ("ARGS:json.c", "true")],
        ),
        (
            b"text/xml",
            b"<r a=\"1\"><s>text</s></r>",
            &[("REQBODY_PROCESSOR", "XML"), ("XML:/*", "text"), ("XML://@*", "1")],
        ),
        (
            b"multipart/form-data; boundary=B",
            multipart,
            &[
                ("ARGS_POST:g", "value"),
                ("FILES", "a.txt"),
                ("FILES_NAMES", "f"),
                ("FILES_SIZES", "5"),
                ("FILES_TMP_CONTENT", "hello"),
                ("FILES_COMBINED_SIZE", "5"),
                ("MULTIPART_FILENAME", "a.txt"),
                ("MULTIPART_NAME", "f"),
                ("MULTIPART_PART_HEADERS:f", "X-Part: 1"),
                ("MULTIPART_STRICT_ERROR", "0"),
            ],
        ),
    ];
    for (media_type, body, expected) in bodies {
        for (variable, value) in expected {
            let rules = load(&format!("SecRule {variable} \"@streq {value}\" id:2,phase:2,pass"));
            let found = run(&rules, &[(b"Content-Type", media_type)], body).0;
            assert_eq!(found, [2], "{variable} is {value}");
        }
    }
    // Without a processor a body is only REQUEST_BODY, as in ModSecurity 3.
    for rule in [
        "SecRule REQUEST_BODY \"@streq a=1\" id:2,phase:2,pass",
        "SecRule REQBODY_PROCESSOR \"!@rx .\" id:2,phase:2,pass",
        "SecRule &ARGS_POST \"@eq 0\" id:2,phase:2,pass",
    ] {
        let rules =
            load(&format!("SecAction id:1,phase:1,nolog,pass,ctl:forceRequestBodyVariable=On\n{rule}"));
        assert_eq!(run(&rules, &[(b"Content-Type", b"text/plain")], b"a=1").0, [2], "{rule}");
    }
    for (media_type, body) in [(&b"application/json"[..], &b"{"[..]), (b"text/xml", b"<a>")] {
        let rules = load("SecRule REQBODY_ERROR \"@eq 1\" id:2,phase:2,pass");
        assert_eq!(run(&rules, &[(b"Content-Type", media_type)], body).0, [2]);
    }
}

#[test]
fn disruptive_actions_end_the_exchange_or_not() {
    for (action, expected) in [
        ("deny", Some((403, None))),
        ("deny,status:409", Some((409, None))),
        ("drop", Some((403, None))),
        ("block", Some((403, None))),
        ("redirect:https://a.example/%{REQUEST_METHOD}", Some((302, Some("https://a.example/POST")))),
        ("redirect:/x,status:307", Some((307, Some("/x")))),
        ("pass", None),
        ("allow", None),
    ] {
        let rules = load(&format!("SecAction \"id:1,phase:1,{action}\""));
        let found = run(&rules, &HEADERS, BODY).1;
        let found = found.as_ref().map(|found| (found.status, found.location.as_deref()));
        assert_eq!(found, expected, "{action}");
    }
}

#[test]
fn default_actions_decide_what_block_means() {
    for (default, refused) in [("pass", false), ("deny,status:500", true)] {
        let rules = load(&format!("SecDefaultAction phase:2,log,{default}\nSecAction id:1,phase:2,block"));
        let found = run(&rules, &HEADERS, BODY).1;
        assert_eq!(found.map(|found| found.status), refused.then_some(500), "{default}");
    }
}

#[test]
fn allow_skips_rules_in_its_scope() {
    for (scope, expected) in
        [("allow", &[1, 5][..]), ("allow:request", &[1, 3, 4, 5]), ("allow:phase", &[1, 2, 3, 4, 5])]
    {
        let found = ids(&format!(
            "SecAction id:1,phase:1,log,{scope}\nSecAction id:9,phase:1,log,pass\nSecAction id:2,phase:2,log,pass\n\
             SecAction id:3,phase:3,log,pass\nSecAction id:4,phase:4,log,pass\nSecAction id:5,phase:5,log,pass"
        ));
        assert_eq!(found, expected, "{scope}");
    }
}

#[test]
fn skips_lead_to_later_rules() {
    let rules = |action: &str| {
        format!(
            "SecAction id:1,phase:1,log,pass,{action}\nSecAction id:2,phase:1,log,pass\nSecMarker M\n\
             SecAction id:3,phase:1,log,pass\nSecAction id:4,phase:1,log,pass"
        )
    };
    for (action, expected) in [
        ("skip:1", &[1, 3, 4][..]),
        ("skip:2", &[1, 4]),
        ("skip:9", &[1]),
        ("skipAfter:M", &[1, 3, 4]),
        ("skipAfter:3", &[1, 4]),
        ("skipAfter:nowhere", &[1]),
    ] {
        assert_eq!(ids(&rules(action)), expected, "{action}");
    }
}

#[test]
fn setvar_changes_variables() {
    for (changes, value) in [
        ("setvar:tx.x=a", "a"),
        ("setvar:tx.x", "1"),
        ("setvar:tx.x=5,setvar:tx.x=+3", "8"),
        ("setvar:tx.x=5,setvar:tx.x=-7", "-2"),
        ("setvar:tx.x=+2", "2"),
        ("setvar:tx.y=3,setvar:tx.x=%{tx.y}%{REQUEST_METHOD}", "3POST"),
        ("setvar:tx.y=3,setvar:tx.x=+%{tx.y}", "3"),
        ("setvar:'tx.x=a b'", "a b"),
        ("setvar:TX.X=a", "a"),
        ("setvar:tx.n=x,setvar:tx.%{tx.n}=a", "a"),
    ] {
        let text = format!(
            "SecAction \"id:1,phase:1,nolog,pass,{changes}\"\nSecRule TX:x \"@streq {value}\" id:2,phase:1,pass"
        );
        assert_eq!(ids(&text), [2], "{changes}");
    }
    let text = "SecAction id:1,phase:1,nolog,pass,setvar:tx.x=1,setvar:!tx.x\nSecRule &TX:x \"@eq 0\" id:2,phase:1,pass";
    assert_eq!(ids(text), [2]);
}

#[test]
fn ctl_changes_the_engine_for_the_transaction() {
    let rules = |ctl: &str| {
        format!(
            "SecAction id:1,phase:1,nolog,pass,ctl:{ctl}\n\
             SecRule ARGS:a \"@streq 1\" \"id:10,phase:2,pass,tag:'one',msg:'first'\"\n\
             SecRule ARGS:c \"@streq 4\" \"id:11,phase:2,pass,tag:'two',msg:'second'\""
        )
    };
    for (ctl, expected) in [
        ("ruleRemoveById=10", &[11][..]),
        ("ruleRemoveById=1-10", &[11]),
        ("ruleRemoveByTag=^one$", &[11]),
        ("ruleRemoveByMsg=sec", &[10]),
        ("ruleRemoveTargetById=10;ARGS:a", &[11]),
        ("ruleRemoveTargetById=10;ARGS:b", &[10, 11]),
        ("ruleRemoveTargetByTag=two;ARGS", &[10]),
        ("ruleRemoveTargetByMsg=first;ARGS:/a/", &[11]),
        ("ruleEngine=Off", &[]),
        ("requestBodyAccess=Off", &[10]),
        ("requestBodyProcessor=JSON", &[10]),
        ("auditEngine=Off", &[10, 11]),
    ] {
        assert_eq!(ids(&rules(ctl)), expected, "{ctl}");
    }
}

#[test]
fn multi_match_tests_every_transformation() {
    for (multi_match, expected) in [("", &[][..]), (",multiMatch", &[1])] {
        let text = format!(
            "SecRule ARGS:c \"@streq 4\" \"id:1,phase:2,pass,t:none,t:length,t:hexEncode{multi_match}\""
        );
        assert_eq!(ids(&text), expected);
    }
}

#[test]
fn chains_match_when_all_links_match() {
    for (second, third, expected) in [("yes", "yes", &[1][..]), ("no", "yes", &[]), ("yes", "no", &[])] {
        let text = format!(
            "SecAction id:9,phase:1,nolog,pass,setvar:tx.s={second},setvar:tx.t={third}\n\
             SecRule ARGS:a \"@streq 1\" id:1,phase:2,pass,chain\nSecRule TX:s \"@streq yes\" chain\nSecRule TX:t \"@streq yes\""
        );
        assert_eq!(ids(&text), expected, "{second} {third}");
    }
}

#[test]
fn records_last_across_transactions() {
    let rules = load(
        "SecAction id:1,phase:1,nolog,pass,initcol:ip=%{REMOTE_ADDR},setvar:ip.count=+1,setvar:ip.gone=1,expirevar:ip.gone=0\n\
         SecRule IP:count \"@eq 2\" id:2,phase:1,pass\nSecRule &IP:gone \"@eq 1\" id:3,phase:2,pass",
    );
    let records = Records::new(100);
    let found = [1, 2, 3].map(|_| {
        let mut transaction = Transaction::new(&rules, &head(&HEADERS), b"id");
        transaction.keep_records(&records);
        let _ = transaction.run(Phase::RequestHeaders);
        transaction.matches().iter().map(|found| found.id).collect::<Vec<_>>()
    });
    assert_eq!(found, [vec![], vec![2], vec![]]);
}

#[test]
fn matches_carry_what_the_rule_says() {
    let rules = load(
        "SecComponentSignature own/1\n\
         SecRule ARGS:a \"@rx ^(1)$\" \"id:7,phase:2,pass,capture,t:none,msg:'found %{MATCHED_VAR}',logdata:'%{TX.1} in %{MATCHED_VAR_NAME}',severity:CRITICAL,ver:own/1,tag:'x',tag:'y'\"",
    );
    let mut transaction = Transaction::new(&rules, &head(&HEADERS), b"id");
    let _ = transaction.run(Phase::RequestHeaders);
    let _ = transaction.run(Phase::RequestBody);
    let [found] = transaction.matches() else { panic!("{:?}", transaction.matches()) };
    assert_eq!((found.id, found.line, &*found.file), (7, 2, "own.conf"));
    assert_eq!((found.message.as_str(), found.data.as_str()), ("found 1", "1 in ARGS:a"));
    assert_eq!((found.severity, found.version.as_deref()), (Some(2), Some("own/1")));
    assert_eq!((found.variable.as_str(), &found.value[..]), ("ARGS:a", &b"1"[..]));
    assert_eq!(
        (found.operator.as_str(), &found.tags[..]),
        ("rx ^(1)$", &["x".to_owned(), "y".to_owned()][..])
    );
    assert_eq!(transaction.components(), ["own/1"]);
}

#[test]
fn exempt_arguments_are_inspected_by_no_rule() {
    let rules = load("SecRule ARGS|REQUEST_BODY \"@rx secret\" id:1,phase:2,pass");
    for (exempt, expected) in [(None, &[1][..]), (Some("c"), &[])] {
        let mut transaction = Transaction::new(&rules, &head(&HEADERS), b"id");
        exempt.into_iter().for_each(|name| transaction.exempt(name));
        transaction.request_body(b"c=secret");
        let _ = transaction.run(Phase::RequestBody);
        let found: Vec<u64> = transaction.matches().iter().map(|found| found.id).collect();
        assert_eq!(found, expected, "{exempt:?}");
    }
}

#[test]
fn includes_match_wildcards_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    std::fs::create_dir(directory.path().join("rules")).unwrap();
    write("rules/2-b.conf", "SecAction id:2,phase:1,pass");
    write("rules/1-a.conf", "SecAction id:1,phase:1,pass");
    write("rules/1-a.conf.example", "SecAction id:9,phase:1,pass");
    write("main.conf", "Include rules/*.conf\nIncludeOptional rules/*.none\nIncludeOptional missing.conf");
    for (text, expected) in [
        ("Include main.conf", Ok(vec![1, 2])),
        ("Include rules/2-?.conf", Ok(vec![2])),
        ("Include rules/1-a.conf", Ok(vec![1])),
        ("Include rules/*.none", Err("matches no file")),
        ("Include missing.conf", Err("matches no file")),
        ("Include rules/a**.conf", Err("not a valid pattern")),
    ] {
        match (RuleSet::parse("own.conf", text, directory.path()), expected) {
            (Ok(rules), Ok(expected)) => assert_eq!(run(&rules, &HEADERS, BODY).0, expected, "{text}"),
            (Err(error), Err(words)) => assert!(error.reason.contains(words), "{text}: {error}"),
            (found, _) => panic!("{text}: {:?}", found.map(|rules| rules.len())),
        }
    }
    write("loop.conf", "Include loop.conf");
    let error = RuleSet::load(&[directory.path().join("loop.conf")], "").unwrap_err();
    assert!(error.reason.contains("nested deeper"), "{error}");
}
