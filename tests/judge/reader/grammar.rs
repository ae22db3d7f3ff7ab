//! Every rule of the grammar: what is refused, at which column, and with which message; and every
//! event in its typed form.

use super::*;

#[test]
fn lines_that_are_no_objects_are_refused() {
    refused("", 1, None, "the file is empty");
    refused("\n", 1, Some(1), "a blank line");
    refused("\r\n", 1, Some(1), "a blank line");
    refused(format!("{HEADER}\n\n"), 2, Some(1), "a blank line");
    refused(format!("{HEADER}\n \t \n"), 2, Some(1), "a blank line");
    refused(format!("{HEADER}\r\n\r\n"), 2, Some(1), "a blank line");
    refused(format!("\u{feff}{HEADER}\n"), 1, Some(1), "a byte order mark");
    refused(format!("{HEADER}\n\u{feff}{{}}\n"), 2, Some(1), "a byte order mark");
    refused("\0", 1, Some(1), "expected the `{` of a JSON object, but found the character U+0000");
    refused("[]", 1, Some(1), "expected the `{` of a JSON object, but found `[`");
    refused("  hello", 1, Some(3), "expected the `{` of a JSON object, but found `hello`");
    let twice = HEADER.repeat(2);
    refused(twice, 1, Some(HEADER.len() as u64 + 1), "expected the end of the line");
}

#[test]
fn bytes_that_are_not_utf8_are_refused() {
    let note = |bytes: &[u8]| {
        let start = format!("{HEADER}\n{{\"event\":\"note\",\"text\":\"äö");
        [start.as_bytes(), bytes, b"\"}\n"].concat()
    };
    assert_eq!(read_all(note("ü".as_bytes()).as_slice()).0.len(), 1);
    for bytes in [&b"\xff"[..], b"\xc3", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80"] {
        let says = format!("the byte 0x{:02x} is no UTF-8", bytes[0]);
        refused(note(bytes), 2, Some(27), &says);
    }
    refused(b"{\0\xff\xfe", 1, Some(3), "the byte 0xff is no UTF-8");
}

