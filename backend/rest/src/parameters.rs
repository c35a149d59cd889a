//! Parameters of a query: declared with an operation, read once, looked up by name.

use axum::http::StatusCode;
use serde_json::json;

use crate::failure::Failure;

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Any text.
    Text,
    /// A whole number.
    Integer,
    /// Anything; see [`is_true`].
    Boolean,
}

/// A parameter of a query.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parameter {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it takes.
    pub(crate) kind: Kind,
    /// Shown in the descriptions, and to who sends something else.
    pub(crate) description: &'static str,
    /// What a switch is where it is absent.
    pub(crate) is_on: bool,
}

/// A text that may be left out.
pub(crate) const fn text(name: &'static str, description: &'static str) -> Parameter {
    Parameter::new(name, Kind::Text, description)
}

/// A whole number that may be left out.
pub(crate) const fn integer(name: &'static str, description: &'static str) -> Parameter {
    Parameter::new(name, Kind::Integer, description)
}

/// A switch that is off where it is left out.
pub(crate) const fn switch(name: &'static str, description: &'static str) -> Parameter {
    Parameter::new(name, Kind::Boolean, description)
}

/// A switch that is on where it is left out.
pub(crate) const fn switch_on(name: &'static str, description: &'static str) -> Parameter {
    let mut parameter = switch(name, description);
    parameter.is_on = true;
    parameter
}

/// What `next_page` means, asked and told.
pub(crate) const NEXT_PAGE: &str = "The page token for the next page";

/// The place in a list, as its last page told it.
pub(crate) const fn next_page() -> Parameter {
    text("next_page", NEXT_PAGE)
}

impl Parameter {
    const fn new(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Self {
            name,
            kind,
            description,
            is_on: false,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Given {
    Text(String),
    Integer(i64),
    Switch(bool),
}

/// What a query says, by the parameters that an operation declares.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query(Vec<(&'static str, Given)>);

impl Query {
    /// Reads a query. What is not declared is ignored, and of several values the first counts.
    ///
    /// # Errors
    /// 400 with the parameter and its description for a number that is none, and for a text with the character NUL, which
    /// is in nothing that can be found.
    pub(crate) fn read(query: Option<&str>, declared: &[Parameter]) -> Result<Self, Failure> {
        let pairs: Vec<(String, String)> =
            serde_urlencoded::from_str(query.unwrap_or_default()).unwrap_or_default();
        let mut given = Vec::new();
        for parameter in declared {
            let found = pairs.iter().find(|(name, _)| name == parameter.name);
            let value = found.map(|(_, value)| value.as_str());
            let value = match (parameter.kind, value) {
                (Kind::Boolean, None) => Given::Switch(parameter.is_on),
                (Kind::Boolean, Some(value)) => Given::Switch(is_true(value)),
                (Kind::Text, Some(value)) if value.contains('\0') => {
                    return Err(refused(parameter));
                }
                (Kind::Text, Some(value)) => Given::Text(value.to_owned()),
                (Kind::Integer, Some(value)) => {
                    Given::Integer(value.trim().parse().map_err(|_| refused(parameter))?)
                }
                (Kind::Text | Kind::Integer, None) => continue,
            };
            given.push((parameter.name, value));
        }
        Ok(Self(given))
    }

    fn get(&self, name: &str) -> Option<&Given> {
        let found = self.0.iter().find(|(given, _)| *given == name);
        found.map(|(_, value)| value)
    }

    /// A text; none where it is absent or empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Given::Text(text)) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// A whole number, where there is one.
    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            Some(Given::Integer(number)) => Some(*number),
            _ => None,
        }
    }

    /// A declared switch.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        matches!(self.get(name), Some(Given::Switch(true)))
    }
}

/// Scripts write switches in many ways; `no` and `off` are true, as they always were.
fn is_true(text: &str) -> bool {
    !matches!(text, "" | "0" | "false" | "False" | "FALSE" | "null")
}

fn refused(parameter: &Parameter) -> Failure {
    Failure::Other {
        status: StatusCode::BAD_REQUEST,
        body: json!({ "message": { parameter.name: parameter.description } }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DECLARED: [Parameter; 4] = [
        text("namespace", "The namespace"),
        integer("page", "The page."),
        switch("public", "Whether public"),
        switch_on("tags", "Whether with tags"),
    ];

    #[test]
    fn a_switch_is_off_only_for_the_words_that_scripts_use_for_it() {
        for (query, is_on) in [
            ("", false),
            ("public=", false),
            ("public=0", false),
            ("public=False", false),
            ("public=null", false),
            ("public=no", true),
            ("public=1", true),
            ("public=true&public=false", true),
        ] {
            let query_read = Query::read(Some(query), &DECLARED).unwrap();
            assert_eq!(query_read.is_on("public"), is_on, "{query}");
            assert!(query_read.is_on("tags"));
        }
        assert!(
            !Query::read(Some("tags=false"), &DECLARED)
                .unwrap()
                .is_on("tags")
        );
    }

    #[test]
    fn a_number_that_is_none_is_refused_by_the_description_of_its_parameter() {
        let failure = Query::read(Some("page=x"), &DECLARED).unwrap_err();
        assert!(matches!(
            failure,
            Failure::Other { status: StatusCode::BAD_REQUEST, body }
                if body == json!({ "message": { "page": "The page." } })
        ));
        let failure = Query::read(Some("namespace=a%00b"), &DECLARED).unwrap_err();
        assert!(matches!(
            failure,
            Failure::Other { status: StatusCode::BAD_REQUEST, body }
                if body == json!({ "message": { "namespace": "The namespace" } })
        ));
        let query = Query::read(Some("page=+7&namespace=a%2Bb&x=y"), &DECLARED).unwrap();
        assert_eq!(query.integer("page"), Some(7));
        assert_eq!(query.text("namespace"), Some("a+b"));
        assert_eq!(query.text("x"), None);
    }
}
