//! The history of a git repository.
//!
//! Meaning: a line of development is a replica ([`super::dag`]), a commit is its operations, and a
//! merge is a message from the other line. A file is a key of the map `files`, its value the blob.
//! A merge commit writes the files that it decided: those that differ from all parents, and those
//! that both sides had changed. Git answers with its trees: after each merge with the files that it
//! touched, and at the end with all files of the last commit.
//! Cost: two runs of git; memory for the last writer of each file in each line.

use super::dag::Places;
use super::{Draft, Refusal, count};
use crate::exit::Exit;
use rejoin::json::Json;
use rejoin::object::TraceType;
use rejoin_trace::{MAX_NAME, Operation, Stamps, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

const OBJECT: &str = "files";

/// A commit, with its parents by their numbers.
struct Commit {
    id: String,
    parents: Vec<usize>,
    /// When its author made it by the author's clock, in seconds since 1970.
    time: u64,
}

/// For each parent (one list for a commit without parents) the paths that differ, and their blobs
/// now; `None` for a file that is gone.
type Changes = Vec<BTreeMap<String, Option<String>>>;

/// The last commit that wrote each file, and the blob, on one line of development.
type Files = HashMap<String, (usize, Option<String>)>;

/// Converts the history of all branches.
pub fn convert(repository: &Path, author_clocks: bool) -> Result<Draft, Refusal> {
    let commits = commits(repository)?;
    let Some(last) = commits.len().checked_sub(1) else {
        return Err(Refusal::malformed("the repository has no commit"));
    };
    let changes = changes(repository, &commits)?;
    let stamps = if author_clocks { Stamps::Explicit } else { Stamps::Own };
    let mut draft = Draft::new(&[(OBJECT, TraceType::LwwMap)], stamps);
    let parents: Vec<Vec<usize>> = commits.iter().map(|commit| commit.parents.clone()).collect();
    let mut has_child = vec![false; commits.len()];
    parents.iter().flatten().for_each(|parent| has_child[*parent] = true);
    let mut places = Places::new(&parents);
    // The files of a commit, as long as a child may start from it.
    let mut had: HashMap<usize, Files> = HashMap::new();
    let mut waiting: Vec<usize> = vec![0; commits.len()];
    parents.iter().flatten().for_each(|parent| waiting[*parent] += 1);
    for (number, (commit, changed)) in commits.iter().zip(&changes).enumerate() {
        let place = places.next(&commit.parents, 0);
        let name = format!("line {}", place.replica + 1);
        if place.replica == draft.header.replicas.len() {
            draft.header.replicas.push(name.clone());
        }
        for parent in &place.receives {
            draft.receive(&name, &commits[*parent].id);
        }
        let decisions = decided(commit, changed, &had, &places);
        let taken = taken_over(commit, changed, &had);
        let mut files = match commit.parents.first() {
            Some(parent) if waiting[*parent] == 1 => had.remove(parent).unwrap_or_default(),
            Some(parent) => had.get(parent).cloned().unwrap_or_default(),
            None => Files::new(),
        };
        files.extend(taken);
        for (path, blob) in decisions {
            let value = |blob: &String| Json::String(blob.clone());
            let timestamp = author_clocks.then(|| Timestamp::from(commit.time));
            let key = path.clone();
            let operation = match &blob {
                Some(blob) => Operation::Put { key, value: value(blob), timestamp },
                None => Operation::Delete { key, timestamp },
            };
            draft.op(&name, OBJECT, operation);
            files.insert(path, (number, blob));
        }
        if commit.parents.len() > 1 {
            let touched: BTreeSet<&String> = changed.iter().flat_map(BTreeMap::keys).collect();
            for path in touched.into_iter().filter(|path| fits(path)) {
                let blob = files.get(path).and_then(|(_, blob)| blob.clone());
                draft.read(&name, OBJECT, Some(path), blob.map_or(Json::Null, Json::String));
            }
        }
        if has_child[number] {
            draft.send(&name, &commit.id);
        }
        for parent in &commit.parents {
            waiting[*parent] -= 1;
            if waiting[*parent] == 0 {
                had.remove(parent);
            }
        }
        if number == last {
            let all = files
                .iter()
                .filter_map(|(path, (_, blob))| Some((path.clone(), Json::String(blob.clone()?))));
            let all: BTreeMap<String, Json> = all.collect();
            draft.read(&name, OBJECT, None, Json::Object(all.into_iter().collect()));
        }
        had.insert(number, files);
    }
    draft
        .lost
        .push("what is in the files, their modes, authors, messages, and branches' names".into());
    if !author_clocks {
        draft.lost.push("author times: with --author-clocks they order the writes".into());
    }
    let long =
        changes.iter().flatten().flat_map(BTreeMap::keys).filter(|path| path.len() > MAX_NAME);
    let long: BTreeSet<&String> = long.collect();
    if !long.is_empty() {
        draft
            .lost
            .push(format!("{} that are longer than {MAX_NAME} bytes", count(long.len(), "path")));
    }
    Ok(draft)
}

/// The files that a commit writes itself. A merge takes over what only one side changed. It decides
/// what both changed, even if it keeps one side's file.
fn decided(
    commit: &Commit,
    changed: &Changes,
    had: &HashMap<usize, Files>,
    places: &Places,
) -> Vec<(String, Option<String>)> {
    let paths: BTreeMap<&String, &Option<String>> = changed.iter().flatten().collect();
    let is_decided = |path: &String| {
        if commit.parents.len() < 2 || changed.iter().all(|changed| changed.contains_key(path)) {
            return true;
        }
        let writers = commit.parents.iter().map(|parent| had.get(parent)?.get(path));
        let writers: Vec<Option<usize>> = writers.map(|of| Some(of?.0)).collect();
        let known: Vec<usize> = writers.into_iter().flatten().collect();
        let ours = changed.iter().position(|changed| !changed.contains_key(path));
        let source = ours.and_then(|parent| had.get(&commit.parents[parent])?.get(path));
        match source {
            // The writer whose blob is kept must have seen all the others.
            Some((writer, _)) => !known.iter().all(|other| places.is_within(*other, *writer)),
            None => true,
        }
    };
    let paths = paths.into_iter().filter(|(path, _)| fits(path) && is_decided(path));
    paths.map(|(path, blob)| (path.clone(), blob.clone())).collect()
}

/// The last writers that the other parents bring to a merge.
fn taken_over(commit: &Commit, changed: &Changes, had: &HashMap<usize, Files>) -> Files {
    let Some((ours, theirs)) = changed.split_first() else { return Files::new() };
    let of = |path: &String| {
        let same = theirs.iter().position(|changed| !changed.contains_key(path))?;
        Some((path.clone(), had.get(&commit.parents[same + 1])?.get(path)?.clone()))
    };
    ours.keys().filter_map(of).collect()
}

/// Whether a path can be a key.
fn fits(path: &str) -> bool {
    (1..=MAX_NAME).contains(&path.len())
}

fn git(repository: &Path, arguments: &[&str], input: Option<String>) -> Result<Vec<u8>, Refusal> {
    let failed = |what: String| Refusal(Exit::Unreadable, what);
    let mut command = Command::new("git");
    command.arg("-C").arg(repository).args(arguments);
    let stdin = if input.is_some() { Stdio::piped() } else { Stdio::null() };
    command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
    let started = command.spawn();
    let mut child = started.map_err(|error| failed(format!("git cannot be run: {error}")))?;
    let writer = child.stdin.take().zip(input).map(|(mut stdin, input)| {
        // If git died, it says so itself.
        thread::spawn(move || drop(stdin.write_all(input.as_bytes())))
    });
    let output = child.wait_with_output()?;
    if let Some(writer) = writer {
        drop(writer.join());
    }
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_string();
        return Err(failed(format!("git does not read it: {said}")));
    }
    Ok(output.stdout)
}

