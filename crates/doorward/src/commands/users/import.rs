//! `doorward users import`: users from elsewhere, with the hashes of their passwords.

use std::path::Path;

use identity::secrets::PasswordHash;
use identity::service::{Email, NewSecret, NewUser, NotMade, UserId};
use serde::Deserialize;

use super::Desk;
use crate::exit::{Exit, Failure};

/// A line of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    #[serde(default)]
    id: Option<Id>,
    email: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    password_hash: Option<String>,
    #[serde(default)]
    roles: List,
    #[serde(default)]
    groups: List,
}

/// An id of the system that the users come from.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Id {
    Number(i64),
    Text(String),
}

/// A list of JSON, or a text parted by semicolons, as CSV has it.
#[derive(Debug, Default, Deserialize)]
#[serde(untagged)]
enum List {
    #[default]
    None,
    Many(Vec<String>),
    One(String),
}

impl List {
    fn items(self) -> Vec<String> {
        match self {
            List::None => Vec::new(),
            List::Many(many) => many,
            List::One(text) => {
                text.split(';').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
            }
        }
    }
}

/// Lines that are told one by one.
const MOST_TOLD: usize = 20;

impl Desk<'_> {
    /// Makes every user of a file that can be made. Those who are there already stay as they are, so that the file can be
    /// imported again after a mend.
    pub(super) async fn import(&self, file: &Path) -> Result<Exit, Failure> {
        let text = std::fs::read_to_string(file)
            .map_err(|e| Failure::usage(miette::miette!("{} cannot be read: {e}", file.display())))?;
        let (mut made, mut there, mut wrong) = (0_usize, 0_usize, 0_usize);
        for (line, row) in rows(&text) {
            let outcome = match row.and_then(user) {
                Ok(new) => self.service.add_user(new, self.now).await.map_err(Failure::could_not_run)?,
                Err(why) => {
                    wrong += 1;
                    if wrong <= MOST_TOLD {
                        eprintln!("doorward: {}:{line}: {why}", file.display());
                    }
                    continue;
                }
            };
            match outcome {
                Ok(_) => made += 1,
                Err(NotMade::Exists) => there += 1,
                Err(NotMade::Bad(why)) => {
                    wrong += 1;
                    eprintln!("doorward: {}:{line}: {why}", file.display());
                }
            }
        }
        outln!("{made} made, {there} were there already, {wrong} could not be read");
        Ok(if wrong == 0 { Exit::Success } else { Exit::Findings })
    }
}

/// The rows of a file, with the number of the line of each.
fn rows(text: &str) -> Vec<(u64, Result<Row, String>)> {
    let is_json = text.trim_start().starts_with('{');
    if is_json {
        let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
        return lines.map(|(line, at)| (at, serde_json::from_str(line).map_err(|e| e.to_string()))).collect();
    }
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let headers = match reader.headers() {
        Ok(headers) => headers.clone(),
        Err(e) => return vec![(1, Err(e.to_string()))],
    };
    let mut rows = Vec::new();
    for record in reader.records() {
        match record {
            Ok(record) => {
                let line = record.position().map_or(0, csv::Position::line);
                let row = record.deserialize(Some(&headers)).map(empty_is_none);
                rows.push((line, row.map_err(|e| e.to_string())));
            }
            Err(e) => rows.push((e.position().map_or(0, csv::Position::line), Err(e.to_string()))),
        }
    }
    rows
}

fn empty_is_none(row: Row) -> Row {
    let some = |text: Option<String>| text.filter(|text| !text.is_empty());
    let id = row.id.filter(|id| !matches!(id, Id::Text(text) if text.is_empty()));
    Row { id, name: some(row.name), password_hash: some(row.password_hash), ..row }
}

fn user(row: Row) -> Result<NewUser, String> {
    let email = Email::parse(&row.email).map_err(|e| format!("`{}`: {e}", row.email))?;
    let secret = match row.password_hash {
        None => NewSecret::None,
        Some(hash) => NewSecret::Hash(
            PasswordHash::parse(&hash).map_err(|e| format!("the hash of {}: {e}", row.email))?,
        ),
    };
    let id = row.id.map(|id| match id {
        Id::Number(number) => number.to_string(),
        Id::Text(text) => text,
    });
    let id = id.map(|id| UserId::parse(&id).map_err(|e| format!("`{id}`: {e}"))).transpose()?;
    Ok(NewUser { id, email, name: row.name, secret, roles: row.roles.items(), groups: row.groups.items() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_formats_say_the_same() {
        let hash = "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";
        let csv = format!(
            "id,email,name,password_hash,roles,groups\n17,ann@example.org,Ann,{hash},admin;staff,\n,\"bob@example.org\",,,,\n"
        );
        let json = format!(
            "{{\"id\":17,\"email\":\"ann@example.org\",\"name\":\"Ann\",\"password_hash\":\"{hash}\",\"roles\":[\"admin\",\"staff\"]}}\n\n{{\"email\":\"bob@example.org\"}}\n"
        );
        for text in [csv, json] {
            let made: Vec<NewUser> =
                rows(&text).into_iter().map(|(_, row)| row.and_then(user).unwrap()).collect();
            assert_eq!(made.len(), 2, "{text}");
            assert_eq!((made[0].email.as_str(), made[0].name.as_deref()), ("ann@example.org", Some("Ann")));
            assert_eq!(made[0].roles, ["admin", "staff"]);
            assert_eq!(made[0].id.as_ref().map(UserId::as_str), Some("17"));
            assert_eq!(made[1].id, None);
            assert!(matches!(&made[0].secret, NewSecret::Hash(_)) && made[0].groups.is_empty());
            assert!(matches!(&made[1].secret, NewSecret::None) && made[1].name.is_none());
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, line, word) in [
            ("email\nann@example.org\nnobody\n", 3, "no e-mail address"),
            ("email,shoe_size\nann@example.org,43\n", 2, "shoe_size"),
            ("{\"email\":\"ann@example.org\",\"shoe_size\":43}", 1, "shoe_size"),
            (
                "{\"email\":\"ann@example.org\",\"password_hash\":\"5f4dcc3b5aa765d61d8327deb882cf99\"}",
                1,
                "hash",
            ),
            ("{\"id\":\"key:1\",\"email\":\"ann@example.org\"}", 1, "key:1"),
            ("{\"email\":\n", 1, ""),
        ] {
            let wrong: Vec<(u64, String)> = rows(text)
                .into_iter()
                .filter_map(|(at, row)| Some((at, row.and_then(user).err()?)))
                .collect();
            assert_eq!(wrong.len(), 1, "{text}: {wrong:?}");
            assert!(wrong[0].0 == line && wrong[0].1.contains(word), "{text}: {wrong:?}");
        }
    }
}
