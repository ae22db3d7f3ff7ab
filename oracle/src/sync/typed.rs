//! Commands typed while a replica is open: edits, which are synced at once, and `show`.

use super::console::Console;
use super::edit::Edit;
use super::hub::Hub;
use super::network::end_if_broken;
use super::show;
use clap::{Parser, Subcommand};
use std::io::{self, BufRead, Read};

/// The greatest length of a line, in bytes.
const MOST_BYTES: u64 = 2 << 20;

/// One line.
#[derive(Debug, Parser)]
#[command(no_binary_name = true, disable_version_flag = true, name = "")]
struct Line {
    #[command(subcommand)]
    command: Command,

    #[arg(long, global = true, value_name = "NAME", value_parser = super::edit::name)]
    user: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what the replica holds.
    Show,
    /// An edit.
    #[command(flatten)]
    Edit(super::edit::Change),
}

/// Carries out what is typed, until standard input ends.
pub fn listen(hub: &Hub, console: &Console) {
    let mut input = io::stdin().lock();
    loop {
        let mut bytes = Vec::new();
        match input.by_ref().take(MOST_BYTES).read_until(b'\n', &mut bytes) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        if bytes.len() as u64 == MOST_BYTES {
            console.say("error: this line is longer than 2 MiB; no further line is read");
            return;
        }
        match str::from_utf8(&bytes).map(str::trim) {
            Ok("") => {}
            Ok(line) => console.say(&answer(hub, line)),
            Err(_) => console.say("error: this line is not UTF-8, so it was not carried out"),
        }
        end_if_broken(hub);
    }
}

/// Carries out a line, and returns what to print.
fn answer(hub: &Hub, line: &str) -> String {
    let Some(words) = shlex::split(line) else {
        return "error: this line has a quotation mark that is not closed".into();
    };
    let edit = match Line::try_parse_from(words) {
        Ok(Line { command: Command::Show, .. }) => {
            return match hub.look(show::describe) {
                Ok(text) => text,
                Err(failure) => format!("error: {}", failure.message),
            };
        }
        Ok(Line { command: Command::Edit(change), user }) => Edit { change, user },
        Err(error) => return error.to_string(),
    };
    match hub.edit(&edit) {
        Ok(number) => kept(number),
        Err(failure) => format!("error: {}", failure.message),
    }
}

/// The acknowledgement of an edit.
pub fn kept(number: u64) -> String {
    format!("kept: operation {number} of this replica")
}
