//! HTTP parts that the adapters share.
