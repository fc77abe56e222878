#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::pop3_command::check(data));
