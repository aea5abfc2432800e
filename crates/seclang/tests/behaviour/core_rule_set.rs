//! The OWASP Core Rule Set compiles unmodified (from `CRS_DIR`, beside the clone, or Debian's package), and rules do what
//! the language says.

use std::path::{Path, PathBuf};

use seclang::{Intervention, Phase, RequestHead, RuleSet, Transaction};

fn rule_set() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/crs");
    let candidates = [
        std::env::var_os("CRS_DIR").map(PathBuf::from),
        Some(beside),
        Some("/usr/share/modsecurity-crs".into()),
    ];
    candidates.into_iter().flatten().map(|dir| dir.join("rules")).find(|dir| dir.is_dir())
}

#[test]
fn the_core_rule_set_compiles_as_it_is() {
    let Some(directory) = rule_set() else {
        assert!(std::env::var_os("CI").is_none(), "no core rule set: set CRS_DIR or install modsecurity-crs");
        eprintln!("left out: no core rule set (CRS_DIR, ../shared/crs, modsecurity-crs)");
        return;
    };
    let mut files: Vec<PathBuf> = std::fs::read_dir(directory).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "conf"));
    files.sort();
    let rules = RuleSet::load(&files, "").unwrap();
    assert!(rules.len() > 400, "only {} rules", rules.len());
}

fn rules(text: &str) -> RuleSet {
    RuleSet::parse("own.conf", text, Path::new("")).unwrap_or_else(|e| panic!("{e}"))
}

/// The ids of rules that match a request, and the intervention.
fn run(rules: &RuleSet, target: &str, body: &str) -> (Vec<u64>, Option<Intervention>) {
    let headers: [(&[u8], &[u8]); 2] =
        [(b"host", b"a.example"), (b"content-type", b"application/x-www-form-urlencoded")];
    let head = RequestHead {
        method: b"POST",
        target: target.as_bytes(),
        protocol: b"HTTP/1.1",
        headers: &headers,
        client: Some([10, 1, 2, 3].into()),
    };
    let mut transaction = Transaction::new(rules, &head, b"id");
    let mut asked = transaction.run(Phase::RequestHeaders);
    transaction.request_body(body.as_bytes());
    asked = asked.or_else(|| transaction.run(Phase::RequestBody));
    (transaction.matches().iter().map(|found| found.id).collect(), asked)
}

#[test]
fn chains_markers_counts_and_scores_work_together() {
    let rules = rules(
        r#"
SecDefaultAction "phase:2,log,pass"
SecAction "id:1,phase:1,nolog,setvar:tx.score=0,setvar:'tx.name=A-%{REQUEST_METHOD}'"
SecRule ARGS:/^a/|!ARGS:ax "@rx ^(b)(c)?" "id:2,capture,setvar:tx.score=+2,setvar:tx.group=%{TX.1}%{TX.2},chain"
  SecRule ARGS_GET:q "@streq yes" "setvar:tx.score=+10"
SecRule &ARGS "@eq 0" "id:3,skipAfter:END"
SecRule TX:score "@ge 12" "id:4"
SecRule TX:group "@streq b" "id:5"
SecRule TX:NAME "@endsWith -POST" "id:6"
SecRule REMOTE_ADDR "@ipMatch 10.0.0.0/8,::1" "id:7,t:none"
SecMarker END
SecRule ARGS "!@rx ^[a-z]*$" "id:8,ctl:ruleRemoveById=10-11"
SecRule ARGS "@pm foo BAR" "id:9,deny,status:409,ctl:ruleRemoveTargetById=12;ARGS:a"
SecRule REQUEST_URI "@unconditionalMatch" "id:10"
SecRule ARGS:a "@contains b" "id:12"
"#,
    );
    let ids = |target: &str, body: &str| run(&rules, target, body).0;
    assert_eq!(ids("/", ""), [3, 10]);
    assert_eq!(ids("/?q=yes", "a=b"), [2, 4, 5, 6, 7, 10, 12]);
    assert_eq!(ids("/?q=yes", "ax=b"), [6, 7, 10]);
    assert_eq!(
        ids("/?q=no", "a=bc"),
        [6, 7, 10, 12],
        "the effects of the first link stay, though the chain does not match"
    );
    assert_eq!(ids("/?q=7", ""), [6, 7, 8]);
    let (matched, asked) = run(&rules, "/?q=xbarx", "a=b");
    assert_eq!(matched, [5, 6, 7, 9]);
    let asked = asked.unwrap();
    assert_eq!((asked.rule, asked.status), (9, 409));
}

