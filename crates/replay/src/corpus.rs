//! Labelled values through the detectors: how many attacks are refused, how many ordinary values pass.
//!
//! The format of a corpus is in `crates/detect/corpus/README.md`.

use std::io;
use std::path::{Path, PathBuf};

use detect::{Confidence, Finding};

/// How deep values are decoded; the gateway's default.
const MAX_DECODE_DEPTH: usize = 3;

/// Labelled values of some classes.
#[derive(Debug)]
pub struct Corpus {
    samples: Vec<Sample>,
}

/// Why a corpus cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// A file or directory cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// The error of the file system.
        source: io::Error,
    },
    /// A directory without `attack.txt` and `benign.txt`.
    #[error("{} holds no corpus", .0.display())]
    Empty(PathBuf),
}

/// One file.
#[derive(Debug)]
struct Sample {
    class: String,
    is_attack: bool,
    /// The values with their line numbers.
    values: Vec<(usize, Vec<u8>)>,
}

/// The results of a corpus.
#[derive(Debug, Default)]
pub struct Scores {
    /// The classes in order of name, with their scores.
    pub classes: Vec<(String, Score)>,
    /// The misjudged values. Every third line of a file is for the score alone and never appears here, so that nobody
    /// adapts a detector to it.
    pub misjudged: Vec<Judged>,
}

/// A value and the verdict on it.
#[derive(Debug)]
pub struct Judged {
    /// The class of the corpus.
    pub class: String,
    /// The line of its file.
    pub line: usize,
    /// The value.
    pub value: Vec<u8>,
    /// Whether the corpus calls it an attack.
    pub is_attack: bool,
    /// The finding, if there is one. Only one of high confidence refuses the value.
    pub finding: Option<Finding>,
}

/// The score of a class.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Score {
    /// The number of attacks.
    pub attacks: usize,
    /// The number of attacks that are refused.
    pub refused: usize,
    /// The number of ordinary values.
    pub ordinary: usize,
    /// The number of ordinary values that pass.
    pub passed: usize,
}

impl Score {
    /// Whether every value is judged right.
    pub fn is_perfect(&self) -> bool {
        self.refused == self.attacks && self.passed == self.ordinary
    }

    /// The mean of the share of refused attacks and the share of passed ordinary values, from 0 to 1. `None` if the class
    /// lacks one of the two.
    pub fn balanced_accuracy(&self) -> Option<f64> {
        let share = |part: usize, whole: usize| (whole > 0).then(|| part as f64 / whole as f64);
        Some((share(self.refused, self.attacks)? + share(self.passed, self.ordinary)?) / 2.0)
    }

    fn count(&mut self, is_attack: bool, is_refused: bool) {
        if is_attack {
            self.attacks += 1;
            self.refused += usize::from(is_refused);
        } else {
            self.ordinary += 1;
            self.passed += usize::from(!is_refused);
        }
    }
}

impl Scores {
    /// The sum over all classes.
    pub fn total(&self) -> Score {
        self.classes.iter().fold(Score::default(), |sum, (_, score)| Score {
            attacks: sum.attacks + score.attacks,
            refused: sum.refused + score.refused,
            ordinary: sum.ordinary + score.ordinary,
            passed: sum.passed + score.passed,
        })
    }
}

impl Corpus {
    /// Reads a directory: `attack.txt` and `benign.txt` of each subdirectory, which is a class, and of the directory
    /// itself, whose values count as class `any`.
    ///
    /// # Errors
    /// If a file cannot be read or there is none.
    pub fn read(directory: &Path) -> Result<Corpus, CorpusError> {
        let mut samples = Vec::new();
        for path in list(directory)? {
            let (class, files) = match path.is_dir() {
                true => (path.file_name().unwrap_or_default().to_string_lossy().into_owned(), list(&path)?),
                false => ("any".to_owned(), vec![path]),
            };
            for file in files {
                let is_attack = match file.file_name().and_then(|name| name.to_str()) {
                    Some("attack.txt") => true,
                    Some("benign.txt") => false,
                    _ => continue,
                };
                let text = std::fs::read_to_string(&file)
                    .map_err(|source| CorpusError::Read { path: file.clone(), source })?;
                samples.push(Sample { class: class.clone(), is_attack, values: values(&text) });
            }
        }
        if samples.is_empty() {
            return Err(CorpusError::Empty(directory.to_owned()));
        }
        Ok(Corpus { samples })
    }

