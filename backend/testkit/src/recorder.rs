//! What is sent to the database, written down by Diesel's own instrumentation: whatever sends it,
//! and however its connection came to be. It is one for the whole process, so a test that records is
//! alone in its binary.

use std::sync::Mutex;

use diesel::connection::{InstrumentationEvent, set_default_instrumentation};

/// A statement as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its text.
    pub sql: String,
    /// What was bound to it, as Rust prints it.
    pub binds: String,
}

/// `None` while nobody records.
static RECORD: Mutex<Option<Vec<Statement>>> = Mutex::new(None);

/// Has every connection that is opened from now on tell what it sends.
pub fn install() {
    #[expect(
        clippy::needless_pass_by_value,
        reason = "Diesel hands events over like this"
    )]
    fn tell(event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            note(&query.to_string());
        }
    }
    set_default_instrumentation(|| Some(Box::new(tell))).expect("no connection panicked");
}

fn note(text: &str) {
    let mut record = RECORD.lock().expect("no recorder panicked");
    let Some(statements) = &mut *record else {
        return;
    };
    let (sql, binds) = text.rsplit_once(" -- binds: ").unwrap_or((text, "[]"));
    let statement = Statement {
        sql: sql.trim().to_owned(),
        binds: binds.to_owned(),
    };
    if statement.reads() || statement.writes() {
        statements.push(statement);
    }
}

/// Runs something and returns what it sent; a test binary does so one at a time.
pub async fn record<T>(work: impl Future<Output = T>) -> (T, Vec<Statement>) {
    *RECORD.lock().expect("no recorder panicked") = Some(Vec::new());
    let done = work.await;
    let recorded = RECORD.lock().expect("no recorder panicked").take();
    (done, recorded.expect("nobody else recorded"))
}

impl Statement {
    fn begins_with(&self, verbs: &[&str]) -> bool {
        let verb = self.sql.split_whitespace().next().unwrap_or_default();
        verbs.iter().any(|known| verb.eq_ignore_ascii_case(known))
    }

    /// Whether it only reads.
    pub fn reads(&self) -> bool {
        self.begins_with(&["select", "with"])
    }

    /// Whether it writes.
    pub fn writes(&self) -> bool {
        self.begins_with(&["insert", "update", "delete"])
    }
}
