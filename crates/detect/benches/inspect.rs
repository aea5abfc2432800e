//! The cost of the detectors for ordinary requests, value by value: `cargo bench -p detect`.

use detect::{ALL, inspect};
use divan::Bencher;

fn main() {
    divan::main();
}

/// The inspected values of a browser's request: path segments, query names and values, cookies, headers.
const GET: [&str; 16] = [
    "api",
    "orders",
    "page",
    "2",
    "sort",
    "-created_at",
    "status",
    "open",
    "8f14e45fceea167a5a36dedd4bea2543",
    "dark",
    "en",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "https://shop.example/orders?page=2",
    "1",
    "XMLHttpRequest",
    "0af7651916cd43dd8448eb211c80319c",
];

/// The names and texts of a JSON body of a given size; all texts differ.
fn body(bytes: usize) -> Vec<String> {
    let mut values = Vec::new();
    let mut size = 0;
    for number in 0.. {
        let texts = [
            format!("Blue cotton shirt {number}, size M"),
            format!("Please leave order {number} at the door, thanks!"),
            format!("alice{number}@shop.example"),
        ];
        size += 62 + texts.iter().map(String::len).sum::<usize>();
        values.extend(["id", "name", "quantity", "note", "email"].map(str::to_owned));
        values.extend(texts);
        if size >= bytes {
            return values;
        }
    }
    values
}

fn inspect_all<'v>(values: impl IntoIterator<Item = &'v str>) -> usize {
    values.into_iter().filter(|value| inspect(value.as_bytes(), 3, &ALL).is_some()).count()
}

#[divan::bench(min_time = 1)]
fn get(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| inspect_all(GET));
}

#[divan::bench(args = [500, 10_240, 102_400], min_time = 1)]
fn post(bencher: Bencher<'_, '_>, bytes: usize) {
    let values = body(bytes);
    bencher.bench_local(|| inspect_all(values.iter().map(String::as_str)));
}

/// Values that make detectors inspect every byte: a megabyte each.
#[divan::bench(args = [";cat ", "' or ", "<a b=", "{{{{", "../", "$($(", "`id ", "\\u0041", "%41", "&#65;", "(a=(", "=x onb", "aaaa ", ";", "\n", "`\n", " ", "1+", "-- \n", "{{a}}", "[\"a\","])]
fn hostile(bencher: Bencher<'_, '_>, piece: &str) {
    let value = piece.repeat(1024 * 1024 / piece.len());
    bencher.bench_local(|| inspect_all([value.as_str()]));
}
