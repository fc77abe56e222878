#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::sessions::pop3(data));
