//! Pages of a listing, always by key and never by offset.

/// What a caller asks of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest<K> {
    /// The key of the last row already seen; rows after it follow.
    pub after: Option<K>,
    /// How many rows at most, 1 to [`PageRequest::LIMIT_MAX`].
    pub limit: usize,
}

impl<K> PageRequest<K> {
    /// No page is longer than this.
    pub const LIMIT_MAX: usize = 100;

    /// A request with its limit brought into bounds.
    pub fn new(after: Option<K>, limit: usize) -> Self {
        Self {
            after,
            limit: limit.clamp(1, Self::LIMIT_MAX),
        }
    }

    /// The number of rows to read: one more than asked, which tells whether more follow.
    pub fn fetch(&self) -> i64 {
        i64::try_from(self.limit + 1).unwrap_or(i64::MAX)
    }

    /// Cuts the probe row off again.
    pub fn page<T>(&self, mut rows: Vec<T>) -> Page<T> {
        let has_more = rows.len() > self.limit;
        rows.truncate(self.limit);
        Page {
            items: rows,
            has_more,
        }
    }
}

/// One page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows, in the order asked for.
    pub items: Vec<T>,
    /// Whether more rows follow.
    pub has_more: bool,
}

impl<T> Page<T> {
    /// The same page with other items.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(f).collect(),
            has_more: self.has_more,
        }
    }
}
