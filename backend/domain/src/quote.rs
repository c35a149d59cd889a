//! Inputs that messages repeat.

/// So much of an input is repeated, in characters.
const SHOWN_MAX: usize = 80;

/// An input as a message quotes it: short, and with escapes for what is not to be seen by itself. A terminal or a log
/// would act on control characters, and what turns the direction of writing shows another text than was sent.
pub fn shorten(text: &str) -> String {
    let mut shown = String::new();
    let mut length = 0;
    for c in text.chars() {
        let is_escaped = is_unseen(c);
        length += if is_escaped {
            c.escape_default().len()
        } else {
            1
        };
        if length > SHOWN_MAX {
            shown.push('…');
            break;
        }
        if is_escaped {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Controls, line and paragraph separators, marks of direction and characters without width.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Digest, Error, Namespace, Noun, RepositoryName, RobotName, TagName};

    #[test]
    fn what_is_long_ends_early_and_what_is_not_stays() {
        assert_eq!(shorten("acme-corp ä あ \\ \" '"), "acme-corp ä あ \\ \" '");
        let fits = "あ".repeat(80);
        assert_eq!(shorten(&fits), fits);
        assert_eq!(shorten(&format!("{fits}x")), format!("{fits}…"));
    }

    #[test]
    fn what_cannot_be_seen_is_written_out() {
        for (input, shown) in [
            ("a\r\nb\tc", "a\\r\\nb\\tc"),
            ("\u{1b}[31mred\0\u{7f}", "\\u{1b}[31mred\\u{0}\\u{7f}"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("safe\u{202e}gpj.exe", "safe\\u{202e}gpj.exe"),
            (
                "a\u{200b}b\u{2028}c\u{feff}",
                "a\\u{200b}b\\u{2028}c\\u{feff}",
            ),
        ] {
            assert_eq!(shorten(input), shown, "{input:?}");
        }
        // An escape is not cut in the middle, and counts for what it takes.
        let bells = shorten(&"\u{7}".repeat(100));
        assert_eq!(bells, format!("{}…", "\\u{7}".repeat(16)));
    }

    #[test]
    fn no_refusal_of_a_name_carries_control_characters() {
        let bad = "a\r\nSet-Cookie: x=1\u{1b}[2J\u{202e}";
        let refusals = [
            bad.parse::<Namespace>().unwrap_err(),
            bad.parse::<RepositoryName>().unwrap_err(),
            bad.parse::<TagName>().unwrap_err(),
            bad.parse::<Digest>().unwrap_err(),
            bad.parse::<crate::Email>().unwrap_err(),
            bad.parse::<RobotName>().unwrap_err(),
            format!("acme+{bad}").parse::<RobotName>().unwrap_err(),
            bad.parse::<crate::MediaType>().unwrap_err(),
            Error::not_found(Noun::Application, bad),
        ];
        for refusal in refusals {
            let message = refusal.to_string();
            assert!(!message.chars().any(is_unseen), "{message:?}");
            assert!(message.contains("a\\r\\nSet-Cookie"), "{message}");
        }
    }
}
