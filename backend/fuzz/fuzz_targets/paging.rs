//! See `berth_fuzz::paging`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| berth_fuzz::paging(bytes));
