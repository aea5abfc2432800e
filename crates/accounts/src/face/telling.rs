//! Why a password will not do, in the words of pages.

use identity::secrets::Weakness;
use identity::secrets::password::{Suggestion, Warning};
use identity::service::BadPassword;

use crate::texts::{Hint, Problem};

/// What is wrong with what was typed.
#[derive(Debug, Default)]
pub(super) struct Bad {
    pub(super) problems: Vec<Problem>,
    pub(super) hints: Vec<Hint>,
}

impl Bad {
    pub(super) fn one(problem: Problem) -> Self {
        Bad { problems: vec![problem], hints: Vec::new() }
    }

    pub(super) fn of(password: &BadPassword) -> Self {
        match password {
            BadPassword::Breached => Bad::one(Problem::PasswordBreached),
            BadPassword::Weak(Weakness::TooShort { .. }) => Bad::one(Problem::PasswordTooShort),
            BadPassword::Weak(Weakness::TooLong { .. }) => Bad::one(Problem::PasswordTooLong),
            BadPassword::Weak(Weakness::OwnName) => Bad::one(Problem::PasswordIsAboutYou),
            BadPassword::Weak(Weakness::Guessable { warning, suggestions }) => {
                let advice = suggestions.iter().map(|suggestion| advice(*suggestion));
                let hints = warning.map(reason).into_iter().chain(advice).collect();
                Bad { problems: vec![Problem::PasswordWeak], hints }
            }
        }
    }
}

fn reason(warning: Warning) -> Hint {
    match warning {
        Warning::StraightRowsOfKeysAreEasyToGuess | Warning::ShortKeyboardPatternsAreEasyToGuess => {
            Hint::KeyboardRow
        }
        Warning::RepeatsLikeAaaAreEasyToGuess | Warning::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess => {
            Hint::Repeats
        }
        Warning::ThisIsATop10Password | Warning::ThisIsATop100Password | Warning::ThisIsACommonPassword => {
            Hint::Common
        }
        Warning::ThisIsSimilarToACommonlyUsedPassword => Hint::SimilarToCommon,
        Warning::SequencesLikeAbcAreEasyToGuess => Hint::Sequence,
        Warning::RecentYearsAreEasyToGuess => Hint::RecentYear,
        Warning::AWordByItselfIsEasyToGuess => Hint::SingleWord,
        Warning::DatesAreOftenEasyToGuess => Hint::Date,
        Warning::NamesAndSurnamesByThemselvesAreEasyToGuess
        | Warning::CommonNamesAndSurnamesAreEasyToGuess => Hint::Names,
    }
}

fn advice(suggestion: Suggestion) -> Hint {
    match suggestion {
        Suggestion::UseAFewWordsAvoidCommonPhrases => Hint::FewWords,
        Suggestion::NoNeedForSymbolsDigitsOrUppercaseLetters => Hint::NoSymbolsNeeded,
        Suggestion::AddAnotherWordOrTwo => Hint::AddWords,
        Suggestion::CapitalizationDoesntHelpVeryMuch
        | Suggestion::AllUppercaseIsAlmostAsEasyToGuessAsAllLowercase => Hint::Capitals,
        Suggestion::ReversedWordsArentMuchHarderToGuess => Hint::Reversed,
        Suggestion::PredictableSubstitutionsDontHelpVeryMuch => Hint::Substitutions,
        Suggestion::UseALongerKeyboardPatternWithMoreTurns => Hint::LongerPattern,
        Suggestion::AvoidRepeatedWordsAndCharacters => Hint::AvoidRepeats,
        Suggestion::AvoidSequences => Hint::AvoidSequences,
        Suggestion::AvoidRecentYears | Suggestion::AvoidYearsThatAreAssociatedWithYou => Hint::AvoidYears,
        Suggestion::AvoidDatesAndYearsThatAreAssociatedWithYou => Hint::AvoidDates,
    }
}
