//! README.md and the pages of docs/ tell the truth: what they show of the oracle is what the oracle
//! prints, and the files that they quote are those of the project.
//!
//! What is typed in several terminals is run in their order, in a folder of its own. What differs from
//! run to run (hashes, times, incarnations, bytes) is not compared.
//!
//! `UPDATE_README=1 cargo test -p rejoin-oracle --test cli readme` writes the README anew.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a member has a workspace").into()
}

/// What a reader would see of `oracle ARGUMENTS` in the folder of the README.
fn printed(arguments: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_oracle"))
        .args(arguments.split_whitespace())
        .current_dir(root())
        .env("NO_COLOR", "1")
        .output()
        .expect("the oracle starts");
    // The history that a driven subject failed with, where the pages say that it goes.
    let _ = std::fs::remove_file(root().join("failing-history.jsonl"));
    let (out, err) = (output.stdout, output.stderr);
    let text = String::from_utf8([out, err].concat()).expect("the oracle prints UTF-8");
    text.trim_end().to_string() + "\n"
}

/// Whether what the pages drive with Python can be driven here.
fn has_python() -> bool {
    let mut python = Command::new("python3");
    python.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    python.status().is_ok_and(|status| status.success())
}

/// Where the README's server listens.
const ADDRESS: &str = "127.0.0.1:7117";

/// Runs git as a reader would who has told it a name.
fn git(folder: &Path, arguments: &str) {
    let mut process = Command::new("git");
    process.args(["-c", "user.name=n", "-c", "user.email=e"]);
    process.args(arguments.split_whitespace()).current_dir(folder);
    process.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    // Commits are named by all that is in them.
    for date in ["GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"] {
        process.env(date, "@1700000000 +0000");
    }
    let output = process.output().expect("git is there");
    assert!(output.status.success(), "{arguments}: {output:?}");
}

/// The blocks of terminals, each with what is printed in it.
fn terminals(readme: &str) -> VecDeque<String> {
    let folder = TempDir::new().expect("there is room for files");
    let mut blocks = VecDeque::new();
    let mut server: Option<(usize, BufReader<std::process::ChildStdout>, Child)> = None;
    let mut address = String::new();
    let mut lines = readme.lines();
    while let Some(line) = lines.next() {
        if !line.starts_with("<!-- terminal: ") {
            continue;
        }
        assert_eq!(lines.next(), Some("```console"), "a block follows {line}");
        let mut block = String::new();
        let commands = lines.by_ref().take_while(|line| *line != "```");
        for command in commands.filter_map(|line| line.strip_prefix("$ ")) {
            block += &format!("$ {command}\n");
            let (command, to) = command.split_once(" > ").unwrap_or((command, ""));
            if let Some(text) = command.strip_prefix("echo ") {
                std::fs::write(folder.path().join(to), format!("{text}\n")).expect("there is room");
                continue;
            }
            if let Some(arguments) = command.strip_prefix("git ") {
                git(folder.path(), arguments);
                continue;
            }
            let arguments = command.strip_prefix("oracle ").expect("it calls the oracle");
            let is_server = arguments.starts_with("sync serve ");
            let place = if is_server { "127.0.0.1:0" } else { &address };
            let arguments = arguments.replace(ADDRESS, place);
            if arguments.starts_with("sync edit server.db")
                && let Some((number, output, mut child)) = server.take()
            {
                // The user has ended the server to have the file.
                child.kill().expect("the server runs");
                child.wait().expect("the server ends");
                let rest = output.lines().map_while(Result::ok);
                let at: &mut String = &mut blocks[number];
                rest.for_each(|line| *at += &(line + "\n"));
            }
            let mut process = Command::new(env!("CARGO_BIN_EXE_oracle"));
            process.args(arguments.split_whitespace()).current_dir(folder.path());
            process.env("NO_COLOR", "1").stdin(Stdio::null());
            if is_server {
                let mut child = process.stdout(Stdio::piped()).spawn().expect("the oracle starts");
                let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
                let mut line = String::new();
                output.read_line(&mut line).expect("it says where it listens");
                address = line.trim().rsplit(' ').next().expect("an address").into();
                block += &line.replace(&address, ADDRESS);
                server = Some((blocks.len(), output, child));
                continue;
            }
            let output = process.output().expect("the oracle starts");
            // Where there is a difference, `diff` ends with another code.
            let is_well = output.status.success() || arguments.starts_with("diff ");
            assert!(is_well, "{arguments}: {output:?}");
            let text = String::from_utf8(output.stdout).expect("the oracle prints UTF-8");
            match to {
                "" => block += &(text.trim_end().to_string() + "\n"),
                to => std::fs::write(folder.path().join(to), text).expect("there is room"),
            }
            if arguments.ends_with(" --once")
                && let Some((number, output, _)) = &mut server
            {
                let mut line = String::new();
                while !line.ends_with(" left\n") {
                    line.clear();
                    output.read_line(&mut line).expect("the server goes on");
                    blocks[*number] += &line;
                }
            }
        }
        blocks.push_back(block);
    }
    assert!(server.is_none(), "the server is ended by an edit of its file");
    blocks
}

