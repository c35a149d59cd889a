//! Places in lists, for clients that keep them: sealed, so that nobody reads or makes one.

use std::time::Duration;

use berth_domain::Timestamp;

use crate::Services;

/// How long a place can be returned to.
const LIFE: Duration = Duration::from_hours(48);

/// What places of a list are sealed for.
fn context(list: &str) -> String {
    format!("place:{list}")
}

impl Services {
    /// Seals a place in a list, good for two days.
    pub fn seal_place(&self, list: &str, place: &str) -> String {
        let until = self.core.now().after(LIFE);
        let text = format!("{} {place}", until.0);
        self.core.sealing.seal(&context(list), text)
    }

    /// Opens a place of that list; `None` for one that is too old, of another list, or not ours.
    pub fn open_place(&self, list: &str, sealed: &str) -> Option<String> {
        let text = self.core.sealing.open_text(&context(list), sealed).ok()?;
        let (until, place) = text.expose().split_once(' ')?;
        let until = Timestamp(until.parse().ok()?);
        (self.core.now() < until).then(|| place.to_owned())
    }
}
