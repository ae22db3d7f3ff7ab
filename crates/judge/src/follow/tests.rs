//! The engines' inputs and questions: each answer is compared with the definition's, whichever
//! engine gives it, and however late a message is received.

use super::*;
use crate::Options;
use crate::judge::Judge;
use rejoin_trace::{Line, Reader};

/// A judge that has read a trace, with these engines following.
fn judge(trace: &str, engines: &[EngineName]) -> Judge {
    let mut reader = Reader::new(trace.as_bytes()).expect("it has a header");
    let options = Options { engines: engines.to_vec(), ..Options::default() };
    let mut judge = Judge::new(reader.header(), None, &options).expect("it is possible");
    while let Some(line) = reader.next_line().expect("it is of the grammar") {
        read(&mut judge, &line);
    }
    judge
}

fn read(judge: &mut Judge, line: &Line<'_>) {
    judge.line(line).expect("it can have happened");
}

const HEADER: &str = r#"{"trace":"rejoin/1","replicas":["a","b","c"],"objects":{"n":{"type":"g-counter"},"r":{"type":"lww-register"},"s":{"type":"or-set"},"m":{"type":"lww-map"},"l":{"type":"log"}}}"#;

#[test]
fn another_answer_is_a_difference() {
    let mut judge = judge(HEADER, &EngineName::ALL);
    let engines = &mut judge.followers;
    engines.compare(0, &Question::Value("n", &Amount::Count(0)), 2);
    assert_eq!((engines.compared, engines.differences.len()), (3, 0));
    engines.compare(0, &Question::Value("n", &Amount::Count(7)), 3);
    engines.compare(0, &Question::Value("m", &Amount::Count(0)), 4);
    engines.compare(0, &Question::Value("o", &Amount::Count(0)), 5);
    let expected = [
        "line 3: the optimized engine answers 0, by the definition it is 7",
        "line 3: the reference engine answers 0, by the definition it is 7",
        "line 3: the proven engine answers 0, by the definition it is 7",
        "line 4: the optimized engine answers {}, by the definition it is 0",
        "line 4: the reference engine answers {}, by the definition it is 0",
        "line 4: the proven engine answers {}, by the definition it is 0",
    ];
    assert_eq!(&engines.differences[..6], expected);
    assert_eq!((engines.compared, engines.differences.len()), (12, 9));
    for (difference, name) in engines.differences[6..].iter().zip(EngineName::ALL) {
        let prefix = format!("line 5: {name} has no answer: ");
        assert!(difference.starts_with(&prefix), "{difference}");
    }
}

