//! Literals of which a regular expression needs one: where none of them occurs, it cannot match.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Alternatives beyond which a requirement says too little to be worth looking for.
const MAX_ALTERNATIVES: usize = 400;
/// Bytes of a class that are still spelled out.
const MAX_CLASS: usize = 12;

/// Lower-case literals of which one must occur, whatever its case; none where nothing can be said.
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
    // One that holds another adds nothing.
    let shorter = set.clone();
    set.retain(|long| {
        !shorter.iter().any(|short| short.len() < long.len() && memchr::memmem::find(long, short).is_some())
    });
    set.iter().all(|literal| !literal.is_empty()).then_some(set)
}

/// A requirement: one of these must occur.
struct Requirement {
    literals: Vec<Vec<u8>>,
}

impl Requirement {
    /// How much it says: the shortest literal decides, then how many there are.
    fn worth(&self) -> (usize, std::cmp::Reverse<usize>) {
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

/// The best of what the parts ask for, neighbours that are few and short taken together.
fn concat(parts: &[Hir]) -> Option<Requirement> {
    let mut best: Option<Requirement> = None;
    let mut consider = |found: Requirement| {
        if best.as_ref().is_none_or(|known| found.worth() > known.worth()) {
            best = Some(found);
        }
    };
    // Texts that end where the next part begins.
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

/// The few texts that a part is, nothing more and nothing less.
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

/// The bytes of a small class; letters of both cases are one.
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
    fn what_must_occur_is_found() {
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
