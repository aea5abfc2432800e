//! Contrast of the page's colours, as WCAG 2.2 counts it: text 4.5 to 1 (§1.4.3), charts 3 to 1 (§1.4.11).

use std::collections::HashMap;

const STYLE: &str = include_str!("../../src/html/style.css");

/// The colours of the light, the dark and the printed page.
fn palettes() -> Vec<HashMap<&'static str, &'static str>> {
    let palette = |block: &'static str| {
        let lines = block.split('}').next().unwrap_or_default().lines();
        lines
            .filter_map(|line| line.trim().strip_prefix("--")?.trim_end_matches(';').split_once(": "))
            .collect()
    };
    STYLE.split(":root {").skip(1).map(palette).collect()
}

fn luminance(color: &str) -> f64 {
    let part = |at: usize| {
        let value = f64::from(u8::from_str_radix(&color[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
}

fn contrast(one: &str, other: &str) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn every_text_and_every_bar_stands_out_in_light_dark_and_print() {
    let palettes = palettes();
    assert_eq!(palettes.len(), 3);
    const LEVELS: [&str; 5] = ["critical", "high", "medium", "low", "info"];
    for palette in &palettes {
        let stands_out = |front: &str, back: &str, least: f64| {
            let found = contrast(palette[front], palette[back]);
            assert!(found >= least, "{front} on {back}: {found:.2}");
        };
        for back in ["page", "card", "code"] {
            for front in ["text", "soft", "accent"] {
                stands_out(front, back, 4.5);
            }
        }
        for level in LEVELS {
            stands_out("on-badge", level, 4.5);
            stands_out(level, "card", 3.0);
        }
        for standing in ["critical", "medium", "good", "soft"] {
            stands_out(standing, "card", 4.5);
        }
    }
}

/// Where the style is taken away, the attributes of the charts remain, on white.
#[test]
fn the_charts_stand_out_without_the_style() {
    let source = include_str!("../../src/html/chart.rs");
    let colors: Vec<&str> = source.split("\"#").skip(1).map(|rest| &rest[..6]).collect();
    assert_eq!(colors.len(), 9);
    for color in colors {
        assert!(contrast(&format!("#{color}"), "#ffffff") >= 3.0, "{color}");
    }
}
