//! See `berth_fuzz::graphql`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| berth_fuzz::graphql(bytes));
