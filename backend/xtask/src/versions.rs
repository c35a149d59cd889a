//! Every version that the tasks pin, in one place.

/// Oldest Rust that compiles the workspace; equal to `rust-version` in the root `Cargo.toml`.
pub(crate) const RUST: (u32, u32) = (1, 95);
/// Bundles the console. `Trunk.toml` names the same version of wasm-bindgen below.
pub(crate) const TRUNK: &str = "0.22.1";
/// Must equal the `wasm-bindgen` crate in `Cargo.lock`.
pub(crate) const WASM_BINDGEN: &str = "0.2.130";
/// Goes with the `wasm_split_helpers` crate in `Cargo.lock`.
pub(crate) const WASM_SPLIT: &str = "0.2.4";
/// Checks licences, advisories, bans and sources.
pub(crate) const CARGO_DENY: &str = "0.20.2";
pub(crate) const CARGO_FUZZ: &str = "0.13.2";

/// Clients and servers of the tests, as Go modules.
pub(crate) const ORAS: &str = "v1.3.6";
pub(crate) const CRANE: &str = "v0.22.1";
pub(crate) const HELM: &str = "v3.22.0";
pub(crate) const COSIGN: &str = "v3.1.3";
/// Measured against, in the benchmarks.
pub(crate) const DISTRIBUTION: &str = "v3.1.2";
pub(crate) const VERSITYGW: &str = "v1.8.0";
/// The suite has no releases; the commit is of 2026-08-31.
pub(crate) const CONFORMANCE: &str = "v0.0.0-20260831232431-97274622c111";
/// The modules that its clients need are pinned in `e2e/tests/it/rest_client/go.mod`.
pub(crate) const GO_SWAGGER: &str = "v0.36.7";

/// Oldest Go that can fetch the toolchain a module asks for.
pub(crate) const GO: (u32, u32) = (1, 21);
/// Oldest Node that the console's build and the compression script run on.
pub(crate) const NODE: u32 = 18;
