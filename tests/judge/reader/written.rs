//! Written traces are read back: the same header, the same events, and one line for each.

use super::variants::examples;
use super::*;

/// One event of each kind and operation with every field, in the writer's order.
const LINES: &[&str] = &[
    r#"{"event":"op","replica":"a","object":"n","op":"increment","amount":1,"id":"o1","user":"u"}"#,
    r#"{"event":"op","replica":"a","object":"n","op":"increment","amount":18446744073709551615}"#,
    r#"{"event":"op","replica":"a","object":"r","op":"write","value":{"b":[1.0,1e0],"a":null},"timestamp":7}"#,
    r#"{"event":"op","replica":"a","object":"r","op":"write","value":18446744073709551616,"timestamp":[1,0,3]}"#,
    r#"{"event":"op","replica":"a","object":"s","op":"add","element":"\"\\\u0000\u001f\n\t\b\f\ré"}"#,
    r#"{"event":"op","replica":"a","object":"s","op":"remove","element":"x-y"}"#,
    r#"{"event":"op","replica":"a","object":"m","op":"put","key":"x-k","value":null,"timestamp":0}"#,
    r#"{"event":"op","replica":"a","object":"m","op":"delete","key":"k","timestamp":[0,0,0,9]}"#,
    r#"{"event":"op","replica":"a","object":"l","op":"append","entry":[[],{}],"timestamp":18446744073709551615}"#,
    r#"{"event":"op","replica":"a","object":"pn","op":"decrement","amount":2}"#,
    r#"{"event":"op","replica":"a","object":"g","op":"add","element":"x"}"#,
    r#"{"event":"op","replica":"a","object":"2p","op":"remove","element":"x"}"#,
    r#"{"event":"op","replica":"a","object":"rw","op":"add","element":"x"}"#,
    r#"{"event":"op","replica":"a","object":"ew","op":"enable"}"#,
    r#"{"event":"op","replica":"a","object":"dw","op":"disable","user":"u"}"#,
    r#"{"event":"op","replica":"a","object":"mv","op":"write","value":0.1}"#,
    r#"{"event":"op","replica":"a","object":"mm","op":"put","key":"k","value":[]}"#,
    r#"{"event":"op","replica":"a","object":"mm","op":"delete","key":"k"}"#,
    r#"{"event":"op","replica":"a","object":"max","op":"write","value":-9223372036854775808}"#,
    r#"{"event":"op","replica":"a","object":"min","op":"write","value":1.0}"#,
    r#"{"event":"op","replica":"a","object":"li","op":"insert","element":"e","after":"c","before":"d","value":true}"#,
    r#"{"event":"op","replica":"a","object":"li","op":"insert","element":"e"}"#,
    r#"{"event":"op","replica":"a","object":"li","op":"delete","element":"e"}"#,
    r#"{"event":"op","replica":"a","object":"o","op":"anything","arguments":{"z":1}}"#,
    r#"{"event":"op","replica":"a","object":"o","op":"op"}"#,
    r#"{"event":"op","replica":"a","object":"undeclared","op":"delete","element":"e"}"#,
    r#"{"event":"send","replica":"a","message":"m","to":"b"}"#,
    r#"{"event":"send","replica":"a","message":"m","objects":[]}"#,
    r#"{"event":"send","replica":"a","message":"m","since":["l"],"relays":["k","k"]}"#,
    r#"{"event":"send","replica":"a","message":"m","operations":["o1","o2"]}"#,
    r#"{"event":"receive","replica":"a","message":"m"}"#,
    r#"{"event":"merge","replica":"a","from":"b"}"#,
    r#"{"event":"merge","replica":"a","from":"b","objects":["n"]}"#,
    r#"{"event":"sync","replicas":["a","b"]}"#,
    r#"{"event":"sync","replicas":["a","b"],"objects":["n","s"]}"#,
    r#"{"event":"save","replica":"a","snapshot":"s"}"#,
    r#"{"event":"restore","replica":"a","snapshot":"s"}"#,
    r#"{"event":"load","replica":"a","object":"n","state":{"node":5,"other":340282366920938463463374607431768211456}}"#,
    r#"{"event":"load","replica":"a","object":"r","state":null}"#,
    r#"{"event":"load","replica":"a","object":"r","state":{"value":1,"timestamp":[1,2],"replica":"z"}}"#,
    r#"{"event":"load","replica":"a","object":"s","state":{"adds":[{"element":"x","replica":"z","seq":1}],"removes":[]}}"#,
    r#"{"event":"load","replica":"a","object":"m","state":{"k":{"value":null,"timestamp":1,"replica":"z"}}}"#,
    r#"{"event":"load","replica":"a","object":"l","state":[{"entry":"e","timestamp":1,"replica":"z","seq":2}]}"#,
    r#"{"event":"note","text":""}"#,
    r#"{"event":"read","replica":"a","object":"n","value":"340282366920938463463374607431768211456"}"#,
    r#"{"event":"read","replica":"a","object":"s","element":"x","value":true}"#,
    r#"{"event":"read","replica":"a","object":"m","key":"k","value":null}"#,
    r#"{"event":"read","replica":"a","object":"o","query":null,"value":{"b":1,"a":1e0}}"#,
    r#"{"event":"vector","replica":"a","object":"n","vector":{"a":1}}"#,
    r#"{"event":"digest","replica":"a","object":"n","algorithm":"rejoin/1","digest":["d"]}"#,
    r#"{"event":"converged","replicas":["a","b"]}"#,
    r#"{"event":"decisions","replica":"a","object":"s","decisions":[]}"#,
    r#"{"event":"notices","replica":"a","user":"u","notices":[{}]}"#,
    r#"{"event":"state","replica":"a","object":"n","state":{}}"#,
    r#"{"event":"failed","replica":"a","text":"t","object":"n","message":"m"}"#,
    r#"{"event":"failed","replica":"a","text":"t"}"#,
];

