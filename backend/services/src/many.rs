//! Changes of a selection: all of it or nothing, with a cause for each item in the way.

use berth_domain::{Error, Result};

/// What stood in the way of a change of many.
#[derive(Debug)]
pub struct Refused {
    /// Position in the selection and cause; never empty.
    pub causes: Vec<(usize, Error)>,
}

/// Result of a change of many.
pub type Many<T> = std::result::Result<T, Refused>;

impl From<Error> for Refused {
    /// A failure of the whole, told at the first item's place.
    fn from(error: Error) -> Self {
        Self {
            causes: vec![(0, error)],
        }
    }
}

/// Which items a change is for.
#[derive(Debug)]
pub enum Selection<'a, T, F> {
    /// These.
    Items(&'a [T]),
    /// All that a listing with this filter holds and that the actor may change.
    Matching(&'a F),
}

// Derived, they would ask for items that are `Copy`.
impl<T, F> Clone for Selection<'_, T, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, F> Copy for Selection<'_, T, F> {}

/// A selection within its bounds, each item once.
#[derive(Debug)]
pub(crate) struct Items<T>(Vec<T>);

impl<T: Clone + PartialEq> Items<T> {
    /// More in one request would hold its transaction open for too long.
    pub(crate) const MAX: usize = 1_000;

    /// Takes 1 to [`Self::MAX`] items.
    pub(crate) fn checked(items: &[T]) -> Result<Self> {
        if items.is_empty() || items.len() > Self::MAX {
            return Err(Error::invalid_value(format!(
                "select 1 to {} items; these are {}",
                Self::MAX,
                items.len()
            ))
            .in_field("ids"));
        }
        let mut once: Vec<T> = Vec::with_capacity(items.len());
        for item in items {
            if !once.contains(item) {
                once.push(item.clone());
            }
        }
        Ok(Self(once))
    }

    /// How many rows of a listing to ask for, so that [`Self::matching`] sees whether they are too many.
    pub(crate) const FETCH: usize = Self::MAX + 1;

    /// Takes what a filter found, which may be nothing.
    pub(crate) fn matching(found: Vec<T>) -> Result<Self> {
        if found.len() > Self::MAX {
            return Err(Error::invalid_value(format!(
                "the filter matches more than {} items, which is too many for one change; narrow it",
                Self::MAX
            ))
            .in_field("filter"));
        }
        Ok(Self(found))
    }

    pub(crate) fn into_inner(self) -> Vec<T> {
        self.0
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter()
    }

    pub(crate) fn as_slice(&self) -> &[T] {
        &self.0
    }
}

/// Gathers what stands in the way while items are checked one after the other.
#[derive(Default)]
pub(crate) struct Checking {
    next: usize,
    causes: Vec<(usize, Error)>,
}

impl Checking {
    /// Keeps what the next item gave, or its cause.
    ///
    /// # Errors
    /// A fault of the registry itself ends the check at once.
    pub(crate) fn take<V>(&mut self, result: Result<V>, into: &mut Vec<V>) -> Result<()> {
        match result {
            Ok(value) => into.push(value),
            Err(fault) if fault.is_fault() => return Err(fault),
            Err(cause) => self.causes.push((self.next, cause)),
        }
        self.next += 1;
        Ok(())
    }

    /// What stood in the way, if anything did.
    pub(crate) fn refused(self) -> Option<Refused> {
        (!self.causes.is_empty()).then_some(Refused {
            causes: self.causes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_holds_each_item_once_and_has_bounds() {
        assert_eq!(Items::checked(&[2, 1, 2]).unwrap().as_slice(), [2, 1]);
        assert!(Items::<u8>::checked(&[]).is_err());
        assert!(Items::checked(&vec![0_u8; 1_001]).is_err());
        assert!(Items::<u8>::matching(Vec::new()).is_ok());
        assert!(Items::matching(vec![0_u8; 1_000]).is_ok());
        assert!(Items::matching(vec![0_u8; 1_001]).is_err());
    }

    #[test]
    fn every_item_in_the_way_is_told_and_a_fault_ends_the_check() {
        let (mut checking, mut good) = (Checking::default(), Vec::new());
        checking.take(Ok(1), &mut good).unwrap();
        checking
            .take(Err(Error::conflict("in the way")), &mut good)
            .unwrap();
        checking.take(Ok(3), &mut good).unwrap();
        assert!(
            checking
                .take(Err(Error::internal("broken")), &mut good)
                .is_err()
        );
        let refused = checking.refused().unwrap();
        assert_eq!(
            (good, refused.causes.len(), refused.causes[0].0),
            (vec![1, 3], 1, 1)
        );
    }
}
