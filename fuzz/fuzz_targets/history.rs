//! Any history that obeys the grammar is judged without a panic, and the judge agrees with itself:
//! where it finds an answer false and says which one is right, that one is accepted.

#![no_main]

use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use rejoin_judge::{Options, Report, Rule, Verdict, check};
use std::collections::HashMap;

const REPLICAS: [&str; 3] = ["a", "b", "c"];
const OBJECTS: [(&str, &str); 18] = [
    ("c", "g-counter"),
    ("r", "lww-register"),
    ("s", "or-set"),
    ("m", "lww-map"),
    ("l", "log"),
    ("t", "or-set"),
    ("pn", "pn-counter"),
    ("gs", "g-set"),
    ("2s", "2p-set"),
    ("rs", "rw-set"),
    ("ef", "ew-flag"),
    ("df", "dw-flag"),
    ("mr", "mv-register"),
    ("mm", "mv-map"),
    ("max", "max-register"),
    ("min", "min-register"),
    ("li", "list"),
    ("o", "opaque"),
];
/// The types whose states a trace can load and claim.
const WITH_STATES: [&str; 5] = ["g-counter", "lww-register", "or-set", "lww-map", "log"];
const INTEGERS: [&str; 5] = ["0", "-1", "1.0", "-9223372036854775808", "18446744073709551615"];
const NAMES: [&str; 3] = ["x", "y", "ä"];
const VALUES: [&str; 8] = ["null", "1", "1.0", "-0", "1e300", "\"x\"", "[]", "{\"b\":1,\"a\":[2]}"];
const ANSWERS: [&str; 19] = [
    "null",
    "0",
    "\"1\"",
    "true",
    "[]",
    "[\"x\"]",
    "[\"y\",\"x\",\"x\"]",
    "{}",
    "{\"x\":1,\"a\":2}",
    "{\"adds\":[],\"removes\":[]}",
    "[{\"key\":\"x\",\"kept\":[],\"superseded\":[]}]",
    "\"2\"",
    "false",
    "-1",
    "\"-1\"",
    "{\"x\":[1]}",
    "[1,\"x\"]",
    "[\"e1\",\"e2\"]",
    "[\"e2\",\"e1\"]",
];

fuzz_target!(|input: &[u8]| {
    let mut trace = Trace::new(input);
    let report = trace.judge();
    assert_ne!(report.verdict, Verdict::Malformed, "{:?}\n{}", report.error, trace.text());
    if trace.own_stamps {
        return;
    }
    let mut corrected = Vec::new();
    for finding in &report.findings {
        // Of several orders one is said, which later lines may exclude.
        if finding.rule == Rule::ListValue {
            continue;
        }
        if let Some(expected) = &finding.expected {
            let line = finding.line as usize - 1;
            trace.answers.insert(line, expected.clone());
            corrected.push(finding.line);
        }
        let opaque = [
            Rule::DigestEqual,
            Rule::DigestDistinct,
            Rule::Converged,
            Rule::ListOrder,
            Rule::OpaqueAgreement,
            Rule::Failed,
        ];
        assert!(finding.expected.is_some() || opaque.contains(&finding.rule), "{finding:?}");
    }
    let again = trace.judge();
    let still = again.findings.iter().find(|finding| corrected.contains(&finding.line));
    assert_eq!(still, None, "{}", trace.text());
    assert_eq!((again.claims, &again.error), (report.claims, &report.error));
});

/// A trace whose claimed answers can be exchanged.
struct Trace {
    own_stamps: bool,
    /// The lines; a claim's has a `?` where its answer is to stand.
    lines: Vec<String>,
    /// The answer of each claim, by its place in `lines`.
    answers: HashMap<usize, String>,
}

