//! Serves a subject in a process of its own, for `oracle drive`.

use rejoin::json::{Json, quote_into};
use rejoin_drive::{Reply, Request, Subject};
use rejoin_trace::{Event, Header, Name, Reader};
use std::io::{self, BufRead, Write};

/// Answers the oracle's requests for a subject, such as [`Hosted`](crate::Hosted), line by line,
/// until the oracle says stop or the input ends: `rejoin-subject/1`, spec/trace-format.md, section
/// 8.
///
/// # Errors
/// If reading or writing fails.
pub fn serve(
    subject: &mut dyn Subject,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> io::Result<()> {
    let mut header = String::new();
    for line in input.lines() {
        let line = line?;
        let seq = Json::parse(&line).ok().and_then(|json| json.get("seq")?.as_count());
        let reply = match request(&line, &mut header) {
            Ok(request) => {
                let is_over = request == Request::Stop;
                let reply = subject.ask(&request);
                (reply.unwrap_or_else(|failure| Reply::Error(failure.to_string())), is_over)
            }
            Err(message) => (Reply::Error(message), false),
        };
        writeln!(output, "{}", written(&reply.0, seq.unwrap_or(0)))?;
        output.flush()?;
        if reply.1 {
            break;
        }
    }
    Ok(())
}

/// Reads a line as a request. `header` is the header of the current history.
fn request(line: &str, header: &mut String) -> Result<Request, String> {
    let json = Json::parse(line).map_err(|error| error.to_string())?;
    let text = |name: &str| match json.get(name) {
        Some(Json::String(text)) => Ok(text.clone()),
        _ => Err(format!("a request without `{name}`: {line}")),
    };
    let optional = |name: &str| text(name).ok();
    let names = |name: &str| -> Option<Vec<Name>> {
        let Some(Json::Array(items)) = json.get(name) else { return None };
        let named = |item: &Json| match item {
            Json::String(name) => Some(name.clone()),
            _ => None,
        };
        items.iter().map(named).collect()
    };
    Ok(match text("event")?.as_str() {
        "start" => {
            let Header { replicas, objects, stamps, .. } = read_header(&json, header)?;
            Request::Start { replicas, objects, stamps }
        }
        "op" => {
            let Json::Object(mut members) = json else { return Err("no object".into()) };
            members.retain(|(name, _)| name != "seq");
            let mut text = String::new();
            Json::Object(members).written_into(&mut text);
            let trace = format!("{header}\n{text}");
            let mut reader = Reader::new(trace.as_bytes()).map_err(|error| error.to_string())?;
            match reader.next_line().map_err(|error| error.to_string())? {
                Some(line) => match line.event {
                    Event::Op(op) => Request::Op(op),
                    _ => return Err("no operation".into()),
                },
                None => return Err("no operation".into()),
            }
        }
        "send" => Request::Send {
            replica: text("replica")?,
            message: text("message")?,
            to: optional("to"),
            objects: names("objects"),
        },
        "receive" => Request::Receive {
            replica: text("replica")?,
            message: text("message")?,
            payload: text("payload")?,
        },
        "sync" => {
            let replicas = names("replicas").and_then(|names| <[Name; 2]>::try_from(names).ok());
            Request::Sync {
                replicas: replicas.ok_or("a sync is of two replicas")?,
                objects: names("objects"),
            }
        }
        "read" => Request::Read {
            replica: text("replica")?,
            object: text("object")?,
            element: optional("element"),
            key: optional("key"),
            query: json.get("query").cloned(),
        },
        "vector" => Request::Vector { replica: text("replica")?, object: optional("object") },
        "digest" => Request::Digest { replica: text("replica")?, object: optional("object") },
        "decisions" => Request::Decisions { replica: text("replica")?, object: text("object")? },
        "notices" => Request::Notices { replica: text("replica")?, user: text("user")? },
        "save" => Request::Save { replica: text("replica")?, snapshot: text("snapshot")? },
        "restore" => Request::Restore {
            replica: text("replica")?,
            snapshot: text("snapshot")?,
            payload: text("payload")?,
        },
        "stop" => Request::Stop,
        other => return Err(format!("the request {other} is not known")),
    })
}

/// The start of a history as the header of a trace, which is kept to read operations.
fn read_header(start: &Json, header: &mut String) -> Result<Header, String> {
    let mut members = vec![("trace".to_owned(), Json::from("rejoin/1"))];
    for name in ["replicas", "objects", "stamps"] {
        let value = start.get(name).ok_or_else(|| format!("a start without `{name}`"))?;
        members.push((name.into(), value.clone()));
    }
    header.clear();
    Json::Object(members).written_into(header);
    let reader = Reader::new(header.as_bytes()).map_err(|error| error.to_string())?;
    Ok(reader.header().clone())
}

/// A reply as a line.
fn written(reply: &Reply, seq: u64) -> String {
    let mut line = format!("{{\"seq\":{seq},");
    let mut text = |name: &str, text: &str| {
        line += &format!("\"{name}\":");
        quote_into(text, &mut line);
    };
    match reply {
        Reply::Ok | Reply::Started(_) => line += "\"ok\":true",
        Reply::Payload(payload) => text("payload", payload),
        Reply::Unsupported(reason) => text("unsupported", reason),
        Reply::Error(message) => text("error", message),
        Reply::Value(value) => {
            line += "\"value\":";
            value.written_into(&mut line);
        }
        Reply::Digest(digest) => {
            line += "\"digest\":";
            digest.written_into(&mut line);
        }
    }
    line + "}"
}
