//! From packages and advisories to vulnerabilities: what several databases say of one fault is one.

use std::collections::{BTreeMap, HashMap};

use super::ecosystem::Ecosystem;
use super::ignore::{Date, Ignores};
use super::inventory::Inventory;
use super::level::{Level, rate};
use super::osv::{Advisories, Record, entries, fixed};
use super::outcome::Outcome;
use super::package::{Package, Unjudged, printable};
use super::version::Version;
use super::vulnerability::Vulnerability;

/// Judges an inventory. `today` decides whether an entry of the ignore file has expired.
pub fn judge(inventory: &Inventory, advisories: &Advisories, ignores: &Ignores, today: Date) -> Outcome {
    let mut of_package: BTreeMap<usize, Vec<&Record>> = BTreeMap::new();
    for (index, id) in &advisories.hits {
        if let Some(record) = advisories.records.get(id) {
            of_package.entry(*index).or_default().push(record);
        }
    }
    let mut outcome = Outcome::of(inventory, advisories);
    outcome.unjudged.extend(without_order(inventory, &of_package));
    for (index, records) in of_package {
        let Some(package) = inventory.packages.get(index) else { continue };
        for group in by_fault(&records) {
            outcome.add(vulnerability(package, &group), ignores, today);
        }
    }
    outcome.expired = ignores.expired(today);
    outcome.sort();
    outcome
}

/// Packages whose version has no place in the order of its ecosystem, and that no record lists by name.
fn without_order(inventory: &Inventory, hits: &BTreeMap<usize, Vec<&Record>>) -> Vec<Unjudged> {
    let packages = inventory.packages.iter().enumerate();
    let unordered = packages.filter(|(index, package)| {
        !hits.contains_key(index) && Version::parse(package.ecosystem, &package.version).is_none()
    });
    let unjudged = unordered.map(|(_, package)| Unjudged {
        file: package.file.clone(),
        line: package.line,
        what: format!("{} {}", package.name, package.version),
        why: format!("this is no version of {}", package.ecosystem),
    });
    unjudged.collect()
}

/// Puts records together that name each other, or the same third one.
fn by_fault<'r>(records: &[&'r Record]) -> Vec<Vec<&'r Record>> {
    let mut group_of: HashMap<&str, usize> = HashMap::new();
    let mut groups: Vec<Vec<&'r Record>> = Vec::new();
    for record in records {
        let mut merged = vec![*record];
        let names = || std::iter::once(&record.id).chain(&record.aliases).map(String::as_str);
        let mut touched: Vec<usize> = names().filter_map(|name| group_of.get(name).copied()).collect();
        touched.sort_unstable();
        touched.dedup();
        for group in touched {
            if let Some(group) = groups.get_mut(group) {
                merged.append(group);
            }
        }
        for name in merged.iter().flat_map(|record| std::iter::once(&record.id).chain(&record.aliases)) {
            group_of.insert(name, groups.len());
        }
        groups.push(merged);
    }
    groups.retain(|group| !group.is_empty());
    groups
}

fn vulnerability(package: &Package, group: &[&Record]) -> Vulnerability {
    let mut ids: Vec<String> = Vec::new();
    let mut records: Vec<&Record> = group.to_vec();
    records.sort_by_key(|record| (preference(&record.id), record.id.clone()));
    let own = records.iter().map(|record| &record.id);
    let mut aliases: Vec<&String> = records.iter().flat_map(|record| &record.aliases).collect();
    aliases.sort_by_key(|id| (preference(id), (*id).clone()));
    for id in own.chain(aliases).map(|id| printable(id)) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let ecosystem = package.ecosystem;
    let rated = records.iter().map(|record| rate(record, &entries(record, ecosystem, &package.name)));
    Vulnerability {
        package: package.clone(),
        summary: summary(&records),
        fixed: fix(&records, package, ecosystem),
        level: level(rated.clone()),
        score: rated.filter_map(|(_, score)| score).max_by(f64::total_cmp),
        ids,
    }
}

/// The highest level that a record states; unknown if none does.
fn level(rated: impl Iterator<Item = (Level, Option<f64>)>) -> Level {
    rated.map(|(level, _)| level).filter(|level| *level != Level::Unknown).max().unwrap_or(Level::Unknown)
}

/// Records may disagree on the version that mends it; the highest one satisfies all of them.
fn fix(records: &[&Record], package: &Package, ecosystem: Ecosystem) -> Option<String> {
    let fixes = records
        .iter()
        .filter_map(|record| fixed(&entries(record, ecosystem, &package.name), ecosystem, &package.version));
    let fixes = fixes.filter_map(|text| Some((Version::parse(ecosystem, &text)?, text)));
    let highest = fixes.max_by(|(a, _), (b, _)| a.compare(b)).map(|(_, text)| text)?;
    Some(printable(highest.strip_prefix('v').filter(|_| ecosystem == Ecosystem::Go).unwrap_or(&highest)))
}

fn summary(records: &[&Record]) -> String {
    let summary = records.iter().find_map(|record| record.summary.as_deref().filter(|text| !text.is_empty()));
    let details = || records.iter().find_map(|record| record.details.as_deref());
    let text = summary.or_else(details).unwrap_or("no description");
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("no description");
    let mut shown: String = printable(line).chars().take(160).collect();
    if shown.chars().count() == 160 {
        shown.push('…');
    }
    shown
}

/// Which id names a fault best: that a package is malicious, then GitHub's, which has most text, then the ecosystem's.
fn preference(id: &str) -> usize {
    const ORDER: [&str; 3] = ["MAL-", "GHSA-", "CVE-"];
    match ORDER.iter().position(|prefix| id.starts_with(prefix)) {
        Some(2) => 3,
        Some(position) => position,
        None => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: &str, aliases: &[&str]) -> Record {
        serde_json::from_value(serde_json::json!({ "id": id, "aliases": aliases })).unwrap()
    }

    #[test]
    fn records_of_one_fault_are_one_group_in_any_order() {
        let records = [
            record("PYSEC-1", &["CVE-1"]),
            record("GHSA-2", &["CVE-2"]),
            record("GHSA-1", &["CVE-1"]),
            record("OTHER-1", &["PYSEC-1"]),
        ];
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 3, 0, 1]] {
            let records: Vec<&Record> = order.iter().map(|index| &records[*index]).collect();
            let mut sizes: Vec<usize> = by_fault(&records).iter().map(Vec::len).collect();
            sizes.sort_unstable();
            assert_eq!(sizes, [1, 3]);
        }
    }
}
