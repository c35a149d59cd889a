//! Committed tables: a line of text for each key and database.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

/// Databases in the order of their columns.
pub(crate) const DATABASES: [&str; 2] = ["sqlite", "postgresql"];

type Cells = [Option<String>; 2];

/// Keys, and what each database says to them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Table(BTreeMap<String, Cells>);

impl Table {
    pub(crate) fn set(&mut self, key: &str, database: &str, cell: String) {
        let column = DATABASES.iter().position(|name| *name == database);
        self.0.entry(key.to_owned()).or_default()[column.expect("a known one")] = Some(cell);
    }

    fn render(&self) -> String {
        let mut text = String::new();
        for (key, cells) in &self.0 {
            let _ = writeln!(text, "{key}");
            match cells {
                [Some(one), Some(other)] if one == other => {
                    let _ = writeln!(text, "    both: {one}");
                }
                cells => {
                    for (name, cell) in DATABASES.iter().zip(cells) {
                        if let Some(cell) = cell {
                            let _ = writeln!(text, "    {name}: {cell}");
                        }
                    }
                }
            }
        }
        text
    }

    fn parse(text: &str) -> Self {
        let (mut table, mut key) = (Self::default(), "");
        for line in text.lines() {
            match line.strip_prefix("    ") {
                None => key = line,
                Some(cell) => {
                    let (name, cell) = cell.split_once(": ").expect("a database and its cell");
                    for database in DATABASES {
                        if name == database || name == "both" {
                            table.set(key, database, cell.to_owned());
                        }
                    }
                }
            }
        }
        table
    }

    /// Compares with the committed table, as far as databases were asked. With
    /// `BERTH_UPDATE_TABLES` set, and both asked, the file is written anew instead.
    pub(crate) fn check(&self, name: &str) {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("tests/statements")
            .join(name);
        let committed = Self::parse(&std::fs::read_to_string(&path).unwrap_or_default());
        let asked = |column: usize| self.0.values().any(|cells| cells[column].is_some());
        if std::env::var_os("BERTH_UPDATE_TABLES").is_some() {
            assert!(
                asked(0) && asked(1),
                "a table is written with both databases"
            );
            std::fs::write(&path, self.render()).unwrap();
            return;
        }
        let keys = self.0.keys().chain(committed.0.keys());
        let mut differences = String::new();
        for key in keys {
            for (column, database) in DATABASES.iter().enumerate().filter(|(n, _)| asked(*n)) {
                let cell = |table: &Self| table.0.get(key).and_then(|cells| cells[column].clone());
                let (found, known) = (cell(self), cell(&committed));
                let is_same = if *database == "postgresql" {
                    found.as_deref().map(weighed) == known.as_deref().map(weighed)
                } else {
                    found == known
                };
                if !is_same {
                    let _ = writeln!(
                        differences,
                        "{key}\n  {database} was {known:?}\n  {database} is {found:?}"
                    );
                }
            }
        }
        assert!(
            differences.is_empty(),
            "{name} differs; review it, then run with BERTH_UPDATE_TABLES=1:\n{differences}"
        );
    }
}

/// What counts of a cell. Of two indexes that cost the same PostgreSQL takes the one or the other, as its
/// statistics come out; that a table is read by an index, along one or whole, is what has to stay.
fn weighed(cell: &str) -> BTreeSet<String> {
    let reads = cell.split(", ").map(|read| {
        let mut words = read.split(' ');
        match (words.next(), words.next()) {
            (Some(table), Some(how @ ("by" | "along")))
                if read.contains("_idx") || read.contains("key") =>
            {
                format!("{table} {how} an index")
            }
            _ => read.to_owned(),
        }
    });
    reads.collect()
}

#[test]
fn an_index_may_be_another_one_but_not_none() {
    let by = weighed("tags by tags_history_idx, teams by key");
    assert_eq!(
        by,
        weighed("teams by teams_name_key, tags by key, tags by tags_live_name_key")
    );
    assert_ne!(by, weighed("tags WHOLE, teams by key"));
    assert_ne!(by, weighed("tags along tags_history_idx, teams by key"));
}

#[test]
fn a_table_is_read_as_it_was_written() {
    let mut table = Table::default();
    table.set("one", "sqlite", "a".into());
    table.set("one", "postgresql", "a".into());
    table.set("two", "sqlite", "b".into());
    table.set("two", "postgresql", "c: d".into());
    table.set("three", "postgresql", "e".into());
    assert_eq!(Table::parse(&table.render()), table);
}