/// The text without what differs from run to run.
fn steady(text: &str) -> String {
    let is_hex = |word: &str| {
        let (digits, least) =
            word.strip_prefix('#').map_or((word, 16), |incarnation| (incarnation, 1));
        digits.len() >= least && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let is_time = |word: &str| word.len() == 20 && word.contains('T') && word.ends_with('Z');
    let mut steady = String::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        for (at, word) in words.iter().enumerate() {
            let bare = word.trim_end_matches([',', ':']);
            let next = words.get(at + 1).map_or("", |next| next.trim_end_matches([',', ':']));
            let is_measured = ["ms", "bytes", "received"].contains(&next)
                || ["time=\"", "timestamp=\"", "hostname=\""].iter().any(|of| word.starts_with(of));
            let differs = is_hex(bare) || is_time(bare) || is_measured;
            steady += if differs { "…" } else { word };
            steady.push(' ');
        }
        steady.push('\n');
    }
    steady
}

/// The file that a comment says is quoted below it. A comment with a colon is of another kind, such as
/// the marks around what the benches write.
fn quoted_file(line: &str) -> Option<&str> {
    let comment = line.strip_prefix("<!-- ")?.strip_suffix(" -->")?;
    (!comment.contains(": ")).then_some(comment)
}

/// The README with all that is quoted in it made anew.
fn made_anew(readme: &str) -> String {
    let mut anew = String::new();
    let mut terminals = terminals(readme);
    let mut lines = readme.lines().peekable();
    while let Some(line) = lines.next() {
        anew += line;
        anew.push('\n');
        let quoted = if line.starts_with("<!-- terminal: ") {
            anew += lines.next().expect("a block follows");
            anew.push('\n');
            terminals.pop_front()
        } else if line == "```console" {
            let command = lines.next().expect("a console block has a command");
            let arguments = command.strip_prefix("$ oracle ").expect("it calls the oracle");
            if arguments.contains("-- python3 ") && !has_python() {
                anew += &format!("{command}\n");
                None
            } else {
                // What differs from run to run is compared below, so the command stands above it.
                anew += &format!("{command}\n");
                Some(printed(arguments))
            }
        } else if let Some(file) = quoted_file(line) {
            anew += lines.next().expect("a block follows");
            anew.push('\n');
            let text = std::fs::read_to_string(root().join(file));
            Some(text.unwrap_or_else(|error| panic!("README quotes {file}: {error}")))
        } else {
            None
        };
        if let Some(quoted) = quoted {
            let mut before = String::new();
            while let Some(line) = lines.next_if(|line| *line != "```") {
                before += &format!("{line}\n");
            }
            anew += if steady(&before) == steady(&quoted) { &before } else { &quoted };
        }
    }
    anew
}

/// README.md and the pages of docs/.
fn pages() -> Vec<PathBuf> {
    let folder = std::fs::read_dir(root().join("docs")).expect("there are pages");
    let mut pages: Vec<_> = folder.map(|page| page.expect("it can be read").path()).collect();
    pages.retain(|page| page.extension().is_some_and(|ending| ending == "md"));
    pages.push(root().join("README.md"));
    pages.sort();
    pages
}

#[test]
fn what_the_pages_quote_is_so() {
    for path in pages() {
        let page = std::fs::read_to_string(&path).expect("a page can be read");
        let anew = made_anew(&page);
        if std::env::var_os("UPDATE_README").is_some() {
            std::fs::write(path, anew).expect("a page can be written");
        } else {
            let name = path.display();
            assert!(page == anew, "{name} quotes what is not so; it should be:\n{anew}");
        }
    }
}

#[test]
fn the_readme_has_at_most_150_lines() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("there is a README");
    assert!(readme.lines().count() <= 150);
}

#[test]
fn a_quotation_that_is_not_so_is_noticed() {
    let stale = "```console\n$ oracle --version\noracle 0.0.0\n```\n<!-- terminal: a -->\n\
                 ```console\n$ oracle sync init a.db --name a\nb is in a.db\n```\n";
    let anew = made_anew(stale);
    assert_ne!(anew, stale);
    assert_eq!(made_anew(&anew), anew);
    assert!(anew.contains(env!("CARGO_PKG_VERSION")) && anew.contains("a is in a.db"));
}
