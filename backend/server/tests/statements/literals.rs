//! Statements with the values in them that were bound to them, so that a database can be asked about
//! what really ran; and without any, so that two runs of one statement are one line.

use std::fmt::Write as _;

use berth_testkit::recorder::Statement;

/// The statement with its values in place of the parameters.
pub(crate) fn filled_in(statement: &Statement) -> String {
    let values = values(&statement.binds);
    let (mut filled, mut next) = (String::new(), 0);
    let mut rest = statement.sql.chars().peekable();
    let mut quote = None;
    while let Some(c) = rest.next() {
        match (quote, c) {
            (Some(q), _) => {
                if c == q {
                    quote = None;
                }
                filled.push(c);
            }
            (None, '\'' | '"' | '`') => {
                quote = Some(c);
                filled.push(c);
            }
            (None, '?') => {
                filled.push_str(values.get(next).map_or("null", String::as_str));
                next += 1;
            }
            (None, '$') => {
                let mut number = String::new();
                while let Some(digit) = rest.next_if(char::is_ascii_digit) {
                    number.push(digit);
                }
                let index: usize = number.parse().expect("a numbered parameter");
                filled.push_str(values.get(index - 1).map_or("null", String::as_str));
            }
            (None, _) => filled.push(c),
        }
    }
    filled
}

/// The statement as it is told apart from others: lower case, no quotes, no values, no columns.
pub(crate) fn generalized(statement: &Statement) -> String {
    let mut general = String::new();
    let mut rest = statement.sql.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' | '`' => {}
            '\'' => {
                let text: String = rest.by_ref().take_while(|c| *c != '\'').collect();
                general.extend(["'", text.as_str(), "'"]);
            }
            '$' | '?' => {
                while rest.next_if(char::is_ascii_digit).is_some() {}
                general.push('?');
            }
            c if c.is_ascii_digit() && !in_name(&general) => {
                let mut number = String::from(c);
                while let Some(digit) = rest.next_if(char::is_ascii_digit) {
                    number.push(digit);
                }
                // 0 and what follows `select` and `then` are of the statement, others are values.
                let kept =
                    number == "0" || general.ends_with("select ") || general.ends_with("then ");
                general.push_str(if kept { &number } else { "?" });
            }
            c if c.is_whitespace() => {
                if !general.ends_with(' ') {
                    general.push(' ');
                }
            }
            c => general.extend(c.to_lowercase()),
        }
    }
    shortened(&general)
}

/// Whether what comes next goes on with a name.
fn in_name(text: &str) -> bool {
    text.ends_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// Without the columns that it reads, with one sign for any list, and without locks, which only
/// one of both databases has.
fn shortened(general: &str) -> String {
    let mut text = general.to_owned();
    for lock in [" for update", " for share", " skip locked"] {
        text = text.replace(lock, "");
    }
    text = text
        .replace("= any(?)", "in (?)")
        .replace(" escape '\\'", "");
    for (from, to) in [
        ("?, ?", "?"),
        ("?,?", "?"),
        ("(?),(?)", "(?)"),
        ("  ", " "),
        ("escape ?", ""),
    ] {
        while text.contains(from) {
            text = text.replace(from, to);
        }
    }
    if let Some(rest) = text.strip_prefix("select ")
        && let Some(at) = outermost(rest, " from ")
    {
        text = format!("select …{}", &rest[at..]);
    }
    if let Some(at) = text.find(" returning ") {
        text.truncate(at);
    }
    text.trim().to_owned()
}

/// Where a word stands outside parentheses.
fn outermost(text: &str, word: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ if depth == 0 && text[at..].starts_with(word) => return Some(at),
            _ => {}
        }
    }
    None
}

/// The SQL literals of what was bound, from what Rust prints of it.
fn values(binds: &str) -> Vec<String> {
    let inner = binds
        .trim()
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    split(inner.unwrap_or_default())
        .iter()
        .map(|text| literal(text))
        .collect()
}

/// A text as `Debug` writes it in the words of JSON, which writes characters beyond the first plane in two halves.
fn in_json(text: &str) -> String {
    let mut parts = text.split("\\u{");
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_once('}').expect("the end of an escape");
        let number = u32::from_str_radix(digits, 16).expect("digits of an escape");
        let character = char::from_u32(number).expect("a character");
        for unit in character.encode_utf16(&mut [0; 2]) {
            write!(written, "\\u{unit:04x}").expect("a text takes all");
        }
        written.push_str(rest);
    }
    written
}

fn literal(text: &str) -> String {
    let text = text.trim();
    if text.starts_with('"') {
        let plain: String = serde_json::from_str(&in_json(text)).expect("a quoted text");
        return format!("'{}'", plain.replace('\'', "''"));
    }
    if let Some(list) = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
    {
        let items: Vec<String> = split(list)
            .iter()
            .map(|item| literal(item).replace('\'', "\""))
            .collect();
        return format!("'{{{}}}'", items.join(","));
    }
    if let Some((_, inner)) = text.strip_suffix(')').and_then(|text| text.split_once('(')) {
        return literal(inner);
    }
    match text {
        "None" => "null".to_owned(),
        "true" | "false" => text.to_owned(),
        number if number.parse::<f64>().is_ok() => number.to_owned(),
        variant => format!("'{}'", snake_case(variant)),
    }
}

/// How the database spells a variant of an enum.
fn snake_case(variant: &str) -> String {
    let mut name = String::new();
    for c in variant.chars() {
        if c.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(c.to_lowercase());
    }
    name
}

/// Splits at commas outside quotes and brackets.
fn split(list: &str) -> Vec<String> {
    let (mut items, mut item, mut depth, mut quoted, mut escaped) =
        (Vec::new(), String::new(), 0, false, false);
    for c in list.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                items.push(std::mem::take(&mut item));
                continue;
            }
            _ => {}
        }
        item.push(c);
    }
    if !item.trim().is_empty() {
        items.push(item);
    }
    items
}

#[test]
fn values_become_literals() {
    assert_eq!(
        values(
            r#"[RepositoryId(5), "it's, [so]", Open, ReadOnly, None, Some(Timestamp(-7)), [1, 2], true]"#
        ),
        [
            "5",
            "'it''s, [so]'",
            "'open'",
            "'read_only'",
            "null",
            "-7",
            "'{1,2}'",
            "true"
        ]
    );
}

#[test]
fn statements_are_told_apart_by_their_form() {
    let sql = "SELECT \"tags\".\"id\" FROM \"tags\" WHERE \"tags\".\"id\" = ANY($1)  and x in (12,345) LIMIT $2 FOR UPDATE";
    let statement = Statement {
        sql: sql.to_owned(),
        binds: String::new(),
    };
    assert_eq!(
        generalized(&statement),
        "select … from tags where tags.id in (?) and x in (?) limit ?"
    );
}
