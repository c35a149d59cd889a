//! Which items a mutation is for: those it names, or all that a list's filter finds.

use berth_domain::{Error, Result};
use berth_services::many::Selection;

/// One of the two ways to select.
pub(super) enum Selected<T, F> {
    Items(Vec<T>),
    Matching(F),
}

impl<T, F> Selected<T, F> {
    /// Takes the one that is given.
    ///
    /// # Errors
    /// Both or neither.
    pub(super) fn of(field: &str, items: Option<Vec<T>>, filter: Option<F>) -> Result<Self> {
        match (items, filter) {
            (Some(items), None) => Ok(Self::Items(items)),
            (None, Some(filter)) => Ok(Self::Matching(filter)),
            (None, None) => Err(Error::invalid_value(format!(
                "give `{field}` or `filter` to say which"
            ))
            .in_field(field)),
            (Some(_), Some(_)) => Err(Error::invalid_value(format!(
                "give `{field}` or `filter`, not both"
            ))
            .in_field("filter")),
        }
    }

    /// Reads the items and the filter.
    pub(super) fn map<U, G>(
        self,
        items: impl FnOnce(Vec<T>) -> Result<Vec<U>>,
        filter: impl FnOnce(F) -> Result<G>,
    ) -> Result<Selected<U, G>> {
        Ok(match self {
            Self::Items(all) => Selected::Items(items(all)?),
            Self::Matching(one) => Selected::Matching(filter(one)?),
        })
    }

    /// As the services take it.
    pub(super) fn as_ref(&self) -> Selection<'_, T, F> {
        match self {
            Self::Items(items) => Selection::Items(items),
            Self::Matching(filter) => Selection::Matching(filter),
        }
    }
}
