//! The strict JSON reader compared with serde_json, and the canonical form with RFC 8785.

use super::*;
use proptest::prelude::*;
use serde_json::Value;

/// Where the strict reader may differ from serde_json.
fn differs_on_purpose(
    strict: &Result<Json, SyntaxError>,
    lax: &Result<Value, serde_json::Error>,
) -> bool {
    match (strict, lax) {
        // serde_json keeps the last of two equal members.
        (Err(error), Ok(_)) => error.message.contains("stands twice"),
        // It reads 127 levels, and no number beyond doubles.
        (Ok(_), Err(error)) => {
            let error = error.to_string();
            error.contains("recursion limit") || error.contains("number out of range")
        }
        _ => false,
    }
}

/// Whether both read the same. A double of serde_json may be a few off.
fn agree(strict: &Json, lax: &Value) -> bool {
    match (strict, lax) {
        (Json::Null, Value::Null) => true,
        (Json::Bool(a), Value::Bool(b)) => a == b,
        (Json::String(a), Value::String(b)) => a == b,
        (Json::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| agree(a, b))
        }
        (Json::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| agree(a, b)))
        }
        (Json::Number(a), Value::Number(b)) => match (b.as_i64(), b.as_u64(), b.as_f64()) {
            (Some(b), ..) => strict.canonical() == b.to_string(),
            (_, Some(b), _) => strict.canonical() == b.to_string(),
            (.., Some(b)) => {
                (a.as_f64() - b).abs() <= 4.0 * b.abs() * f64::EPSILON + f64::from_bits(4)
            }
            _ => false,
        },
        _ => false,
    }
}

/// JSON texts, most of them right, with everything that can be written in several ways.
fn json_text() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        any::<i64>().prop_map(|n| n.to_string()),
        any::<u64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(|n| format!("{n:e}")),
        "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,25})?([eE][-+]?[0-9]{1,3})?",
    ];
    let string = prop_oneof![
        "\"[a-c]{0,2}\"",
        any::<String>().prop_map(|text| Value::from(text).to_string()),
        r#""(\\[\\"/bfnrt]|\\u[0-9a-fA-F]{4}|\\u[dD][89abAB][0-9a-f]{2}\\u[dD][c-fC-F][0-9a-f]{2}|[ -!#-\[\]-~]|ü|😀){0,6}""#,
    ];
    let leaf = prop_oneof![
        Just("null".to_string()),
        Just("true".to_string()),
        Just("false".to_string()),
        number,
        string.clone(),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        let space = "[ \t\r\n]{0,2}";
        let item = (space, inner, space).prop_map(|(a, value, b)| a + &value + &b);
        let member = (space, string.clone(), space, item.clone())
            .prop_map(|(a, name, b, value)| format!("{a}{name}{b}:{value}"));
        prop_oneof![
            prop::collection::vec(item, 0..6).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec(member, 0..20)
                .prop_map(|members| format!("{{{}}}", members.join(","))),
        ]
    })
}

/// The text after some characters were replaced, inserted or removed.
fn mutated(text: &str, edits: &[(usize, u8, String)]) -> String {
    let mut chars: Vec<String> = text.chars().map(String::from).collect();
    for (place, kind, with) in edits {
        let place = place % (chars.len() + 1);
        match kind % 3 {
            0 if place < chars.len() => chars[place] = with.clone(),
            1 if place < chars.len() => drop(chars.remove(place)),
            _ => chars.insert(place, with.clone()),
        }
    }
    chars.concat()
}

