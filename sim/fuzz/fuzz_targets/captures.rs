//! The fuzz target of the body `captures`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| halfclose_fuzz::bodies::captures(bytes));