#[test]
fn a_rule_can_make_the_body_a_variable_for_later_rules() {
    let rules = rules(
        r#"
SecAction "id:1,phase:1,nolog,pass,ctl:requestBodyProcessor=MULTIPART"
SecRule REQUEST_BODY "@contains never" "id:2,phase:2,pass"
SecRule REQUEST_BODY "@rx needle" "id:3,phase:2,pass"
SecAction "id:4,phase:2,nolog,pass,ctl:forceRequestBodyVariable=On"
SecRule REQUEST_BODY "@rx needle" "id:5,phase:2,pass"
"#,
    );
    assert_eq!(run(&rules, "/", "a needle").0, [5]);
}

#[test]
fn detection_only_refuses_nothing() {
    for (mode, matched, asked) in [("On", 1, true), ("DetectionOnly", 1, false), ("Off", 0, false)] {
        let rules = rules(&format!("SecRuleEngine {mode}\nSecRule ARGS x \"id:1,deny,log,phase:2\""));
        let (ids, intervention) = run(&rules, "/?a=x", "");
        assert_eq!((ids.len(), intervention.is_some()), (matched, asked), "{mode}");
    }
}

#[test]
fn updates_change_loaded_rules() {
    let rules = rules(
        "SecRule ARGS x \"id:1,phase:2,tag:a\"\nSecRule ARGS x \"id:2,phase:2,tag:b,deny\"\nSecRule ARGS x \"id:3,phase:2,msg:'gone'\"\n\
         SecRuleRemoveByMsg gone\nSecRuleUpdateTargetByTag ^a$ \"!ARGS:q\"\nSecRuleUpdateActionById 2 \"pass,log\"",
    );
    assert_eq!(run(&rules, "/?q=x", ""), (vec![2], None));
    assert_eq!(run(&rules, "/?r=x", "").0, [1, 2]);
}

#[test]
fn errors_name_file_line_and_reason() {
    for (text, line, words) in [
        ("\nSecRul ARGS x id:1", 2, "SecRul"),
        ("SecRule ARGZ x id:1", 1, "ARGZ"),
        ("SecRule ARGS \"@rx (\" id:1", 1, ""),
        ("SecRule ARGS \"@rxx a\" id:1", 1, "@rxx"),
        ("SecRule ARGS x \"id:1,t:lowercas\"", 1, "lowercas"),
        ("SecRule ARGS x \"id:1,proxy:http://x\"", 1, "proxy"),
        ("SecRule ARGS x \"id:1,exec:/bin/x\"", 1, "exec"),
        ("SecRule ARGS x \"id:1,phase:9\"", 1, "phase"),
        ("SecRule ARGS x \"id:1\"\nSecRule ARGS y \"id:1\"", 2, "already"),
        ("SecRule ARGS x \"id:1,chain\"", 0, "chain"),
        ("Include missing.conf", 1, "matches no file"),
        ("SecRule ARGS \"@pmFromFile missing.data\" id:1", 1, "cannot be read"),
        ("SecRule ARGS \"@inspectFile x\" id:1", 1, "not supported"),
    ] {
        let error = RuleSet::parse("own.conf", text, Path::new("")).unwrap_err();
        assert_eq!(error.line, line, "{text}: {error}");
        assert!(error.reason.contains(words), "{text}: {error}");
    }
}
