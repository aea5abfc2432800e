//! The languages of a site, and which of them a visitor gets.

use super::catalogue::{BUILT_IN, Texts};
use super::tags::{best, best_for};

/// The languages of a site: those that its operator brings, then the built-in ones.
#[derive(Debug, Clone, Default)]
pub struct Languages {
    own: Vec<Texts>,
    default: usize,
}

impl Languages {
    /// The operator's languages beside the built-in ones. One with the tag of a built-in language replaces it. `default` is
    /// the tag for visitors who ask for none of the languages; `None` if no language has it.
    pub fn new(own: Vec<Texts>, default: &str) -> Option<Languages> {
        let mut languages = Languages { own, default: 0 };
        languages.default = best_for(default, &languages.tags())?;
        Some(languages)
    }

    /// The texts of a language, chosen by tag: `pt-BR` finds `pt` if there is nothing closer.
    pub fn of(&self, lang: &str) -> Option<&Texts> {
        best_for(lang, &self.tags()).and_then(|at| self.at(at))
    }

    /// The language that a visitor prefers by the header `Accept-Language`. What is no list of languages, or too long, asks
    /// for the default.
    pub fn accept(&self, header: &str) -> &Texts {
        let chosen = best(header, &self.tags(), self.default).unwrap_or(self.default);
        // The positions are those of `tags`, which has at least the built-in languages.
        let [english, _] = &*BUILT_IN;
        self.at(chosen).unwrap_or(english)
    }

    fn tags(&self) -> Vec<&str> {
        self.own.iter().chain(BUILT_IN.iter()).map(Texts::lang).collect()
    }

    fn at(&self, index: usize) -> Option<&Texts> {
        self.own.iter().chain(BUILT_IN.iter()).nth(index)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn accepted(header: &str) -> String {
        Languages::default().accept(header).lang().to_owned()
    }

    #[test]
    fn the_preferred_language_is_chosen() {
        for (header, expected) in [
            ("de", "de"),
            ("de-AT,de;q=0.9,en;q=0.8", "de"),
            ("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", "en"),
            ("en;q=0.2 , de ; q=0.9", "de"),
            ("de;Q=1.000", "de"),
            ("fr, de;q=0.1", "de"),
            ("de;q=0, en", "en"),
            ("de-CH, de;q=0", "en"),
            ("en;q=0, *", "de"),
            ("*", "en"),
            ("fr", "en"),
            ("", "en"),
            (",,de,", "de"),
            // No lists of languages.
            ("de;q=2", "en"),
            ("de;q=0.1234", "en"),
            ("de;q=", "en"),
            ("de;level=1", "en"),
            ("<script>, de", "en"),
            ("de, \u{e4}\u{f6}", "en"),
        ] {
            assert_eq!(accepted(header), expected, "{header}");
        }
    }

    #[test]
    fn a_header_without_bounds_asks_for_the_default() {
        assert_eq!(accepted(&format!("{}de", "fr,".repeat(31))), "de");
        assert_eq!(accepted(&format!("{}de", "fr,".repeat(32))), "en");
        assert_eq!(accepted(&format!("de{}", " ".repeat(1_000))), "en");
    }

    #[test]
    fn languages_of_the_operator_come_first() {
        let own = Texts { lang: "pt-BR".into(), ..Texts::default() };
        let german = Texts { lang: "de".into(), direction: "own".into(), ..Texts::default() };
        let languages = Languages::new(vec![own, german], "pt-BR").unwrap();
        for (header, expected) in
            [("fr", "pt-BR"), ("pt-br", "pt-BR"), ("pt", "pt-BR"), ("en", "en"), ("*", "pt-BR")]
        {
            assert_eq!(languages.accept(header).lang(), expected, "{header}");
        }
        assert_eq!(languages.accept("de").direction(), "own");
        assert!(Languages::new(Vec::new(), "pt-BR").is_none());
    }

    proptest! {
        #[test]
        fn any_header_has_an_answer(header in "[a-z*;=q0-9., -]{0,80}|\\PC{0,40}") {
            prop_assert!(["en", "de"].contains(&accepted(&header).as_str()));
        }

        #[test]
        fn the_heaviest_of_two_is_chosen(en in 1u16..=1_000, de in 1u16..=1_000) {
            prop_assume!(en != de);
            let q = |weight: u16| format!("{}.{:03}", weight / 1_000, weight % 1_000);
            prop_assert_eq!(
                accepted(&format!("en;q={}, de;q={}", q(en), q(de))),
                if en > de { "en" } else { "de" }
            );
        }
    }
}