/// What one engine did besides is found in its answers, of every kind, and in no other's.
#[test]
fn an_engine_that_did_something_else_is_found() {
    let digest =
        format!(r#"{{"event":"digest","replica":"a","algorithm":"{OWN_ALGORITHM}","digest":""}}"#);
    let claims = [
        r#"{"event":"read","replica":"a","object":"n","value":0}"#,
        r#"{"event":"read","replica":"a","object":"r","value":0}"#,
        r#"{"event":"read","replica":"a","object":"s","value":0}"#,
        r#"{"event":"read","replica":"a","object":"s","element":"x","value":0}"#,
        r#"{"event":"read","replica":"a","object":"m","value":0}"#,
        r#"{"event":"read","replica":"a","object":"m","key":"x","value":0}"#,
        r#"{"event":"read","replica":"a","object":"l","value":0}"#,
        r#"{"event":"vector","replica":"a","vector":0}"#,
        r#"{"event":"vector","replica":"a","object":"s","vector":0}"#,
        &digest,
    ];
    let planted: [(&str, Operation<Key, Canonical>); 5] = [
        ("n", Operation::Increment { amount: 1 }),
        (
            "r",
            Operation::Write {
                value: Canonical::from(&rejoin::json::Json::Bool(true)),
                timestamp: 1,
            },
        ),
        ("s", Operation::Add { element: "x".into() }),
        ("m", put("x")),
        (
            "l",
            Operation::Append { entry: Canonical::from(&rejoin::json::Json::Null), timestamp: 1 },
        ),
    ];
    let read_all = |judge: &mut Judge| {
        let text = [HEADER].into_iter().chain(claims).collect::<Vec<_>>().join("\n");
        let mut reader = Reader::new(text.as_bytes()).expect("it has a header");
        while let Some(line) = reader.next_line().expect("they are of the grammar") {
            read(judge, &line);
        }
    };
    for (place, name) in EngineName::ALL.into_iter().enumerate() {
        let mut judge = judge(HEADER, &EngineName::ALL);
        for (lane, (object, operation)) in (0..).zip(&planted) {
            let object = judge.past.find_object(object).expect("it is declared");
            let performed = Performed { object, lane, position: 1, operation, user: &None };
            judge.followers.engines[place].1.perform(0, &performed).expect("it can be done");
        }
        read_all(&mut judge);
        let of_it = format!(": {name} answers ");
        let differences = &judge.followers.differences;
        assert!(differences.iter().all(|text| text.contains(&of_it)), "{differences:?}");
        let asked = if name == EngineName::Optimized { claims.len() } else { claims.len() - 1 };
        assert_eq!(differences.len(), asked, "{differences:?}");
    }
}

fn put(key: &str) -> Operation<Key, Canonical> {
    let value = Canonical::from(&rejoin::json::Json::String("v".into()));
    Operation::Put { key: key.into(), value, timestamp: 1 }
}

/// A message that is received when its sender has moved on, was restored or merged from others
/// brings what it held, and no more.
#[test]
fn a_message_brings_what_it_held_however_late() {
    let events = [
        r#"{"event":"op","replica":"a","object":"s","op":"add","element":"x"}"#,
        r#"{"event":"op","replica":"a","object":"n","op":"increment","amount":1}"#,
        r#"{"event":"send","replica":"a","message":"m1"}"#,
        r#"{"event":"save","replica":"a","snapshot":"early"}"#,
        r#"{"event":"op","replica":"b","object":"s","op":"remove","element":"x"}"#,
        r#"{"event":"op","replica":"b","object":"m","op":"put","key":"x","value":1,"timestamp":5}"#,
        r#"{"event":"op","replica":"a","object":"s","op":"remove","element":"x"}"#,
        r#"{"event":"merge","replica":"a","from":"b"}"#,
        r#"{"event":"op","replica":"a","object":"m","op":"put","key":"x","value":2,"timestamp":4}"#,
        r#"{"event":"send","replica":"a","message":"m2"}"#,
        r#"{"event":"op","replica":"a","object":"m","op":"delete","key":"x","timestamp":6}"#,
        r#"{"event":"restore","replica":"a","snapshot":"early"}"#,
        r#"{"event":"op","replica":"a","object":"n","op":"increment","amount":10}"#,
        r#"{"event":"receive","replica":"c","message":"m1"}"#,
        r#"{"event":"read","replica":"c","object":"s","value":["x"]}"#,
        r#"{"event":"read","replica":"c","object":"n","value":1}"#,
        r#"{"event":"receive","replica":"c","message":"m2"}"#,
        r#"{"event":"read","replica":"c","object":"s","value":[]}"#,
        r#"{"event":"read","replica":"c","object":"m","value":{"x":1}}"#,
        r#"{"event":"read","replica":"c","object":"n","value":1}"#,
        r#"{"event":"receive","replica":"a","message":"m2"}"#,
        r#"{"event":"sync","replicas":["a","c"]}"#,
        r#"{"event":"read","replica":"c","object":"n","value":11}"#,
        r#"{"event":"vector","replica":"a","vector":{"a":5,"b":2}}"#,
    ];
    let trace = [HEADER].into_iter().chain(events).collect::<Vec<_>>().join("\n");
    let judge = judge(&trace, &EngineName::ALL);
    assert_eq!(judge.followers.differences, [""; 0]);
    assert_eq!(judge.followers.compared, 3 * 7);
}

/// An engine that has taken too much is left, and that is said.
#[test]
fn an_engine_stops_at_its_limits() {
    let small = Limits { look_after: 1, ..Limits::DEFAULT };
    let limits = [(Limits { kept: 1, ..small }, "memory"), (Limits { moved: 1, ..small }, "time")];
    for (limits, what) in limits {
        let mut judge = judge(HEADER, &[EngineName::Optimized]);
        let names = ["a", "b", "c"].map(|name| ReplicaId::new(name).unwrap());
        let objects = judge.past.history.objects.iter();
        let objects: Vec<_> = objects
            .map(|of| (ObjectId::from(&*of.name), of.kind.engine().expect("it has an engine")))
            .collect();
        judge.followers.engines[0].1 = Box::new(Optimized::new(&names, &objects, limits));
        let events = [
            HEADER,
            r#"{"event":"op","replica":"a","object":"s","op":"add","element":"x"}"#,
            r#"{"event":"read","replica":"a","object":"s","value":["x"]}"#,
            r#"{"event":"send","replica":"a","message":"m1"}"#,
            r#"{"event":"read","replica":"a","object":"s","value":["x"]}"#,
        ];
        let text = events.join("\n");
        let mut reader = Reader::new(text.as_bytes()).expect("it has a header");
        while let Some(line) = reader.next_line().expect("they are of the grammar") {
            read(&mut judge, &line);
        }
        let Followers { compared, stopped, differences, .. } = &judge.followers;
        assert_eq!((*compared, differences.len()), (1, 0));
        let [stopped] = &stopped[..] else { panic!("it stops once: {stopped:?}") };
        assert!(stopped.starts_with("the optimized engine followed to line 4 only: "));
        assert!(stopped.ends_with(what), "{stopped}");
    }
}