#[test]
fn json_that_is_none_is_refused_where_it_breaks() {
    for (line, says) in [
        ("{§", "expected a member name in double quotes, but the line ends"),
        ("{}§}", "expected the end of the line after the value, but found `}`"),
        (r#"{"x-a":1,§}"#, "expected a member name in double quotes, but found `}`"),
        (r#"{"x-a":1 §"x-b":2}"#, "expected `,` or `}` after the member, but found `\"`"),
        (r#"{"x-a"§=1}"#, "expected `:` after the member name, but found `=`"),
        (r#"{§'x-a':1}"#, "expected a member name in double quotes, but found `'`"),
        (r#"{§event:"note"}"#, "expected a member name in double quotes, but found `event`"),
        (r#"{"x-a":"t§"#, "expected `\"` at the end of the string, but the line ends"),
        (r#"{"x-a":§"#, "expected a value, but the line ends"),
        (r#"{"x-a":§undefined}"#, "expected a value, but found `undefined`"),
        (r#"{"x-a":§NaN}"#, "expected a value, but found `NaN`"),
        (r#"{"x-a":§True}"#, "expected a value, but found `True`"),
        (r#"{"x-a":§nul}"#, "expected a value, but found `nul`"),
        (r#"{"x-a":§+1}"#, "expected a value, but found `+`"),
        (r#"{"x-a":§.5}"#, "expected a value, but found `.`"),
        (r#"{"x-a":-§}"#, "expected a digit, but found `}`"),
        (r#"{"x-a":-§Infinity}"#, "expected a digit, but found `Infinity`"),
        (r#"{"x-a":1.§}"#, "expected a digit"),
        (r#"{"x-a":1e§}"#, "expected a digit"),
        (r#"{"x-a":1e+§,"b":1}"#, "expected a digit"),
        (r#"{"x-a":§01}"#, "needless 0"),
        (r#"{"x-a":§-00}"#, "needless 0"),
        (r#"{"x-a":0§x1}"#, "expected `,` or `}` after the member, but found `x1`"),
        (r#"{"x-a":[1,§]}"#, "expected a value, but found `]`"),
        (r#"{"x-a":[1 §2]}"#, "expected `,` or `]` after the item, but found `2`"),
        (r#"{"x-a":[1§}"#, "expected `,` or `]` after the item, but found `}`"),
        ("{\"x-a\":\"a§\tb\"}", "the control character U+0009 stands bare in a string"),
        ("{\"x-a\":\"a§\0b\"}", "the control character U+0000 stands bare in a string"),
        ("{\"x-a\":§\u{a0}1}", "expected a value, but found `\u{a0}`"),
        (r#"{"x-a":"\§x41"}"#, "after the backslash, but found `x41`"),
        (r#"{"x-a":"\§"#, "after the backslash, but the line ends"),
        (r#"{"x-a":"\u12§g4"}"#, "expected four hexadecimal digits"),
        (r#"{"x-a":"\u§+123"}"#, "expected four hexadecimal digits"),
        (r#"{"x-a":"§\ud800"}"#, "the surrogate \\ud800 without its other half"),
        (r#"{"x-a":"a§\udc00\ud800"}"#, "the surrogate \\udc00"),
        (r#"{"x-a":"§\ud800\u0041"}"#, "the surrogate \\ud800"),
        (r#"{"x-a":"§\ud800\ud800"}"#, "the surrogate \\ud800"),
        (r#"{"x-a":"§\ud800x"}"#, "the surrogate \\ud800"),
        (r#"{"x-§\uDFFF":1}"#, "the surrogate \\udfff"),
        (r#"{"x-a":1,§"x-a":1}"#, "the member `x-a` stands twice in one object"),
        (r#"{"x-a":1,§"x-\u0061":1}"#, "the member `x-a` stands twice"),
        (r#"{"x-a":[{"b":{"c":1,"d":2,§"c":1}}]}"#, "the member `c` stands twice"),
        (r#"{"x-ä":"ä","x-a":{"é":1,§"\u00e9":1}}"#, "the member `é` stands twice"),
        (r#"{"event":"note","text":"t",§"text":"t"}"#, "the member `text` stands twice"),
    ] {
        refused_line(line, says);
    }
}

#[test]
fn a_member_twice_is_found_among_many() {
    for count in [2, 15, 16, 17, 40, 5_000] {
        for (ascending, repeated) in [(true, 0), (true, count - 1), (false, 0), (false, count / 2)]
        {
            let name =
                |i| if ascending { format!("k{i:05}") } else { format!("k{:05}", count - i) };
            let members: Vec<String> = (0..count).map(|i| format!("\"{}\":{i}", name(i))).collect();
            let value = format!("{{{}", members.join(","));
            assert!(Json::parse(&format!("{value}}}")).is_ok());
            let error = Json::parse(&format!("{value},\"{}\":0}}", name(repeated))).unwrap_err();
            assert_eq!(error.offset, value.len() + 1);
            assert_eq!(
                error.message,
                format!("the member `{}` stands twice in one object", name(repeated))
            );
        }
    }
}

#[test]
fn bad_headers_are_refused() {
    for (header, says) in [
        ("§{}", "the header lacks the field `trace`, expected `rejoin/1`"),
        (r#"§{"event":"note","text":"t"}"#, "the header lacks the field `trace`"),
        (
            r#"{"trace":§"rejoin/2","replicas":["a"],"objects":{}}"#,
            "`trace`: expected `rejoin/1`, but found the string `rejoin/2`",
        ),
        (r#"{"trace":§1,"replicas":["a"],"objects":{}}"#, "expected `rejoin/1`, but found `1`"),
        (r#"§{"trace":"rejoin/1","objects":{}}"#, "the header lacks the field `replicas`"),
        (r#"§{"trace":"rejoin/1","replicas":["a"]}"#, "the header lacks the field `objects`"),
        (
            r#"{"trace":"rejoin/1",§"replica":["a"],"objects":{}}"#,
            "unknown field `replica`: the header has trace, replicas, objects, stamps, implementation, note; names of your own begin with `x-`",
        ),
        (
            r#"{"trace":"rejoin/1","replicas":§[],"objects":{}}"#,
            "`replicas`: no replica is declared",
        ),
        (
            r#"{"trace":"rejoin/1","replicas":§{},"objects":{}}"#,
            "`replicas`: expected an array of names, but found an object",
        ),
        (
            r#"{"trace":"rejoin/1","replicas":["a",§1],"objects":{}}"#,
            "`replicas[1]`: expected a name (a string of 1 to 1,024 bytes), but found `1`",
        ),
        (
            r#"{"trace":"rejoin/1","replicas":["a",§""],"objects":{}}"#,
            "`replicas[1]`: an empty name",
        ),
        (
            r#"{"trace":"rejoin/1","replicas":["a"],"objects":§[]}"#,
            "`objects`: expected an object of declarations by name, but found an array",
        ),
        (
            r#"{"trace":"rejoin/1","replicas":["a"],"objects":{§"":{"type":"log"}}}"#,
            "`objects`: an empty name",
        ),
        (
            r#"{"trace":"rejoin/1","replicas":["a"],"objects":{"x":§"log"}}"#,
            "`objects.x`: expected an object, the declaration of an object, but found the string `log`",
        ),
        (
            r#"{"trace":"rejoin/1","replicas":["a"],"objects":{"x":§{}}}"#,
            "`objects.x`: the declaration of an object lacks the field `type`, expected one of `g-counter`, `lww-register`, `or-set`, `lww-map`, `log`, `pn-counter`, `g-set`, `2p-set`, `rw-set`, `ew-flag`, `dw-flag`, `mv-register`, `mv-map`, `max-register`, `min-register`, `list`, `opaque`",
        ),
        (
            r#"{"trace":"rejoin/1","replicas":["a"],"objects":{"x":{"type":§"gcounter"}}}"#,
            "`objects.x.type`: expected one of `g-counter`, `lww-register`, `or-set`, `lww-map`, `log`, `pn-counter`, `g-set`, `2p-set`, `rw-set`, `ew-flag`, `dw-flag`, `mv-register`, `mv-map`, `max-register`, `min-register`, `list`, `opaque`, but found the string `gcounter`",
        ),
        (
            r#"{"trace":"rejoin/1","replicas":["a"],"objects":{"x":{"type":"log","priority":§"urgent"}}}"#,
            "expected one of `high`, `medium`, `low`",
        ),
        (
            r#"{"trace":"rejoin/1","replicas":["a"],"objects":{"x":{"type":"log",§"prio":"low"}}}"#,
            "`objects.x`: unknown field `prio`: the declaration of an object has type, priority",
        ),
        (
            r#"{"trace":"rejoin/1","replicas":["a"],"objects":{},"stamps":§"none"}"#,
            "expected one of `explicit`, `own`",
        ),
        (
            r#"{"trace":"rejoin/1","replicas":["a"],"objects":{},"stamps":§null}"#,
            "but found null (a field that does not apply is left out)",
        ),
        (
            r#"{"trace":"rejoin/1","replicas":["a"],"objects":{},"note":§1}"#,
            "`note`: expected a string, but found `1`",
        ),
        (
            r#"{"trace":"rejoin/1","replicas":["a"],"objects":{},"implementation":§"x"}"#,
            "`implementation`: expected an object",
        ),
        (
            r#"{"trace":"rejoin/1","replicas":["a"],"objects":{},"implementation":{"name":§1}}"#,
            "`implementation.name`: expected a string",
        ),
        (
            r#"{"trace":"rejoin/1","replicas":["a"],"objects":{},"implementation":{§"lang":"c"}}"#,
            "unknown field `lang`",
        ),
    ] {
        refused_header(header, says);
    }
}

#[test]
fn a_header_says_what_it_says() {
    let text = r#"{"trace":"rejoin/1","replicas":["client","server","client"],"x-a":[1e999],
        "objects":{"processed":{"type":"g-counter","priority":"low"},"phase":{"type":"lww-register",
        "x-why":null,"priority":"medium"},"x-set":{"priority":"high","type":"or-set"}},
        "stamps":"own","implementation":{"version":"2.1","name":"amani","x-os":{}},"note":""}"#;
    let text = text.replace('\n', "");
    let reader = Reader::new(text.as_bytes()).expect("a header");
    let declaration = |kind: ObjectType, priority| Declaration { kind: kind.into(), priority };
    assert_eq!(
        *reader.header(),
        Header {
            // The judge of the history refuses a replica that is declared twice.
            replicas: ["client", "server", "client"].map(String::from).into(),
            objects: vec![
                ("processed".into(), declaration(ObjectType::GCounter, Priority::Low)),
                ("phase".into(), declaration(ObjectType::LwwRegister, Priority::Medium)),
                ("x-set".into(), declaration(ObjectType::OrSet, Priority::High)),
            ],
            stamps: Stamps::Own,
            implementation: Some(Implementation {
                name: Some("amani".into()),
                version: Some("2.1".into()),
            }),
            note: Some(String::new()),
        }
    );
    assert_eq!(reader.header_text(), text);

    let reader = Reader::new(&br#"{"objects":{},"replicas":["a"],"trace":"rejoin/1"}"#[..]);
    let reader = reader.expect("a header");
    assert_eq!(reader.header().stamps, Stamps::Explicit);
    assert_eq!(reader.header().implementation, None);
}

#[test]
fn bad_events_are_refused() {
    for (line, says) in [
        ("§{}", "an event lacks the field `event`, expected one of `op`, `send`, `receive`"),
        (
            r#"{"event":§"recieve","replica":"a","message":"m"}"#,
            "`event`: expected one of `op`, `send`, `receive`, `merge`, `sync`, `save`, `restore`, `load`, `note`, `read`, `vector`, `digest`, `converged`, `decisions`, `notices`, `state`, `failed`, but found the string `recieve`",
        ),
        (r#"{"event":§null}"#, "`event`: expected one of"),
        (
            r#"§{"event":"op","replica":"a","object":"n"}"#,
            "op lacks the field `op`, expected one of `increment`, `write`, `add`, `remove`, `put`, `delete`, `append`, `decrement`, `enable`, `disable`, `insert`",
        ),
        (
            r#"{"event":"op","replica":"a","object":"n","op":§"inc"}"#,
            "`op`: expected one of `increment`, `write`, `add`, `remove`, `put`, `delete`, `append`, `decrement`, `enable`, `disable`, `insert`, but found the string `inc`",
        ),
        (r#"§{"event":"op","object":"n","op":"increment"}"#, "increment lacks the field `replica`"),
        (r#"§{"event":"op","replica":"a","op":"increment"}"#, "increment lacks the field `object`"),
        (
            r#"{"event":"op","replica":§1,"object":"n","op":"increment"}"#,
            "`replica`: expected a name (a string of 1 to 1,024 bytes), but found `1`",
        ),
        (
            r#"{"event":"op","replica":§"","object":"n","op":"increment"}"#,
            "`replica`: an empty name",
        ),
        (
            r#"{"event":"op","replica":"a","object":§["n"],"op":"increment"}"#,
            "`object`: expected a name",
        ),
        (
            r#"{"event":"op","replica":"a","object":"n","op":"increment",§"ammount":1}"#,
            "unknown field `ammount`: increment has event, replica, object, op, amount, id, user; names of your own begin with `x-`",
        ),
        (
            r#"{"event":"op","replica":"a","object":"n","op":"increment",§"timestamp":1}"#,
            "unknown field `timestamp`",
        ),
        (
            r#"{"event":"op","replica":"a","object":"n","op":"increment",§"X-a":1}"#,
            "unknown field `X-a`",
        ),
        (
            r#"{"event":"op","replica":"a","object":"n","op":"increment","amount":§0}"#,
            "`amount`: expected an amount of at least 1, but found 0",
        ),
        (
            r#"{"event":"op","replica":"a","object":"n","op":"increment","amount":§-0.0}"#,
            "expected an amount of at least 1",
        ),
        (
            r#"{"event":"op","replica":"a","object":"n","op":"increment","amount":§"0"}"#,
            "expected an amount of at least 1",
        ),
        (
            r#"{"event":"op","replica":"a","object":"n","op":"increment","amount":§-1}"#,
            "expected an integer from 0 to 18446744073709551615",
        ),
        (
            r#"{"event":"op","replica":"a","object":"n","op":"increment","amount":§1.5}"#,
            "but found `1.5`",
        ),
        (
            r#"{"event":"op","replica":"a","object":"n","op":"increment","amount":§18446744073709551616}"#,
            "but found `18446744073709551616`",
        ),
        (
            r#"{"event":"op","replica":"a","object":"n","op":"increment","amount":§1e400}"#,
            "but found `1e400`",
        ),
        (
            r#"{"event":"op","replica":"a","object":"n","op":"increment","amount":§1e99999999999999999999}"#,
            "but found",
        ),
        (
            r#"{"event":"op","replica":"a","object":"n","op":"increment","amount":§"01"}"#,
            "or a string of its digits, but found the string `01`",
        ),
        (
            r#"{"event":"op","replica":"a","object":"n","op":"increment","amount":§"1.0"}"#,
            "the string `1.0`",
        ),
        (
            r#"{"event":"op","replica":"a","object":"n","op":"increment","amount":§""}"#,
            "the string ``",
        ),
        (
            r#"{"event":"op","replica":"a","object":"n","op":"increment","amount":§"١"}"#,
            "the string `١`",
        ),
        (
            r#"{"event":"op","replica":"a","object":"n","op":"increment","amount":§null}"#,
            "but found null (a field that does not apply is left out)",
        ),
        (
            r#"{"event":"op","replica":"a","object":"n","op":"increment","id":§""}"#,
            "`id`: an empty name",
        ),
        (
            r#"{"event":"op","replica":"a","object":"n","op":"increment","user":§null}"#,
            "`user`: expected a name",
        ),
        (
            r#"§{"event":"op","replica":"a","object":"r","op":"write","timestamp":1}"#,
            "write lacks the field `value`",
        ),
        (
            r#"§{"event":"op","replica":"a","object":"r","op":"write","value":1}"#,
            "write lacks the field `timestamp`",
        ),
        (
            r#"{"event":"op","replica":"a","object":"r","op":"write","value":1,"timestamp":§-1}"#,
            "`timestamp`: expected an integer from 0",
        ),
        (
            r#"{"event":"op","replica":"a","object":"r","op":"write","value":1,"timestamp":§"2024-01-01"}"#,
            "the string `2024-01-01`",
        ),
        (
            r#"{"event":"op","replica":"a","object":"r","op":"write","value":§1e309,"timestamp":1}"#,
            "`value`: `1e309` is too great for a double, the greatest is 1.7976931348623157e308",
        ),
        (
            r#"{"event":"op","replica":"a","object":"r","op":"write","value":{"x-a":[0,{"b":§-1e400}]},"timestamp":1}"#,
            "`value.x-a[1].b`: `-1e400` is too great",
        ),
        (
            r#"§{"event":"op","replica":"a","object":"s","op":"add"}"#,
            "add lacks the field `element`",
        ),
        (
            r#"{"event":"op","replica":"a","object":"s","op":"add","element":§7}"#,
            "`element`: expected a name",
        ),
        (
            r#"{"event":"op","replica":"a","object":"s","op":"remove",§"elment":"x"}"#,
            "unknown field `elment`: remove has event, replica, object, op, element, id, user",
        ),
        (
            r#"§{"event":"op","replica":"a","object":"m","op":"put","value":1,"timestamp":1}"#,
            "put lacks the field `key`",
        ),
        (
            r#"{"event":"op","replica":"a","object":"m","op":"delete","key":"k",§"value":null,"timestamp":1}"#,
            "unknown field `value`: delete has",
        ),
        (
            r#"{"event":"op","replica":"a","object":"l","op":"append",§"value":1,"timestamp":1}"#,
            "unknown field `value`: append has event, replica, object, op, entry, timestamp, id, user",
        ),
        (
            r#"{"event":"op","replica":"a","object":"l","op":"append","entry":[§1e999],"timestamp":1}"#,
            "`entry[0]`: `1e999` is too great",
        ),
        (r#"§{"event":"send","replica":"a"}"#, "send lacks the field `message`"),
        (
            r#"{"event":"send","replica":"a","message":"m",§"form":"a"}"#,
            "unknown field `form`: send has event, replica, message, to, objects, since, operations",
        ),
        (r#"{"event":"send","replica":"a","message":"m","to":§["b"]}"#, "`to`: expected a name"),
        (
            r#"{"event":"send","replica":"a","message":"m","objects":[],§"since":[]}"#,
            "at most one of `objects`, `since` and `operations`",
        ),
        (
            r#"{"event":"send","replica":"a","message":"m",§"operations":[],"objects":[]}"#,
            "at most one of `objects`, `since` and `operations`",
        ),
        (
            r#"{"event":"send","replica":"a","message":"m","since":§"m0"}"#,
            "`since`: expected an array of names, but found the string `m0`",
        ),
        (
            r#"{"event":"send","replica":"a","message":"m","since":["m0",§""]}"#,
            "`since[1]`: an empty name",
        ),
        (
            r#"{"event":"receive","replica":"a","message":"m",§"objects":[]}"#,
            "unknown field `objects`: receive has event, replica, message",
        ),
        (r#"§{"event":"merge","replica":"a"}"#, "merge lacks the field `from`"),
        (r#"{"event":"merge","replica":"a","from":"b",§"since":[]}"#, "unknown field `since`"),
        (r#"§{"event":"sync"}"#, "sync lacks the field `replicas`"),
        (r#"{"event":"sync","replicas":§["a"]}"#, "`replicas`: expected two replicas, but found 1"),
        (
            r#"{"event":"sync","replicas":§["a","b","c"]}"#,
            "`replicas`: expected two replicas, but found 3",
        ),
        (
            r#"{"event":"sync","replicas":["a",§"a"]}"#,
            "`replicas[1]`: the replica `a` stands twice in one list",
        ),
        (
            r#"{"event":"sync","replicas":["a",§"\u0061"]}"#,
            "`replicas[1]`: the replica `a` stands twice",
        ),
        // An unknown field is named before a missing one: it may be that one, misspelt.
        (
            r#"{"event":"sync",§"replica":["a","b"]}"#,
            "unknown field `replica`: sync has event, replicas, objects",
        ),
        (r#"§{"event":"save","replica":"a"}"#, "save lacks the field `snapshot`"),
        (r#"{"event":"restore","replica":"a","snapshot":§1}"#, "`snapshot`: expected a name"),
        (r#"§{"event":"note"}"#, "note lacks the field `text`"),
        (r#"{"event":"note","text":§{}}"#, "`text`: expected a string, but found an object"),
        (r#"§{"event":"read","replica":"a","object":"n"}"#, "read lacks the field `value`"),
        (
            r#"{"event":"read","replica":"a","object":"r","value":§1e400}"#,
            "`value`: `1e400` is too great",
        ),
        (
            r#"{"event":"read","replica":"a","object":"s","value":[§1e400]}"#,
            "`value[0]`: `1e400` is too great",
        ),
        (
            r#"{"event":"read","replica":"a","object":"m","value":{"k":§1e400}}"#,
            "`value.k`: `1e400` is too great",
        ),
        (
            r#"{"event":"read","replica":"a","object":"m","key":§"","value":1}"#,
            "`key`: an empty name",
        ),
        (
            r#"{"event":"read","replica":"a","object":"s","element":§1,"value":true}"#,
            "`element`: expected a name",
        ),
        (
            r#"{"event":"read","replica":"a","object":"r","value":1,§"timestamp":1}"#,
            "unknown field `timestamp`",
        ),
        (r#"§{"event":"vector","replica":"a"}"#, "vector lacks the field `vector`"),
        (r#"§{"event":"digest","replica":"a"}"#, "digest lacks the field `digest`"),
        (
            r#"{"event":"digest","replica":"a","digest":"d","algorithm":§1}"#,
            "`algorithm`: expected a string",
        ),
        (r#"{"event":"digest","replica":"a","digest":§2e308}"#, "`digest`: `2e308` is too great"),
        (
            r#"{"event":"converged","replicas":§["a"]}"#,
            "`replicas`: expected two replicas or more, but found 1",
        ),
        (
            r#"{"event":"converged","replicas":§[]}"#,
            "`replicas`: expected two replicas or more, but found 0",
        ),
        (
            r#"{"event":"converged","replicas":["a","b",§"a"]}"#,
            "`replicas[2]`: the replica `a` stands twice",
        ),
        (
            r#"§{"event":"decisions","replica":"a","object":"s"}"#,
            "decisions lacks the field `decisions`",
        ),
        (r#"§{"event":"notices","replica":"a","notices":[]}"#, "notices lacks the field `user`"),
        (r#"§{"event":"state","replica":"a","object":"n"}"#, "state lacks the field `state`"),
        (
            r#"{"event":"state","replica":"a","object":"r","state":{"value":§1e400}}"#,
            "`state.value`: `1e400` is too great",
        ),
    ] {
        refused_line(line, says);
    }
}

#[test]
fn with_own_stamps_a_timestamp_is_refused_and_none_is_missed() {
    let own = own_stamps();
    for line in [
        r#"{"event":"op","replica":"a","object":"r","op":"write","value":1,§"timestamp":1}"#,
        r#"{"event":"op","replica":"a","object":"m","op":"put","key":"k","value":1,§"timestamp":1}"#,
        r#"{"event":"op","replica":"a","object":"m","op":"delete","key":"k",§"timestamp":null}"#,
        r#"{"event":"op","replica":"a","object":"l","op":"append","entry":1,§"timestamp":1}"#,
    ] {
        let says = "a timestamp, but by the header (`\"stamps\":\"own\"`) no write has one";
        refused_under(&own, line, says);
        let (without, _) = unmarked(line);
        let without = without.split(",\"timestamp\"").next().expect("a beginning").to_owned() + "}";
        let Event::Op(op) = event_under(&own, &without).expect("an operation") else { panic!() };
        let (Operation::Write { timestamp, .. }
        | Operation::Put { timestamp, .. }
        | Operation::Delete { timestamp, .. }
        | Operation::Append { timestamp, .. }) = op.operation
        else {
            panic!("{op:?}")
        };
        assert_eq!(timestamp, None);
    }
    let increment = r#"{"event":"op","replica":"a","object":"n","op":"increment",§"timestamp":1}"#;
    refused_under(&own, increment, "unknown field `timestamp`");
}

#[test]
fn bad_states_to_load_are_refused() {
    for (object, state, says) in [
        ("n", "§null", "`state`: expected an object of shares by node, but found null"),
        ("n", r#"{"a":§-1}"#, "`state.a`: expected a count"),
        ("n", r#"{"a":§1.5}"#, "`state.a`: expected a count"),
        ("n", r#"{"a":1,"b":§"x"}"#, "`state.b`: expected a count"),
        ("n", r#"{§"":1}"#, "`state`: an empty name"),
        ("r", "§1", "`state`: expected an object, a write in a state, but found `1`"),
        ("r", "§{}", "`state`: a write in a state lacks the field `value`"),
        ("r", r#"§{"value":1,"timestamp":1}"#, "lacks the field `replica`"),
        (
            "r",
            r#"{"value":1,"timestamp":§1.5,"replica":"a"}"#,
            "`state.timestamp`: expected an integer",
        ),
        (
            "r",
            r#"{"value":§1e400,"timestamp":1,"replica":"a"}"#,
            "`state.value`: `1e400` is too great",
        ),
        (
            "r",
            r#"{"value":1,"timestamp":1,"replica":"a",§"x-a":1}"#,
            "unknown field `x-a`: a write in a state has value, timestamp, replica",
        ),
        ("s", r#"§{"adds":[]}"#, "the state of an or-set lacks the field `removes`"),
        (
            "s",
            r#"{"adds":§{},"removes":[]}"#,
            "`state.adds`: expected an array of additions, but found an object",
        ),
        (
            "s",
            r#"{"adds":[{"element":"x","replica":"a","seq":§-1}],"removes":[]}"#,
            "`state.adds[0].seq`: expected an integer",
        ),
        (
            "s",
            r#"{"adds":[],"removes":[{"element":"x","replica":"a","seq":1},{"element":§1,"replica":"a","seq":1}]}"#,
            "`state.removes[1].element`: expected a name",
        ),
        ("s", r#"{"adds":[],"removes":[],§"x-a":[]}"#, "unknown field `x-a`"),
        ("m", "§[]", "`state`: expected an object of writes by key, but found an array"),
        ("m", r#"{"k":§null}"#, "`state.k`: expected an object, a write in a state"),
        ("m", r#"{§"":{"value":1,"timestamp":1,"replica":"a"}}"#, "`state`: an empty name"),
        (
            "m",
            r#"{"k":{"value":1,"timestamp":1,"replica":§""}}"#,
            "`state.k.replica`: an empty name",
        ),
        ("l", "§{}", "`state`: expected an array of entries, but found an object"),
        (
            "l",
            r#"[§{"entry":1,"timestamp":1,"replica":"a"}]"#,
            "`state[0]`: an entry in a state lacks the field `seq`",
        ),
        (
            "l",
            r#"[{"entry":1,"timestamp":1,"replica":"a","seq":§18446744073709551616}]"#,
            "`state[0].seq`: expected an integer",
        ),
    ] {
        let line =
            format!(r#"{{"event":"load","replica":"a","object":"{object}","state":{state}}}"#);
        refused_line(&line, says);
    }
}

#[test]
fn every_event_is_read_as_what_it_says() {
    let name = |text: &str| text.to_string();
    let number = |n: u64| Json::Number(u128::from(n).into());
    let op = |object: &str, operation| {
        let (id, user) = (None, None);
        Event::Op(Op {
            replica: name("a"),
            object: name(object),
            operation,
            id,
            user,
            inexact: false,
        })
    };
    let load = |object: &str, state| Event::Load {
        replica: name("a"),
        object: name(object),
        state: Some(state),
    };
    let write = |value, timestamp: u64, replica: &str| StateWrite {
        value,
        timestamp: timestamp.into(),
        replica: name(replica),
    };
    for (line, expected) in [
        (
            r#"{"event":"op","replica":"a","object":"n","op":"increment"}"#,
            op("n", Operation::Increment { amount: 1 }),
        ),
        (
            r#"{"event":"op","replica":"a","object":"n","op":"increment","amount":1844674407370955161.5e1}"#,
            op("n", Operation::Increment { amount: u64::MAX }),
        ),
        (
            r#"{"event":"op","replica":"a","object":"r","op":"write","value":null,"timestamp":"18446744073709551615"}"#,
            op("r", Operation::Write { value: Json::Null, timestamp: Some(u64::MAX.into()) }),
        ),
        (
            r#"{"event":"op","replica":"a","object":"s","op":"add","element":"\ud83d\ude00"}"#,
            op("s", Operation::Add { element: name("😀") }),
        ),
        (
            r#"{"event":"op","replica":"a","object":"s","op":"remove","element":"x-a"}"#,
            op("s", Operation::Remove { element: name("x-a") }),
        ),
        (
            r#"{"event":"op","replica":"a","object":"m","op":"put","key":"k","value":"v","timestamp":-0}"#,
            op(
                "m",
                Operation::Put {
                    key: name("k"),
                    value: Json::String(name("v")),
                    timestamp: Some(0.into()),
                },
            ),
        ),
        (
            r#"{"event":"op","replica":"a","object":"m","op":"delete","key":"k","timestamp":1.0e0}"#,
            op("m", Operation::Delete { key: name("k"), timestamp: Some(1.into()) }),
        ),
        (
            r#"{"event":"op","replica":"a","object":"l","op":"append","entry":[true,false],"timestamp":1}"#,
            op(
                "l",
                Operation::Append {
                    entry: Json::Array(vec![Json::Bool(true), Json::Bool(false)]),
                    timestamp: Some(1.into()),
                },
            ),
        ),
        (
            r#"{"event":"op","replica":"zoe","object":"?","op":"add","element":"e","id":"i","user":"u"}"#,
            Event::Op(Op {
                replica: name("zoe"),
                object: name("?"),
                operation: Operation::Add { element: name("e") },
                id: Some(name("i")),
                user: Some(name("u")),
                inexact: false,
            }),
        ),
        (
            r#"{"event":"send","replica":"a","message":"m"}"#,
            Event::Send {
                replica: name("a"),
                message: name("m"),
                to: None,
                content: Content::All,
                relays: vec![],
            },
        ),
        (
            r#"{"event":"send","replica":"a","message":"m","to":"b","objects":[]}"#,
            Event::Send {
                replica: name("a"),
                message: name("m"),
                to: Some(name("b")),
                content: Content::Objects(vec![]),
                relays: vec![],
            },
        ),
        (
            r#"{"event":"send","replica":"a","message":"m","since":["k","k"]}"#,
            Event::Send {
                replica: name("a"),
                message: name("m"),
                to: None,
                content: Content::Since(vec![name("k"), name("k")]),
                relays: vec![],
            },
        ),
        (
            r#"{"event":"send","replica":"a","message":"m","operations":["i"]}"#,
            Event::Send {
                replica: name("a"),
                message: name("m"),
                to: None,
                content: Content::Operations(vec![name("i")]),
                relays: vec![],
            },
        ),
        (
            r#"{"event":"receive","replica":"a","message":"m"}"#,
            Event::Receive { replica: name("a"), message: name("m") },
        ),
        (
            r#"{"event":"merge","replica":"a","from":"b"}"#,
            Event::Merge { replica: name("a"), from: name("b"), objects: None },
        ),
        (
            r#"{"event":"sync","replicas":["b","a"],"objects":["n"]}"#,
            Event::Sync { replicas: [name("b"), name("a")], objects: Some(vec![name("n")]) },
        ),
        (
            r#"{"event":"save","replica":"a","snapshot":"s"}"#,
            Event::Save { replica: name("a"), snapshot: name("s") },
        ),
        (
            r#"{"event":"restore","replica":"a","snapshot":"s"}"#,
            Event::Restore { replica: name("a"), snapshot: name("s") },
        ),
        (
            r#"{"event":"load","replica":"a","object":"n","state":{"x-1":5000,"y":"0","z":1e30,"huge":1e999999999999}}"#,
            load(
                "n",
                ExplicitState::GCounter(vec![
                    (name("x-1"), Count::Exact(5000)),
                    (name("y"), Count::Exact(0)),
                    (name("z"), Count::Exact(10u128.pow(30))),
                    (name("huge"), Count::TooLarge),
                ]),
            ),
        ),
        (
            r#"{"event":"load","replica":"a","object":"r","state":null}"#,
            load("r", ExplicitState::LwwRegister(None)),
        ),
        (
            r#"{"event":"load","replica":"a","object":"r","state":{"replica":"z","timestamp":"2","value":null}}"#,
            load("r", ExplicitState::LwwRegister(Some(write(Json::Null, 2, "z")))),
        ),
        (
            r#"{"event":"load","replica":"a","object":"s","state":{"adds":[{"element":"e","replica":"z","seq":1}],"removes":[]}}"#,
            load(
                "s",
                ExplicitState::OrSet {
                    adds: vec![StateDot { element: name("e"), replica: name("z"), seq: 1 }],
                    removes: vec![],
                },
            ),
        ),
        (
            r#"{"event":"load","replica":"a","object":"m","state":{"x-k":{"value":1,"timestamp":2,"replica":"z"}}}"#,
            load("m", ExplicitState::LwwMap(vec![(name("x-k"), write(number(1), 2, "z"))])),
        ),
        (
            r#"{"event":"load","replica":"a","object":"l","state":[{"entry":"e","timestamp":1,"replica":"z","seq":3}]}"#,
            load(
                "l",
                ExplicitState::Log(vec![StateEntry {
                    entry: Json::String(name("e")),
                    timestamp: 1.into(),
                    replica: name("z"),
                    seq: 3,
                }]),
            ),
        ),
        (
            // The judge refuses an object that was never declared, whatever its state.
            r#"{"event":"load","replica":"a","object":"?","state":1e999}"#,
            Event::Load { replica: name("a"), object: name("?"), state: None },
        ),
        (r#"{"event":"note","text":""}"#, Event::Note { text: name("") }),
        (
            r#"{"event":"read","replica":"a","object":"n","value":1e999}"#,
            Event::Claim(Claim::Read {
                replica: name("a"),
                object: name("n"),
                element: None,
                key: None,
                query: None,
                value: Json::parse("1e999").expect("a number"),
            }),
        ),
        (
            // The judge refuses operations that the type does not have.
            r#"{"event":"read","replica":"a","object":"r","element":"e","key":"k","value":[]}"#,
            Event::Claim(Claim::Read {
                replica: name("a"),
                object: name("r"),
                element: Some(name("e")),
                key: Some(name("k")),
                query: None,
                value: Json::Array(vec![]),
            }),
        ),
        (
            r#"{"event":"vector","replica":"a","vector":{"a":1},"object":"n"}"#,
            Event::Claim(Claim::Vector {
                replica: name("a"),
                object: Some(name("n")),
                vector: Json::Object(vec![(name("a"), number(1))]),
            }),
        ),
        (
            r#"{"event":"digest","replica":"a","digest":null,"algorithm":""}"#,
            Event::Claim(Claim::Digest {
                replica: name("a"),
                object: None,
                algorithm: Some(name("")),
                digest: Json::Null,
            }),
        ),
        (
            r#"{"event":"converged","replicas":["a","b"]}"#,
            Event::Claim(Claim::Converged { replicas: vec![name("a"), name("b")] }),
        ),
        (
            r#"{"event":"decisions","replica":"a","object":"s","decisions":[]}"#,
            Event::Claim(Claim::Decisions {
                replica: name("a"),
                object: name("s"),
                decisions: Json::Array(vec![]),
            }),
        ),
        (
            r#"{"event":"notices","replica":"a","user":"u","notices":{}}"#,
            Event::Claim(Claim::Notices {
                replica: name("a"),
                user: name("u"),
                notices: Json::Object(vec![]),
            }),
        ),
        (
            r#"{"event":"state","replica":"a","object":"n","state":"wrong"}"#,
            Event::Claim(Claim::State {
                replica: name("a"),
                object: name("n"),
                state: Json::String(name("wrong")),
            }),
        ),
    ] {
        assert_eq!(taken(line), expected, "{line}");
    }
}

#[test]
fn claimed_counts_may_be_of_any_size() {
    for (field, line) in [
        ("value", r#"{"event":"read","replica":"a","object":"n","value":1e400}"#),
        ("vector", r#"{"event":"vector","replica":"a","vector":{"a":1e400}}"#),
        ("state", r#"{"event":"state","replica":"a","object":"n","state":{"a":1e400}}"#),
        (
            "decisions",
            r#"{"event":"decisions","replica":"a","object":"s","decisions":[{"kept":[{"seq":1e400}]}]}"#,
        ),
        ("notices", r#"{"event":"notices","replica":"a","user":"u","notices":[{"seq":1e400}]}"#),
        ("x-a", r#"{"event":"note","text":"t","x-a":1e400}"#),
    ] {
        assert!(line.contains(field));
        taken(line);
    }
}

#[test]
fn an_operation_says_whether_it_holds_an_inexact_integer() {
    for (value, inexact) in [
        ("18446744073709551615", false),
        ("18446744073709551616", true),
        ("-9223372036854775808", false),
        ("-9223372036854775809", true),
        ("1e19", false),
        ("1e20", true),
        ("1e300", true),
        ("123456789012345678901e-2", false),
        ("0.123456789012345678901", false),
        (r#"{"k":[0,{"l":1e20}]}"#, true),
        (r#"{"1e20":"1e20"}"#, false),
    ] {
        for line in [
            format!(
                r#"{{"event":"op","replica":"a","object":"r","op":"write","timestamp":1,"value":{value}}}"#
            ),
            format!(
                r#"{{"event":"op","replica":"a","object":"m","op":"put","key":"k","timestamp":1,"value":{value}}}"#
            ),
            format!(
                r#"{{"event":"op","replica":"a","object":"l","op":"append","timestamp":1,"entry":{value}}}"#
            ),
        ] {
            let Event::Op(op) = taken(&line) else { panic!("{line}") };
            assert_eq!(op.inexact, inexact, "{line}");
        }
    }
    let ignored = r#"{"event":"op","replica":"a","object":"n","op":"increment","x-a":1e300}"#;
    assert!(matches!(taken(ignored), Event::Op(Op { inexact: false, .. })));
}
