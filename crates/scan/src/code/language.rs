//! The languages that are read, and how a file's name tells which it is.

use std::path::Path;

use serde::Deserialize;

/// A language with a grammar and rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Python 3.
    Python,
    /// JavaScript and TypeScript, with JSX: one set of rules holds for all of them.
    JavaScript,
    /// Java.
    Java,
    /// Go.
    Go,
    /// PHP, also between HTML.
    Php,
}

/// The grammar that reads a file: JavaScript has several dialects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Grammar {
    Python,
    JavaScript,
    TypeScript,
    Tsx,
    Java,
    Go,
    Php,
}

impl Language {
    /// All of them.
    pub const ALL: [Language; 5] =
        [Language::Python, Language::JavaScript, Language::Java, Language::Go, Language::Php];

    /// Its name in rule files.
    pub const fn name(self) -> &'static str {
        match self {
            Language::Python => "python",
            Language::JavaScript => "javascript",
            Language::Java => "java",
            Language::Go => "go",
            Language::Php => "php",
        }
    }

    /// The grammar for a snippet of which nothing but the language is known.
    pub(crate) const fn grammar(self) -> Grammar {
        match self {
            Language::Python => Grammar::Python,
            Language::JavaScript => Grammar::Tsx,
            Language::Java => Grammar::Java,
            Language::Go => Grammar::Go,
            Language::Php => Grammar::Php,
        }
    }
}

impl Grammar {
    /// The grammar for a file, by its name; `None` for other files.
    pub(crate) fn of(path: &Path) -> Option<Grammar> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        Some(match extension.as_str() {
            "py" | "pyw" => Grammar::Python,
            "js" | "jsx" | "mjs" | "cjs" => Grammar::JavaScript,
            "ts" | "mts" | "cts" => Grammar::TypeScript,
            "tsx" => Grammar::Tsx,
            "java" => Grammar::Java,
            "go" => Grammar::Go,
            "php" | "phtml" | "inc" => Grammar::Php,
            _ => return None,
        })
    }

    pub(crate) const fn language(self) -> Language {
        match self {
            Grammar::Python => Language::Python,
            Grammar::JavaScript | Grammar::TypeScript | Grammar::Tsx => Language::JavaScript,
            Grammar::Java => Language::Java,
            Grammar::Go => Language::Go,
            Grammar::Php => Language::Php,
        }
    }

    pub(crate) fn parser(self) -> tree_sitter::Language {
        match self {
            Grammar::Python => tree_sitter_python::LANGUAGE.into(),
            Grammar::JavaScript => tree_sitter_javascript::LANGUAGE.into(),
            Grammar::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
            Grammar::Tsx => tree_sitter_typescript::LANGUAGE_TSX.into(),
            Grammar::Java => tree_sitter_java::LANGUAGE.into(),
            Grammar::Go => tree_sitter_go::LANGUAGE.into(),
            Grammar::Php => tree_sitter_php::LANGUAGE_PHP.into(),
        }
    }
}