    /// Judges every value.
    pub fn score(&self) -> Scores {
        let mut scores = Scores::default();
        for sample in &self.samples {
            let mut score = Score::default();
            for (line, value) in &sample.values {
                let finding = detect::inspect(value, MAX_DECODE_DEPTH, &detect::ALL);
                let is_refused = finding.as_ref().is_some_and(|found| found.confidence == Confidence::High);
                score.count(sample.is_attack, is_refused);
                if is_refused != sample.is_attack && line % 3 != 0 {
                    scores.misjudged.push(Judged {
                        class: sample.class.clone(),
                        line: *line,
                        value: value.clone(),
                        is_attack: sample.is_attack,
                        finding,
                    });
                }
            }
            scores.add(&sample.class, score);
        }
        scores
    }
}

impl Scores {
    fn add(&mut self, class: &str, score: Score) {
        match self.classes.iter_mut().find(|(known, _)| known == class) {
            None => self.classes.push((class.to_owned(), score)),
            Some((_, sum)) => {
                sum.attacks += score.attacks;
                sum.refused += score.refused;
                sum.ordinary += score.ordinary;
                sum.passed += score.passed;
            }
        }
    }
}

fn list(directory: &Path) -> Result<Vec<PathBuf>, CorpusError> {
    let entries = std::fs::read_dir(directory)
        .map_err(|source| CorpusError::Read { path: directory.to_owned(), source })?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

/// The values of a file with their line numbers; lines that begin with `# ` are notes.
fn values(text: &str) -> Vec<(usize, Vec<u8>)> {
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.is_empty() && !line.starts_with("# "));
    lines.map(|(line, number)| (number, value(line))).collect()
}

/// The value of a line, in which pictures stand for control bytes.
fn value(line: &str) -> Vec<u8> {
    line.replace('␊', "\n").replace('␍', "\r").replace('␉', "\t").replace('␀', "\0").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_their_lines_and_control_bytes() {
        assert_eq!(values("# note\n#value\n\na␀b␉c\n"), [(2, b"#value".to_vec()), (4, b"a\0b\tc".to_vec())]);
    }

    #[test]
    fn the_balanced_accuracy_weighs_both_kinds_alike() {
        for (attacks, refused, ordinary, passed, expected) in
            [(2, 1, 4, 4, Some(0.75)), (0, 0, 4, 4, None), (2, 2, 0, 0, None), (10, 0, 1, 1, Some(0.5))]
        {
            let score = Score { attacks, refused, ordinary, passed };
            assert_eq!(score.balanced_accuracy(), expected, "{score:?}");
        }
    }

    #[test]
    fn a_corpus_is_scored_by_class() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("sql")).unwrap();
        for (file, text) in [
            ("sql/attack.txt", "' OR '1'='1\napples\nalso apples\n"),
            ("sql/benign.txt", "O'Brien\n"),
            ("benign.txt", "hello\n"),
            ("notes.md", "' OR '1'='1\n"),
        ] {
            std::fs::write(directory.path().join(file), text).unwrap();
        }
        let scores = Corpus::read(directory.path()).unwrap().score();
        let any = Score { ordinary: 1, passed: 1, ..Score::default() };
        let sql = Score { attacks: 3, refused: 1, ordinary: 1, passed: 1 };
        assert_eq!(scores.classes, [("any".to_owned(), any), ("sql".to_owned(), sql)]);
        assert!(any.is_perfect() && !scores.total().is_perfect());
        let lines: Vec<usize> = scores.misjudged.iter().map(|judged| judged.line).collect();
        assert_eq!(lines, [2], "line 3 is for the score alone");
        assert!(matches!(Corpus::read(Path::new("/nonexistent")), Err(CorpusError::Read { .. })));
        let empty = tempfile::tempdir().unwrap();
        assert!(matches!(Corpus::read(empty.path()), Err(CorpusError::Empty(_))));
    }
}
