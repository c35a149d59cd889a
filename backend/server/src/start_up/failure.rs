//! Why the process does not start.

use std::error::Error;
use std::fmt;

use berth_domain::Error as DomainError;

/// A failure at start: the key or option it is about, what happened, and what to do.
#[derive(Debug)]
pub struct StartUpError {
    subject: String,
    what: String,
    hint: String,
}

impl StartUpError {
    /// A failure about a configuration key or an option of the command line.
    pub fn new(
        subject: impl Into<String>,
        what: impl fmt::Display,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            subject: subject.into(),
            what: what.to_string(),
            hint: hint.into(),
        }
    }
}

impl fmt::Display for StartUpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}\nhint: {}", self.subject, self.what, self.hint)
    }
}

impl Error for StartUpError {}

/// What happened, for the operator: causes included, each said once. What the domain says to
/// clients about a failing database or bucket tells nothing here, only its cause does.
pub(super) fn with_causes(error: &DomainError) -> String {
    let (mut text, mut cause) = match error {
        DomainError::Unavailable { source, .. }
        | DomainError::StorageFull { source }
        | DomainError::Internal { source } => (source.to_string(), source.source()),
        other => (other.to_string(), other.source()),
    };
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}
