//! Files of texts, and the codes in them.

use super::catalogue::*;

#[test]
fn built_in_languages_have_the_same_keys_and_placeholders() {
    for (file, lang) in [(ENGLISH, "en"), (GERMAN, "de")] {
        let texts = Texts::from_file(file).unwrap();
        assert_eq!(texts.lang(), lang);
        assert_eq!(Texts::of(lang).unwrap().log_in.title, texts.log_in.title);
        let empty: Vec<_> =
            keys(file).unwrap().into_iter().filter(|(_, text)| text.trim().is_empty()).collect();
        assert!(empty.is_empty(), "{empty:?}");
    }
}

#[test]
fn a_language_is_found_by_its_tag_and_by_a_narrower_one() {
    for (tag, found) in
        [("de", Some("de")), ("DE-at", Some("de")), ("en", Some("en")), ("fr", None), ("", None)]
    {
        assert_eq!(Texts::of(tag).map(Texts::lang), found, "{tag}");
    }
}

#[test]
fn a_file_with_other_keys_is_told_all_of_them() {
    let file =
        GERMAN.replace("passkey = \"Mit Passkey", "passkay = \"Mit Passkey").replace("\nor = ", "\nore = ");
    let error = Texts::from_file(&file).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the file of texts has other keys than the English one; \
         missing: log_in.or, log_in.passkey; unknown: log_in.ore, log_in.passkay"
    );
}

#[test]
fn a_file_that_cannot_be_used_is_told_why() {
    let cases = [
        (GERMAN.replace("{minimum}", "{maximum}"), "the text `common.password_rule` must have"),
        (GERMAN.replace("von {site}", "von uns"), "the text `mail.footer` must have"),
        (GERMAN.replace("lang = \"de\"", "lang = \"de\\\"><script>\""), "`lang` has a value"),
        (GERMAN.replace("\"ltr\"", "\"up\""), "`direction` has a value"),
        (
            GERMAN.replace("or = \"oder\"", "or = 7"),
            "the file of texts cannot be read: TOML parse error at line",
        ),
        ("lang =".to_owned(), "the file of texts cannot be read: TOML parse error at line 1"),
        ("#".repeat(MAX_FILE + 1), "the file of texts is longer than"),
    ];
    for (file, expected) in cases {
        let error = Texts::from_file(&file).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn deep_tables_are_an_error_and_nothing_worse() {
    let deep = format!("a = {}1{}", "{ a = ".repeat(20_000), " }".repeat(20_000));
    assert!(Texts::from_file(&deep).is_err());
}

#[test]
fn a_code_is_what_serde_writes_and_leads_back() {
    for problem in Problem::ALL {
        assert_eq!(serde_json::to_value(problem).unwrap(), problem.code());
        assert_eq!(Problem::from_code(problem.code()), Some(*problem));
    }
    for hint in Hint::ALL {
        assert_eq!(serde_json::to_value(hint).unwrap(), hint.code());
    }
    for notice in Notice::ALL {
        assert_eq!(serde_json::to_value(notice).unwrap(), notice.code());
    }
    assert_eq!(Notice::from_code("\"><script>"), None);
}
