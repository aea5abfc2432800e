//! Files that every system has, and how their content is known.

/// The file of systems in the manner of Unix, and that of Windows.
pub(super) const PASSWD: &str = "etc/passwd";
pub(super) const WIN_INI: &str = "windows/win.ini";

/// Which system file a text has lines of.
pub(super) fn system_file_in(text: &str) -> Option<&'static str> {
    // JSON writes the ends of lines as two characters.
    let text = text.replace("\\n", "\n").replace("\\r", "").replace("\\t", " ");
    let is_account = |line: &str| {
        let line = line.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
        let parts: Vec<&str> = line.split(':').collect();
        let [_, _, user, group, _, home, _, ..] = parts[..] else { return false };
        user.parse::<u32>().is_ok() && group.parse::<u32>().is_ok() && home.contains('/')
    };
    // One line could be an example in a text; a system has more accounts.
    let starts_at_root = text.contains("root:") && text.contains(":0:0:");
    if starts_at_root
        && text.lines().flat_map(|line| line.split('"')).filter(|line| is_account(line)).count() >= 3
    {
        return Some("/etc/passwd");
    }
    let lower = text.to_ascii_lowercase();
    let sections = ["[fonts]", "[extensions]", "[mci extensions]", "[files]"];
    (sections.iter().filter(|section| lower.contains(**section)).count() >= 3).then_some("win.ini")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_files_are_known_by_several_lines() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/sbin/nologin\nbin:x:2:2:bin:/bin:/sbin/nologin\n";
        for (text, expected) in [
            (passwd.to_owned(), Some("/etc/passwd")),
            (serde_json::json!({ "content": passwd }).to_string(), Some("/etc/passwd")),
            (
                "; for 16-bit app support\r\n[fonts]\r\n[extensions]\r\n[mci extensions]\r\n".into(),
                Some("win.ini"),
            ),
            (
                r#"{"title":"The passwd file","body":"root:x:0:0:root:/root:/bin/bash is its first line"}"#
                    .into(),
                None,
            ),
            ("[fonts] are nice".into(), None),
            ("a:b:1:2:c:d:e".into(), None),
        ] {
            assert_eq!(system_file_in(&text), expected, "{text}");
        }
    }
}
