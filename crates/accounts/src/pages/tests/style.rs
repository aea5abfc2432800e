//! The contrast of the stylesheet's colours, by WCAG 2.2: text 4.5 to 1, the edges of fields 3 to 1.

use std::collections::HashMap;

const STYLE: &str = include_str!("../style.css");

/// The colours of a scheme: the first block of `:root` is the light one, the second the dark one.
fn scheme(block: usize) -> HashMap<&'static str, [f64; 3]> {
    let block = STYLE.split(":root {").nth(block).unwrap().split('}').next().unwrap();
    block
        .lines()
        .filter_map(|line| line.trim().strip_prefix("--")?.strip_suffix(';')?.split_once(": #"))
        .map(|(name, hex)| {
            let channel =
                |at: usize| f64::from(u8::from_str_radix(hex.get(at..at + 2).unwrap(), 16).unwrap()) / 255.0;
            (name, [channel(0), channel(2), channel(4)])
        })
        .collect()
}

fn luminance(colour: [f64; 3]) -> f64 {
    let linear = |c: f64| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) };
    0.2126 * linear(colour[0]) + 0.7152 * linear(colour[1]) + 0.0722 * linear(colour[2])
}

#[test]
fn colours_have_contrast_in_both_schemes() {
    let text = [
        ("text", "card"),
        ("text", "quiet"),
        ("soft", "card"),
        ("soft", "page"),
        ("accent", "card"),
        ("accent-over", "card"),
        ("on-accent", "accent"),
        ("on-accent", "accent-over"),
        ("bad", "card"),
        ("bad", "bad-back"),
        ("good", "good-back"),
    ];
    for block in [1, 2] {
        let colours = scheme(block);
        for ((front, back), least) in
            text.map(|pair| (pair, 4.5)).into_iter().chain([(("edge", "card"), 3.0)])
        {
            let (a, b) = (luminance(colours[front]), luminance(colours[back]));
            let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
            assert!(contrast >= least, "{front} on {back} in scheme {block}: {contrast:.2}");
        }
    }
}
