//! Any text that is read as JSON has one canonical form, and nothing is read as JSON that is none.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rejoin::json::Json;
use serde_json::value::RawValue;

fuzz_target!(|input: &[u8]| {
    let Ok(text) = str::from_utf8(input) else { return };
    let Ok(value) = Json::parse(text) else { return };
    serde_json::from_str::<&RawValue>(text).expect("what the reader takes is JSON");
    let canonical = value.canonical();
    let again = Json::parse(&canonical).expect("the canonical form is JSON");
    assert_eq!(again.canonical(), canonical, "it is the canonical form of itself");
});