fn edits() -> impl Strategy<Value = Vec<(usize, u8, String)>> {
    let with = r#"[\[\]{}:,"\\0-9eE+\-. a-fnrtu\x00-\x1f]|\\u|true|null|"a":"#;
    prop::collection::vec((any::<usize>(), any::<u8>(), with), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn the_strict_reader_and_serde_json_agree(text in json_text(), edits in edits()) {
        let text = mutated(&text, &edits);
        let strict = Json::parse(&text);
        let lax = serde_json::from_str::<Value>(&text);
        match (&strict, &lax) {
            (Ok(strict), Ok(lax)) => prop_assert!(agree(strict, lax), "{text}\n{strict:?}\n{lax:?}"),
            (Err(error), Err(_)) => {
                prop_assert!(text.is_char_boundary(error.offset), "{text}\n{error}");
            }
            _ => prop_assert!(differs_on_purpose(&strict, &lax), "{text}\n{strict:?}\n{lax:?}"),
        }
    }

    #[test]
    fn the_canonical_form_is_a_fixed_point_that_keeps_the_value(text in json_text()) {
        let Ok(json) = Json::parse(&text) else { return Ok(()) };
        let canonical = json.canonical();
        let again = Json::parse(&canonical).expect(&canonical);
        prop_assert_eq!(again.canonical(), &canonical[..]);
        let mut appended = String::from("-");
        json.canonical_into(&mut appended);
        prop_assert_eq!(&appended[1..], canonical);
        if let Ok(lax) = serde_json::from_str::<Value>(&text) {
            prop_assert!(agree(&again, &lax), "{text}");
        }
    }

    #[test]
    fn an_integer_in_the_exact_range_is_plain_digits(integer in -(1i128 << 63)..1 << 64, zeros in 0..5usize) {
        for written in [
            format!("{integer}"),
            format!("{integer}.{:0<1$}", "", zeros + 1),
            format!("{integer}{:0<1$}e-{zeros}", "", zeros),
        ] {
            let number = Json::parse(&written).expect(&written);
            prop_assert_eq!(number.canonical(), integer.to_string(), "{}", written);
        }
    }

    #[test]
    fn a_count_is_equal_to_itself_and_to_no_other(count: u128, other: u128, zeros in 0..5usize) {
        for written in [
            format!("{count}"),
            format!("\"{count}\""),
            format!("{count}.0"),
            format!("{count}{:0<1$}e-{zeros}", "", zeros),
        ] {
            let json = Json::parse(&written).expect(&written);
            prop_assert!(json.equals_count(count));
            prop_assert_eq!(json.equals_count(other), count == other);
            prop_assert_eq!(json.as_count(), u64::try_from(count).ok());
        }
    }
}

#[test]
fn doubles_are_written_as_rfc_8785_appendix_b_shows() {
    for (bits, text) in [
        (0x0000000000000001, "5e-324"),
        (0x8000000000000001, "-5e-324"),
        (0x7fefffffffffffff, "1.7976931348623157e+308"),
        (0xffefffffffffffff, "-1.7976931348623157e+308"),
        (0x4340000000000000, "9007199254740992"),
        (0xc340000000000000, "-9007199254740992"),
        (0x4430000000000000, "295147905179352830000"),
        (0x44b52d02c7e14af5, "9.999999999999997e+22"),
        (0x44b52d02c7e14af6, "1e+23"),
        (0x44b52d02c7e14af7, "1.0000000000000001e+23"),
        (0x444b1ae4d6e2ef4e, "999999999999999700000"),
        (0x444b1ae4d6e2ef4f, "999999999999999900000"),
        (0x444b1ae4d6e2ef50, "1e+21"),
        (0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"),
        (0x3eb0c6f7a0b5ed8d, "0.000001"),
        (0x41b3de4355555553, "333333333.3333332"),
        (0x41b3de4355555554, "333333333.33333325"),
        (0x41b3de4355555555, "333333333.3333333"),
        (0x41b3de4355555556, "333333333.3333334"),
        (0x41b3de4355555557, "333333333.33333343"),
        (0xbecbf647612f3696, "-0.0000033333333333333333"),
        (0x43143ff3c1cb0959, "1424953923781206.2"),
    ] {
        let written = format!("{:e}", f64::from_bits(bits));
        assert_eq!(Json::parse(&written).expect(&written).canonical(), text);
    }
}

#[test]
fn members_are_ordered_and_strings_escaped_as_rfc_8785_shows() {
    let written = r#"{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}"#;
    let expected = "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\u{fb33}\":3}";
    assert_eq!(Json::parse(written).expect(written).canonical(), expected);

    let written = r#""\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/\b\f\t\r\u007f\u2028""#;
    let expected = "\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\\b\\f\\t\\r\u{7f}\u{2028}\"";
    assert_eq!(Json::parse(written).expect(written).canonical(), expected);
}

#[test]
fn a_member_is_found_by_its_name() {
    let json = Json::parse(r#"{"b":1,"a":{"b":null}}"#).expect("JSON");
    assert_eq!(json.get("a").and_then(|a| a.get("b")), Some(&Json::Null));
    assert_eq!(json.get("c"), None);
    assert_eq!(Json::Null.get("a"), None);
}
