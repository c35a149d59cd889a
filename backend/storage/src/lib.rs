//! Bytes: filesystem, S3 and memory storage drivers.
