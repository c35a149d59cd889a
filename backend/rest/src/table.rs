//! The table of all operations, and which of them a path names.

mod path;

use axum::http::Method;
use berth_services::Settings;

use crate::call::PathParameter;
use crate::operation::{Group, Operation};

use path::Template;
pub(crate) use path::decoded;

/// Every operation that this registry offers.
pub(crate) struct Table {
    /// Tags with their descriptions, in the order of the descriptions.
    pub(crate) tags: Vec<(&'static str, &'static str)>,
    /// Paths with what they offer, in the order of the descriptions.
    pub(crate) entries: Vec<Entry>,
}

/// A path with what it offers.
pub(crate) struct Entry {
    template: Template,
    /// Tag and operation, one for each verb.
    pub(crate) operations: Vec<(&'static str, Operation)>,
    /// Verbs that the configuration switches off.
    off: Vec<Method>,
}

/// A path that a request may mean.
pub(crate) struct Candidate<'a> {
    /// The path.
    pub(crate) entry: &'a Entry,
    /// Its parameters.
    pub(crate) parameters: Vec<PathParameter>,
}

impl Table {
    /// Of these groups, without what the configuration switches off.
    pub(crate) fn new(groups: Vec<Group>, settings: &Settings) -> Self {
        let mut tags = Vec::new();
        let mut entries: Vec<Entry> = Vec::new();
        for group in groups {
            if tags.iter().all(|(tag, _)| *tag != group.tag) {
                tags.push((group.tag, group.description));
            }
            for operation in group.operations {
                let template = Template::new(operation.path);
                let known = entries.iter().position(|entry| entry.template == template);
                let place = known.unwrap_or_else(|| {
                    entries.push(Entry {
                        template,
                        operations: Vec::new(),
                        off: Vec::new(),
                    });
                    entries.len() - 1
                });
                if (operation.feature)(settings) {
                    entries[place].operations.push((group.tag, operation));
                } else {
                    entries[place].off.push(operation.method);
                }
            }
        }
        // A path of which everything is switched off is not there.
        entries.retain(|entry| !entry.operations.is_empty());
        Self { tags, entries }
    }

    /// Every operation with its tag.
    pub(crate) fn operations(&self) -> impl Iterator<Item = (&'static str, &Operation)> {
        self.entries
            .iter()
            .flat_map(|entry| &entry.operations)
            .map(|(tag, operation)| (*tag, operation))
    }

    /// The paths that decoded segments may mean, those with the most words of their own first. Several only
    /// where a repository's name may go on with what looks like a path below it.
    pub(crate) fn candidates(&self, segments: &[String]) -> Vec<Candidate<'_>> {
        let mut found: Vec<Candidate<'_>> = self
            .entries
            .iter()
            .filter_map(|entry| {
                let parameters = entry.template.matches(segments)?;
                Some(Candidate { entry, parameters })
            })
            .collect();
        found.sort_by_key(|candidate| std::cmp::Reverse(candidate.entry.template.words()));
        found
    }
}

impl Entry {
    /// What it offers for a verb; HEAD is GET without the body.
    pub(crate) fn operation(&self, method: &Method) -> Option<&Operation> {
        let method = if method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        self.operations
            .iter()
            .map(|(_, operation)| operation)
            .find(|operation| operation.method == *method)
    }

    /// Whether it would offer a verb if the configuration did not switch it off.
    pub(crate) fn is_off(&self, method: &Method) -> bool {
        self.off.contains(method)
    }

    /// Whether pages of other sites may call it. They could do what asks for no consent to a registry that only
    /// the browser of their visitor reaches.
    pub(crate) fn is_shared(&self) -> bool {
        let asks = |(_, operation): &(&str, Operation)| operation.needs_csrf;
        self.operations.iter().all(asks)
    }

    /// Every verb that it answers, as `Allow` lists them.
    pub(crate) fn verbs(&self) -> String {
        let mut verbs = vec![Method::OPTIONS];
        for (_, operation) in &self.operations {
            verbs.push(operation.method.clone());
            if operation.method == Method::GET {
                verbs.push(Method::HEAD);
            }
        }
        let mut names: Vec<&str> = verbs.iter().map(Method::as_str).collect();
        names.sort_unstable();
        names.join(", ")
    }
}

impl Candidate<'_> {
    /// The repository that it is about, if it is about one.
    pub(crate) fn repository(&self) -> Option<&str> {
        let found = self
            .parameters
            .iter()
            .find(|(name, _)| *name == "repository");
        found.map(|(_, value)| value.as_str())
    }
}