impl Trace {
    /// What the bytes stand for; it ends where they do.
    fn new(input: &[u8]) -> Self {
        let mut bytes = Unstructured::new(input);
        let own_stamps = bytes.ratio(1, 4).unwrap_or_default();
        let stamps = if own_stamps { "own" } else { "explicit" };
        let objects = OBJECTS.map(|(name, kind)| format!(r#""{name}":{{"type":"{kind}"}}"#));
        let header = format!(
            r#"{{"trace":"rejoin/1","replicas":["a","b","c"],"objects":{{{}}},"stamps":"{stamps}"}}"#,
            objects.join(",")
        );
        let mut trace = Self { own_stamps, lines: vec![header], answers: HashMap::new() };
        let mut names = Names::default();
        while !bytes.is_empty() && trace.lines.len() < 200 {
            if trace.event(&mut bytes, &mut names).is_err() {
                break;
            }
        }
        trace
    }

    fn text(&self) -> String {
        let line = |(i, line): (usize, &String)| match self.answers.get(&i) {
            Some(answer) => line.replacen('?', answer, 1),
            None => line.clone(),
        };
        self.lines.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
    }

    fn judge(&self) -> Report {
        let text = self.text();
        check(|| Ok(text.as_bytes()), &Options::default()).expect("memory can be read")
    }

    /// Adds one line.
    fn event(&mut self, bytes: &mut Unstructured<'_>, names: &mut Names) -> Result<()> {
        let replica = *bytes.choose(&REPLICAS)?;
        let other = *bytes.choose(&REPLICAS)?;
        let (object, kind) = *bytes.choose(&OBJECTS)?;
        let name = *bytes.choose(&NAMES)?;
        let (event, fields) = match bytes.int_in_range(0..=19u8)? {
            0..=6 => ("op", operation(bytes, names, kind, name, self.own_stamps)?),
            7 => (
                "send",
                format!(
                    r#""message":"{}"{}{}"#,
                    names.message(),
                    content(bytes, names, object)?,
                    relays(bytes, names)?
                ),
            ),
            8 | 9 => ("receive", format!(r#""message":"{}""#, names.sent(bytes)?)),
            10 if replica != other => {
                ("merge", format!(r#""from":"{other}"{}"#, covered(bytes, object)?))
            }
            11 if replica != other => {
                let objects = covered(bytes, object)?;
                let line =
                    format!(r#"{{"event":"sync","replicas":["{replica}","{other}"]{objects}}}"#);
                self.lines.push(line);
                return Ok(());
            }
            12 => ("save", format!(r#""snapshot":"{}""#, names.snapshot(replica))),
            13 => ("restore", format!(r#""snapshot":"{}""#, names.saved(bytes, replica)?)),
            14 if !self.own_stamps && WITH_STATES.contains(&kind) => {
                ("load", format!(r#""object":"{object}","state":{}"#, state(bytes, kind, name)?))
            }
            _ => return self.claim(bytes, replica, object, kind, name),
        };
        let object = if event == "op" { format!(r#""object":"{object}","#) } else { String::new() };
        self.lines.push(format!(r#"{{"event":"{event}","replica":"{replica}",{object}{fields}}}"#));
        Ok(())
    }

    /// Adds a claim, with any answer.
    fn claim(
        &mut self,
        bytes: &mut Unstructured<'_>,
        replica: &str,
        object: &str,
        kind: &str,
        name: &str,
    ) -> Result<()> {
        let of = format!(r#""object":"{object}","#);
        let maybe = if bytes.ratio(1, 2)? { of.as_str() } else { "" };
        let part = match kind {
            "or-set" | "g-set" | "2p-set" | "rw-set" if bytes.ratio(1, 2)? => {
                format!(r#""element":"{name}","#)
            }
            "lww-map" | "mv-map" if bytes.ratio(1, 2)? => format!(r#""key":"{name}","#),
            "opaque" if bytes.ratio(1, 2)? => format!(r#""query":["{name}"],"#),
            _ => String::new(),
        };
        let fields = match bytes.int_in_range(0..=9u8)? {
            0..=2 => format!(r#"read","replica":"{replica}",{of}{part}"value":?"#),
            3 => format!(r#"vector","replica":"{replica}",{maybe}"vector":?"#),
            4 => format!(r#"digest","replica":"{replica}",{maybe}"digest":?"#),
            5 => r#"converged","replicas":["a","b"]"#.into(),
            6 if matches!(
                kind,
                "lww-register" | "or-set" | "lww-map" | "rw-set" | "ew-flag" | "dw-flag"
            ) =>
            {
                format!(r#"decisions","replica":"{replica}",{of}"decisions":?"#)
            }
            7 => format!(r#"notices","replica":"{replica}","user":"x","notices":?"#),
            8 if matches!(kind, "g-counter" | "or-set")
                || !self.own_stamps && WITH_STATES.contains(&kind) =>
            {
                format!(r#"state","replica":"{replica}",{of}"state":?"#)
            }
            9 => format!(r#"failed","replica":"{replica}",{maybe}"text":"it threw""#),
            _ => return Ok(()),
        };
        if fields.contains('?') {
            self.answers.insert(self.lines.len(), (*bytes.choose(&ANSWERS)?).into());
        }
        self.lines.push(format!(r#"{{"event":"{fields}}}"#));
        Ok(())
    }
}

/// The names that were given, so that most that are used are known.
#[derive(Default)]
struct Names {
    messages: usize,
    operations: usize,
    elements: usize,
    snapshots: Vec<String>,
}

impl Names {
    fn message(&mut self) -> String {
        self.messages += 1;
        format!("m{}", self.messages)
    }

    fn sent(&self, bytes: &mut Unstructured<'_>) -> Result<String> {
        Ok(format!("m{}", bytes.int_in_range(1..=self.messages.max(1))?))
    }

    fn operation(&mut self) -> String {
        self.operations += 1;
        format!("o{}", self.operations)
    }

    fn done(&self, bytes: &mut Unstructured<'_>) -> Result<String> {
        Ok(format!("o{}", bytes.int_in_range(1..=self.operations.max(1))?))
    }

    fn element(&mut self) -> String {
        self.elements += 1;
        format!("e{}", self.elements)
    }

    /// An element of the list, which the replica may not have seen.
    fn inserted(&self, bytes: &mut Unstructured<'_>) -> Result<String> {
        Ok(format!("e{}", bytes.int_in_range(1..=self.elements.max(1))?))
    }

    /// A snapshot's name begins with its replica's.
    fn snapshot(&mut self, replica: &str) -> String {
        self.snapshots.push(format!("{replica}{}", self.snapshots.len()));
        self.snapshots[self.snapshots.len() - 1].clone()
    }

    fn saved(&self, bytes: &mut Unstructured<'_>, replica: &str) -> Result<String> {
        let own = |name: &&String| name.starts_with(replica);
        let own: Vec<_> = self.snapshots.iter().filter(own).cloned().collect();
        if own.is_empty() { Ok("none".into()) } else { bytes.choose(&own).cloned() }
    }
}

fn operation(
    bytes: &mut Unstructured<'_>,
    names: &mut Names,
    kind: &str,
    name: &str,
    own_stamps: bool,
) -> Result<String> {
    let value = *bytes.choose(&VALUES)?;
    let stamp = match own_stamps {
        true => String::new(),
        false if bytes.ratio(1, 16)? => r#","timestamp":[3,1]"#.into(),
        false => format!(r#","timestamp":{}"#, bytes.int_in_range(0..=7u8)?),
    };
    let flag = bytes.ratio(1, 3)?;
    let operation = match kind {
        "g-counter" if flag => r#""op":"increment""#.into(),
        "g-counter" => r#""op":"increment","amount":"18446744073709551615""#.into(),
        "lww-register" => format!(r#""op":"write","value":{value}{stamp}"#),
        "pn-counter" if flag => r#""op":"increment","amount":2"#.into(),
        "pn-counter" => r#""op":"decrement""#.into(),
        "or-set" | "2p-set" | "rw-set" if flag => format!(r#""op":"remove","element":"{name}""#),
        "or-set" | "2p-set" | "rw-set" | "g-set" => format!(r#""op":"add","element":"{name}""#),
        "ew-flag" | "dw-flag" if flag => r#""op":"disable""#.into(),
        "ew-flag" | "dw-flag" => r#""op":"enable""#.into(),
        "mv-register" => format!(r#""op":"write","value":{value}"#),
        "mv-map" if flag => format!(r#""op":"delete","key":"{name}""#),
        "mv-map" => format!(r#""op":"put","key":"{name}","value":{value}"#),
        "max-register" | "min-register" => {
            format!(r#""op":"write","value":{}"#, bytes.choose(&INTEGERS)?)
        }
        "list" if flag && names.elements > 0 => {
            format!(r#""op":"delete","element":"{}""#, names.inserted(bytes)?)
        }
        "list" => {
            let mut between = String::new();
            for side in ["after", "before"] {
                if names.elements > 0 && bytes.ratio(1, 2)? {
                    between += &format!(r#","{side}":"{}""#, names.inserted(bytes)?);
                }
            }
            format!(r#""op":"insert","element":"{}"{between}"#, names.element())
        }
        "opaque" => format!(r#""op":"{name}","arguments":{value}"#),
        "lww-map" if flag => format!(r#""op":"delete","key":"{name}"{stamp}"#),
        "lww-map" => format!(r#""op":"put","key":"{name}","value":{value}{stamp}"#),
        _ => format!(r#""op":"append","entry":{value}{stamp}"#),
    };
    let user = if bytes.ratio(1, 2)? { r#","user":"x""# } else { "" };
    Ok(format!(r#"{operation},"id":"{}"{user}"#, names.operation()))
}

fn content(bytes: &mut Unstructured<'_>, names: &Names, object: &str) -> Result<String> {
    Ok(match bytes.int_in_range(0..=4u8)? {
        0 => format!(r#","objects":["{object}"]"#),
        1 => format!(r#","operations":["{}"]"#, names.done(bytes)?),
        // The message itself is the last one named: only those before it are known.
        2 if names.messages > 1 => {
            format!(r#","since":["m{}"]"#, bytes.int_in_range(1..=names.messages - 1)?)
        }
        _ => String::new(),
    })
}

/// Messages that were sent before, the new one being the last that has a name.
fn relays(bytes: &mut Unstructured<'_>, names: &Names) -> Result<String> {
    if names.messages < 2 || !bytes.ratio(1, 8)? {
        return Ok(String::new());
    }
    Ok(format!(r#","relays":["m{}"]"#, bytes.int_in_range(1..=names.messages - 1)?))
}

fn covered(bytes: &mut Unstructured<'_>, object: &str) -> Result<String> {
    Ok(if bytes.ratio(1, 4)? { format!(r#","objects":["{object}"]"#) } else { String::new() })
}

fn state(bytes: &mut Unstructured<'_>, kind: &str, name: &str) -> Result<String> {
    let number = bytes.int_in_range(1..=3u8)?;
    let value = *bytes.choose(&VALUES)?;
    let replica = *bytes.choose(&["a", "b", "n"])?;
    let dot = format!(r#"{{"element":"{name}","replica":"{replica}","seq":{number}}}"#);
    let write = format!(r#"{{"value":{value},"timestamp":{number},"replica":"{replica}"}}"#);
    Ok(match kind {
        "g-counter" => format!(r#"{{"{replica}":{number}}}"#),
        "lww-register" => write,
        "or-set" if number == 1 => format!(r#"{{"adds":[{dot}],"removes":[{dot}]}}"#),
        "or-set" => format!(r#"{{"adds":[{dot}],"removes":[]}}"#),
        "lww-map" => format!(r#"{{"{name}":{write}}}"#),
        _ => format!(
            r#"[{{"entry":{value},"timestamp":{number},"replica":"{replica}","seq":{number}}}]"#
        ),
    })
}
