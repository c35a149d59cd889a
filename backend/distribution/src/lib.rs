//! The OCI distribution routes: /v2 and /v2/auth.
