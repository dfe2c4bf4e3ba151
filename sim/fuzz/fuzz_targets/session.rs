//! The fuzz target of the body `session`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| halfclose_fuzz::bodies::session(bytes));
