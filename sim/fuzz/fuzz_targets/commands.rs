//! The fuzz target of the body `commands`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| halfclose_fuzz::bodies::commands(bytes));
