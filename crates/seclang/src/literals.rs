//! Required literals of a regular expression: it cannot match a value that contains none of them.

use regex_syntax::hir::{Class, Hir, HirKind};

/// With more alternatives, a search excludes too little.
const MAX_ALTERNATIVES: usize = 400;
/// Larger character classes are not expanded.
const MAX_CLASS: usize = 12;

/// Returns lower-case literals of which every match contains at least one, whatever its case; `None` if there are none.
pub(crate) fn required(pattern: &str) -> Option<Vec<Vec<u8>>> {
    let hir = regex_syntax::ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .dot_matches_new_line(true)
        .multi_line(true)
        .build()
        .parse(pattern)
        .ok()?;
    let mut set = of(&hir)?.literals;
    for literal in &mut set {
        literal.make_ascii_lowercase();
    }
    set.sort();
    set.dedup();
    // A literal that contains another adds nothing.
    let shorter = set.clone();
    set.retain(|long| {
        !shorter.iter().any(|short| short.len() < long.len() && memchr::memmem::find(long, short).is_some())
    });
    set.iter().all(|literal| !literal.is_empty()).then_some(set)
}

/// At least one of these occurs in every match.
struct Requirement {
    literals: Vec<Vec<u8>>,
}

impl Requirement {
    /// How much it excludes: more with a longer shortest literal, then with fewer literals.
    fn selectivity(&self) -> (usize, std::cmp::Reverse<usize>) {
        let shortest = self.literals.iter().map(Vec::len).min().unwrap_or(0);
        (shortest.min(4), std::cmp::Reverse(self.literals.len()))
    }
}

fn of(hir: &Hir) -> Option<Requirement> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => None,
        HirKind::Literal(literal) => Some(Requirement { literals: vec![literal.0.to_vec()] }),
        HirKind::Class(class) => {
            Some(Requirement { literals: bytes(class)?.into_iter().map(|b| vec![b]).collect() })
        }
        HirKind::Repetition(repetition) => (repetition.min > 0).then(|| of(&repetition.sub)).flatten(),
        HirKind::Capture(capture) => of(&capture.sub),
        HirKind::Alternation(parts) => {
            let mut literals = Vec::new();
            for part in parts {
                literals.extend(of(part)?.literals);
                if literals.len() > MAX_ALTERNATIVES {
                    return None;
                }
            }
            Some(Requirement { literals })
        }
        HirKind::Concat(parts) => concat(parts),
    }
}

/// The most selective requirement of the parts. Neighbours with few exact texts are joined.
fn concat(parts: &[Hir]) -> Option<Requirement> {
    let mut best: Option<Requirement> = None;
    let mut consider = |found: Requirement| {
        if best.as_ref().is_none_or(|known| found.selectivity() > known.selectivity()) {
            best = Some(found);
        }
    };
    // The texts of the exact parts just before.
    let mut run: Vec<Vec<u8>> = vec![Vec::new()];
    let flush = |run: &mut Vec<Vec<u8>>, consider: &mut dyn FnMut(Requirement)| {
        if run.iter().all(|text| !text.is_empty()) {
            consider(Requirement { literals: std::mem::take(run) });
        }
        *run = vec![Vec::new()];
    };
    for part in parts {
        match exact(part) {
            Some(texts) if run.len() * texts.len() <= 64 => {
                run = run
                    .iter()
                    .flat_map(|before| texts.iter().map(move |text| [before.as_slice(), text].concat()))
                    .collect();
            }
            _ => {
                flush(&mut run, &mut consider);
                if let Some(found) = of(part) {
                    consider(found);
                }
            }
        }
    }
    flush(&mut run, &mut consider);
    best
}

/// All texts that a part matches, if they are few.
fn exact(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    match hir.kind() {
        HirKind::Literal(literal) => Some(vec![literal.0.to_vec()]),
        HirKind::Class(class) => {
            let bytes = bytes(class)?;
            (bytes.len() <= 4).then(|| bytes.into_iter().map(|b| vec![b]).collect())
        }
        HirKind::Capture(capture) => exact(&capture.sub),
        HirKind::Alternation(parts) => {
            let mut texts = Vec::new();
            for part in parts {
                texts.extend(exact(part)?);
            }
            (texts.len() <= 16).then_some(texts)
        }
        HirKind::Concat(parts) => {
            let mut texts: Vec<Vec<u8>> = vec![Vec::new()];
            for part in parts {
                let next = exact(part)?;
                if texts.len() * next.len() > 16 {
                    return None;
                }
                texts =
                    texts.iter().flat_map(|t| next.iter().map(move |n| [t.as_slice(), n].concat())).collect();
            }
            Some(texts)
        }
        _ => None,
    }
}

/// The bytes of a small class, in lower case.
fn bytes(class: &Class) -> Option<Vec<u8>> {
    let Class::Bytes(class) = class else { return None };
    let mut all = Vec::new();
    for range in class.ranges() {
        if usize::from(range.end() - range.start()) > 2 * MAX_CLASS {
            return None;
        }
        all.extend((range.start()..=range.end()).map(|b| b.to_ascii_lowercase()));
    }
    all.sort_unstable();
    all.dedup();
    (!all.is_empty() && all.len() <= MAX_CLASS).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(pattern: &str) -> Option<Vec<String>> {
        required(pattern).map(|set| set.iter().map(|l| String::from_utf8_lossy(l).into_owned()).collect())
    }

    #[test]
    fn required_literals_are_found() {
        for (pattern, literals) in [
            ("foo", &["foo"][..]),
            ("(?i)Foo|BAR+", &["ba", "foo"]),
            (r"\s*union\s+(?:all\s+)?select", &["union"]),
            (r"x*y+z", &["y"]),
            (r"<(?:script|img)\b", &["<img", "<script"]),
            (r"[<>]a", &["<a", ">a"]),
            (r"(?:ab|a)c", &["abc", "ac"]),
        ] {
            let found = texts(pattern).unwrap_or_default();
            for literal in literals {
                assert!(
                    found.iter().any(|f| literal.contains(f.as_str()) || f == literal),
                    "{pattern}: {found:?}"
                );
            }
        }
        for pattern in ["a*", "(?:a|b*)", ".", "^$"] {
            assert_eq!(texts(pattern), None, "{pattern}");
        }
    }
}
