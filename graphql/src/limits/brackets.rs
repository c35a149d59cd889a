//! Brackets of a document's text, counted before the parser sees it: its recursion on a hostile one
//! would use up the stack. Strings and comments end here where they end for the parser.

/// Deepest nesting of brackets outside strings and comments.
pub(super) fn nesting(document: &str) -> usize {
    let (mut deepest, mut depth, mut rest) = (0_usize, 0_usize, document);
    while let Some(at) = rest.find(['{', '[', '(', '}', ']', ')', '"', '#']) {
        let (found, tail) = rest[at..].split_at(1);
        rest = match found {
            "{" | "[" | "(" => {
                depth += 1;
                deepest = deepest.max(depth);
                tail
            }
            "#" => tail.split_once(['\n', '\r']).map_or("", |(_, next)| next),
            "\"" => match tail.strip_prefix("\"\"") {
                Some(block) => after_block(block),
                None => after_string(tail),
            },
            _ => {
                depth = depth.saturating_sub(1);
                tail
            }
        };
    }
    deepest
}

/// What follows a string whose opening quote was read.
fn after_string(text: &str) -> &str {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' | '\n' => return &text[at + 1..],
            _ => {}
        }
    }
    ""
}

/// What follows a block string whose opening quotes were read. Only `\"""` is an escape in it.
fn after_block(mut text: &str) -> &str {
    while let Some((inside, next)) = text.split_once("\"\"\"") {
        text = next;
        if !inside.ends_with('\\') {
            return text;
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::nesting;

    #[test]
    fn brackets_are_counted_outside_strings_and_comments() {
        let cases = [
            ("{ a { b } c { d } }", 2),
            ("{ a(x: \"{{{{\") # }}} {{{{\n { b } }", 2),
            ("{ a(x: \"\"\"{{\" {{\"\"\") { b } }", 2),
            ("{ a(x: \"\\\"{{\") { b } }", 2),
            ("", 0),
        ];
        for (document, depth) in cases {
            assert_eq!(nesting(document), depth, "{document}");
        }
        assert_eq!(nesting(&"{a".repeat(1000)), 1000);
    }

    #[test]
    fn no_string_or_comment_goes_on_for_longer_than_the_parser_thinks() {
        let bomb = "{a".repeat(1000);
        for opening in [
            "{ # \r",
            "{ a(x: \"\"\" \\\"\"\" \"\"\") ",
            "{ a(x: \"\"\"\\\\\\\"\"\"\"\"\") ",
            "{ a(x: \"\"\"\"\"\") ",
            "{ a(x: \"\\\\\") ",
            "{ a(x: \"\") ",
        ] {
            assert_eq!(nesting(&format!("{opening}{bomb}")), 1001, "{opening}");
        }
    }
}