const ALL_TYPES: &str = r#"{"trace":"rejoin/1","replicas":["a","b"],"objects":{"n":{"type":"g-counter","priority":"high"},"r":{"type":"lww-register","priority":"low"},"s":{"type":"or-set"},"m":{"type":"lww-map"},"l":{"type":"log"},"pn":{"type":"pn-counter"},"g":{"type":"g-set"},"2p":{"type":"2p-set"},"rw":{"type":"rw-set"},"ew":{"type":"ew-flag"},"dw":{"type":"dw-flag"},"mv":{"type":"mv-register"},"mm":{"type":"mv-map"},"max":{"type":"max-register"},"min":{"type":"min-register"},"li":{"type":"list"},"o":{"type":"opaque"}},"implementation":{"name":"x","version":"1"},"note":"n"}"#;

#[test]
fn every_event_is_written_as_it_was_read() {
    for line in LINES {
        let event = event_under(ALL_TYPES, line).unwrap_or_else(|error| panic!("{line}\n{error}"));
        assert_eq!(event.line(), *line);
    }
}

#[test]
fn every_header_is_written_as_it_was_read() {
    let own =
        r#"{"trace":"rejoin/1","replicas":["a"],"objects":{},"stamps":"own","implementation":{}}"#;
    for header in [ALL_TYPES, own, HEADER, &own_stamps()] {
        let header = Reader::new(header.as_bytes()).expect("a header").header().clone();
        let line = header.line();
        let again = Reader::new(line.as_bytes()).expect("a header").header().clone();
        assert_eq!((again, header.line()), (header, line));
    }
    let line = Reader::new(ALL_TYPES.as_bytes()).expect("a header").header().line();
    assert_eq!(line, ALL_TYPES);
}

#[test]
fn what_the_specification_shows_comes_back() {
    for (header, line) in &examples() {
        let event = event_under(header, line).expect(line);
        assert_eq!(event_under(header, &event.line()).expect(line), event);
    }
}