/// All commits, parents first.
fn commits(repository: &Path) -> Result<Vec<Commit>, Refusal> {
    let arguments = ["log", "--all", "--reverse", "--topo-order", "--format=%H %at %P"];
    let text = String::from_utf8_lossy(&git(repository, &arguments, None)?).into_owned();
    let mut numbers = HashMap::new();
    let mut commits = Vec::new();
    for line in text.lines() {
        let mut words = line.split(' ').filter(|word| !word.is_empty());
        let (Some(id), Some(time)) = (words.next(), words.next()) else { continue };
        // A parent that a shallow clone lacks does not count.
        let parents = words.filter_map(|parent| numbers.get(parent).copied()).collect();
        numbers.insert(id.to_string(), commits.len());
        let time = time.parse::<i64>().ok().and_then(|time| u64::try_from(time).ok());
        commits.push(Commit { id: id.into(), parents, time: time.unwrap_or(0) });
    }
    Ok(commits)
}

/// What each commit changes against each of its parents.
fn changes(repository: &Path, commits: &[Commit]) -> Result<Vec<Changes>, Refusal> {
    let mut asked = String::new();
    for commit in commits {
        if commit.parents.is_empty() {
            asked += &format!("{}\n", commit.id);
        }
        for parent in &commit.parents {
            asked += &format!("{} {}\n", commit.id, commits[*parent].id);
        }
    }
    let arguments =
        ["diff-tree", "--stdin", "--root", "-r", "-z", "--raw", "--no-renames", "--always"];
    let output = git(repository, &arguments, Some(asked))?;
    let mut all: Vec<Changes> = Vec::new();
    let mut known = commits
        .iter()
        .enumerate()
        .flat_map(|(number, commit)| std::iter::repeat_n(number, commit.parents.len().max(1)));
    let mut fields = output.split(|byte| *byte == 0);
    while let Some(field) = fields.next() {
        let field = String::from_utf8_lossy(field);
        let Some(raw) = field.strip_prefix(':') else {
            if field.trim().is_empty() {
                continue;
            }
            let Some(number) = known.next() else { break };
            if all.len() <= number {
                all.push(Changes::new());
            }
            all[number].push(BTreeMap::new());
            continue;
        };
        let blob = raw.split(' ').nth(3).unwrap_or_default();
        let path = String::from_utf8_lossy(fields.next().unwrap_or_default()).into_owned();
        let blob = blob.bytes().any(|digit| digit != b'0').then(|| blob.to_string());
        if let Some(changed) = all.last_mut().and_then(|all| all.last_mut()) {
            changed.insert(path, blob);
        }
    }
    if all.len() != commits.len() {
        return Err(Refusal::malformed(
            "git lists no changes of some commits; check that the clone is complete",
        ));
    }
    Ok(all)
}
