//! Names, as servers fold them.

/// The first name of a key: `a` of `a`, `a[b]` and `[a][b]`. PHP ends a key at a NUL.
pub fn top_name(key: &str) -> &str {
    let key = key.split('\0').next().unwrap_or(key);
    match key.trim_start_matches('[').split_once(['[', ']']) {
        Some((first, _)) if key.starts_with('[') => first,
        Some((first, rest)) if rest.contains(']') => first,
        _ => key,
    }
}

/// Whether some server takes two names for one: in another case, that of Unicode included (Go's `encoding/json` takes
/// `\u{17f}` for `s` and `\u{212a}` for `k`), with the characters that PHP turns into underscores, and without
/// underscores, as readers of Protocol Buffers and camel-case parsers take `userId` for `user_id`.
pub fn is_same_name(one: &str, other: &str) -> bool {
    one == other || letters(one).eq(letters(other))
}

/// What is left of a name when everything goes that some server folds: the same for two names that [`is_same_name`] takes
/// for one.
pub fn folded_name(name: &str) -> String {
    letters(name).collect()
}

fn letters(name: &str) -> impl Iterator<Item = char> {
    let plain = name.trim().chars().filter(|c| !matches!(c, '_' | ' ' | '.' | '['));
    plain.flat_map(char::to_lowercase).flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

/// Every name that some server reads in a key of a query or a form: the whole, and what stands before, between or behind
/// its brackets and dots. Rack drops blanks and brackets in front and ends a name at the next; qs ends it at the first opening one,
/// also where that is never closed; others part names at dots, and pass over one in front.
pub fn top_names(key: &str) -> impl Iterator<Item = &str> {
    let key = key.split('\0').next().unwrap_or(key);
    let bare = key.trim_start_matches([' ', '[', ']', '.']);
    let until = |end: &'static [char]| bare.split(end).next().unwrap_or(bare);
    let names = [top_name(key), key, until(&['[', ']']), until(&['[', ']', '.'])];
    names
        .into_iter()
        .enumerate()
        .filter(move |(at, name)| !names.iter().take(*at).any(|known| known == name))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_server_folds_are_the_same() {
        for name in [
            "task_id",
            "TASK_ID",
            "taskId",
            "task.id",
            "task id",
            "task[id",
            " task_id",
            "ta\u{17f}k_id",
            "tas\u{212a}_id",
        ] {
            assert!(is_same_name(name, "task_id") && is_same_name("task_id", name), "{name}");
        }
        assert!(is_same_name("stra\u{df}e", "STRASSE") && is_same_name("\u{3c3}", "\u{3c2}"));
        for name in ["task", "task_id2", "task-id", "id", "", "t\u{e4}sk_id"] {
            assert!(!is_same_name(name, "task_id"), "{name}");
        }
    }

    #[test]
    fn every_name_that_a_server_reads_in_a_key_is_found() {
        for key in [
            "user_id",
            " user_id",
            " ]user_id",
            "[user_id]",
            "[]user_id",
            "user_id[",
            ".user_id",
            "user_id\0x",
            "user_id[a]",
        ] {
            assert!(top_names(key).any(|name| is_same_name(name, "user_id")), "{key}");
        }
        for key in ["a[user_id]", "a.user_id", "x user_id"] {
            assert!(!top_names(key).any(|name| is_same_name(name, "user_id")), "{key}");
        }
    }
}
