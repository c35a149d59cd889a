//! The driver as those who use it hold it.

#[cfg(feature = "faults")]
use std::cell::Cell;
use std::ops::Deref;
#[cfg(feature = "faults")]
use std::panic::Location;
use std::sync::Arc;

use crate::StorageDriver;

/// A driver that many share. With the feature `faults` a test that stands in for the driver is told which line
/// of source calls it.
#[derive(Clone)]
pub struct Storage(Arc<dyn StorageDriver>);

impl Storage {
    /// Shares a driver.
    pub fn new(driver: Arc<dyn StorageDriver>) -> Self {
        Self(driver)
    }
}

impl Deref for Storage {
    type Target = dyn StorageDriver;

    #[cfg_attr(feature = "faults", track_caller)]
    fn deref(&self) -> &Self::Target {
        #[cfg(feature = "faults")]
        CALLER.set(Some(Location::caller()));
        &*self.0
    }
}

#[cfg(feature = "faults")]
thread_local! {
    static CALLER: Cell<Option<&'static Location<'static>>> = const { Cell::new(None) };
}

/// The line that calls the driver now, for whoever is called: not known after the first wait, nor of a call that
/// does not go through [`Storage`].
#[cfg(feature = "faults")]
pub fn caller() -> Option<&'static Location<'static>> {
    CALLER.take()
}
