//! The fuzz target of the body `results`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| halfclose_fuzz::bodies::results(bytes));
