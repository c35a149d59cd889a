//! SQLite's plans.

use rusqlite::{Connection, StatementStatus};

use crate::plan::{GROWING, Plan};

pub(crate) fn explain(connection: &Connection, sql: &str) -> Plan {
    let mut plan = Plan::default();
    let aliases = aliases(sql);
    let mut explained = connection
        .prepare(&format!("explain query plan {sql}"))
        .unwrap_or_else(|error| panic!("{error}: {sql}"));
    let details = explained
        .query_map([], |row| row.get::<_, String>(3))
        .expect("a plan");
    for detail in details {
        note(&detail.expect("a line of text"), &aliases, &mut plan);
    }
    connection.execute_batch("begin").expect("a transaction");
    let mut statement = connection.prepare(sql).expect("it was explained");
    let mut rows = statement.raw_query();
    while rows
        .next()
        .unwrap_or_else(|error| panic!("{error}: {sql}"))
        .is_some()
    {}
    drop(rows);
    plan.work = u64::from(statement.get_status(StatementStatus::VmStep).unsigned_abs());
    drop(statement);
    connection.execute_batch("rollback").expect("it ends");
    plan
}

/// Reads one line, such as `SEARCH r USING INDEX some_idx (namespace_id=? AND name>?)`.
fn note(detail: &str, aliases: &[(String, String)], plan: &mut Plan) {
    let Some((verb, rest)) = detail.split_once(' ') else {
        return;
    };
    let alias = rest.split(' ').next().unwrap_or_default();
    let Some((_, table)) = aliases.iter().find(|(known, _)| known == alias) else {
        return;
    };
    let index = rest
        .split_once("INDEX ")
        .map(|(_, named)| named.split(' ').next().unwrap_or_default());
    match (verb, index) {
        ("SEARCH" | "SCAN", Some(index)) if index.starts_with("sqlite_autoindex") => {
            let columns = rest.split_once('(').map_or("", |(_, columns)| columns);
            plan.ways
                .insert(format!("{table} by ({}", columns.replace("=?", "")));
        }
        ("SEARCH", Some(index)) => {
            plan.ways.insert(format!("{table} by {index}"));
        }
        ("SCAN", Some(index)) => {
            plan.ways.insert(format!("{table} along {index}"));
        }
        ("SEARCH", None) => {
            plan.ways.insert(format!("{table} by key"));
        }
        ("SCAN", None) if GROWING.contains(&table.as_str()) => {
            plan.scans.insert(table.clone());
        }
        _ => {}
    }
}

/// Names under which a statement knows tables.
fn aliases(sql: &str) -> Vec<(String, String)> {
    let plain: String = sql
        .to_lowercase()
        .chars()
        .map(|c| match c {
            '"' | '`' | '(' | ')' | ',' => ' ',
            c => c,
        })
        .collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    let mut aliases = Vec::new();
    for (at, word) in words.iter().enumerate() {
        if GROWING.contains(word) {
            aliases.push(((*word).to_owned(), (*word).to_owned()));
            let next = words.get(at + 1..).unwrap_or_default();
            let alias = match next {
                ["as", alias, ..] | [alias, ..] => *alias,
                [] => continue,
            };
            aliases.push((alias.to_owned(), (*word).to_owned()));
        }
    }
    aliases
}
