//! The brand's colours against what they stand on, computed from the tokens: WCAG 2.2 AA.

const TOKENS: &str = include_str!("../style/_tokens.scss");
/// The grounds of `PatternFly`: the page and the frame, light and dark.
const LIGHT: [&str; 2] = ["#ffffff", "#f2f2f2"];
const DARK: [&str; 3] = ["#151515", "#292929", "#383838"];

fn token(name: &str) -> &'static str {
    let line = TOKENS
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with(&format!("{name}:")));
    let value = line.and_then(|line| line.split(": ").nth(1));
    value
        .unwrap_or_else(|| panic!("no token `{name}`"))
        .trim_end_matches(';')
}

fn blue(step: u32) -> &'static str {
    token(&format!("--pf-t--color--blue--{step}"))
}

fn luminance(color: &str) -> f64 {
    let channel = |at: usize| {
        let value =
            f64::from(u8::from_str_radix(&color[at..at + 2], 16).expect("a colour is hexadecimal"))
                / 255.0;
        if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

fn contrast(one: &str, other: &str) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[track_caller]
fn check(front: &str, ground: &str, least: f64) {
    let found = contrast(front, ground);
    assert!(found >= least, "{front} on {ground}: {found:.2}");
}

#[test]
fn black_on_white_is_21() {
    assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 0.01);
}

#[test]
fn links_can_be_read_in_both_themes() {
    for ground in LIGHT {
        check(blue(50), ground, 4.5);
        check(blue(60), ground, 4.5);
    }
    for ground in DARK {
        check(blue(20), ground, 4.5);
        check(blue(10), ground, 4.5);
    }
}

#[test]
fn words_on_primary_buttons_can_be_read_in_both_themes() {
    check("#ffffff", blue(50), 4.5);
    check("#ffffff", blue(60), 4.5);
    // In the dark a button is light, and its words are dark.
    check("#151515", blue(30), 4.5);
    check("#151515", blue(20), 4.5);
}

#[test]
fn words_on_blue_chips_can_be_read_in_both_themes() {
    check("#151515", blue(20), 4.5);
    check("#151515", blue(30), 4.5);
}

#[test]
fn focus_shows_in_both_themes() {
    for ground in LIGHT {
        check(blue(50), ground, 3.0);
    }
    for ground in DARK {
        check(blue(30), ground, 3.0);
    }
}

#[test]
fn the_mark_shows_on_its_ground() {
    check("#ffffff", blue(50), 3.0);
    check(token("--berth--accent"), blue(50), 3.0);
}
