//! The network: accepting connections, and finding a lost one again.

use super::RECORD_ENDED;
use super::admission::Admission;
use super::connection::{self, Options};
use super::console::Console;
use super::failure::{Failure, Result};
use super::frame;
use super::hub::Hub;
use super::store::Recording;
use super::{show, typed};
use crate::exit::Exit;
use crate::output::complain;
use rejoin::object::Priority;
use rejoin::sync::{ConnectionEvent, Event, Frame, Outcome, SessionSummary, Side};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The first and the longest delay before a client tries again. Each is lengthened at random by up
/// to a half, so that many clients do not come all at once. The longest delay and an attempt stay
/// within a second.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_ATTEMPT: Duration = Duration::from_millis(900);

/// Lets others sync with the replica, and reads edits from standard input, until it is ended.
pub fn serve(file: &Path, address: &str, options: Options, console: &Console) -> Result<()> {
    let hub = Hub::open(file)?;
    let failed = |error| Failure::unfinished(format!("cannot listen on {address}: {error}"));
    let listener = TcpListener::bind(address).map_err(failed)?;
    let local = listener.local_addr().map_err(failed)?;
    let name = hub.look(|replica| replica.origin().replica.clone())?;
    console.say(&format!("{name} listens on {local}"));
    warn(&hub, console);
    let admission = Admission::default();
    thread::scope(|scope| {
        scope.spawn(|| typed::listen(&hub, console));
        loop {
            let Ok((stream, from)) = listener.accept() else {
                // For example, there are too few file descriptors. Some become free again.
                thread::sleep(FIRST_WAIT);
                continue;
            };
            let Ok(twin) = stream.try_clone() else { continue };
            let Some(client) = admission.admit(twin, from.ip(), Instant::now()) else {
                // The system buffers this, so it does not wait.
                let _ = frame::write(&Frame::full(), &stream, FIRST_WAIT);
                continue;
            };
            let (hub, admission) = (&hub, &admission);
            let serving = thread::Builder::new().spawn_scoped(scope, {
                let client = client.clone();
                move || {
                    let ended = connection::run(hub, &stream, options, &|peer, event| {
                        client.mark_active(Instant::now());
                        tell(hub, console, peer, &event);
                        if let ConnectionEvent::Greeted { peer } = event {
                            *client.peer() = Some(peer);
                        }
                    });
                    admission.leave(&client);
                    drop(stream);
                    let peer = client.peer().take();
                    match (ended, peer) {
                        (Ok(()), Some(peer)) => console.tell(&format!("{} left", shown(&peer))),
                        (Err(failure), Some(peer)) => {
                            let why = shown(&failure.message);
                            console.tell(&format!("{} is gone: {why}", shown(&peer)));
                        }
                        // Strangers get no line each, since there may be thousands.
                        (Err(failure), None) if admission.is_time_to_complain() => {
                            console.say(&format!("refused: {}", shown(&failure.message)));
                        }
                        (_, None) => {}
                    }
                    end_if_broken(hub);
                }
            });
            if serving.is_err() {
                // There are too many threads. Some will end.
                admission.leave(&client);
                thread::sleep(FIRST_WAIT);
            }
        }
    })
}

/// Syncs with a server once; or until it is ended, whenever the server can be reached.
pub fn connect(file: &Path, address: &str, options: Options, console: &Console) -> Result<Exit> {
    let hub = Hub::open(file)?;
    if options.once {
        return once(&hub, address, options, console);
    }
    warn(&hub, console);
    thread::scope(|scope| {
        scope.spawn(|| typed::listen(&hub, console));
        let mut wait = FIRST_WAIT;
        let mut was_met = true;
        loop {
            let is_met = AtomicBool::new(false);
            let (ended, is_timeout) = match dial(address) {
                Ok(stream) => {
                    let tell = |peer: &str, event: ConnectionEvent| {
                        is_met.store(true, Ordering::SeqCst);
                        tell(&hub, console, peer, &event);
                    };
                    (connection::run(&hub, &stream, options, &tell), false)
                }
                Err((failure, is_timeout)) => (Err(failure), is_timeout),
            };
            end_if_broken(&hub);
            if is_met.into_inner() {
                (wait, was_met) = (FIRST_WAIT, true);
            }
            if was_met && let Err(failure) = ended {
                console.say(&format!("{}; trying again", shown(&failure.message)));
            }
            was_met = false;
            if !is_timeout {
                thread::sleep(lengthened(wait));
            }
            wait = (2 * wait).min(LONGEST_WAIT);
        }
    })
}

/// Syncs once. The exit code says whether both sides are known to be the same.
fn once(hub: &Hub, address: &str, options: Options, console: &Console) -> Result<Exit> {
    let stream = dial(address).map_err(|(failure, _)| failure)?;
    let exit = Mutex::new(Exit::Success);
    let ended = connection::run(hub, &stream, options, &|peer, event| {
        let mut exit = exit.lock().unwrap_or_else(|broken| broken.into_inner());
        *exit = (*exit).max(grave(&event));
        tell(hub, console, peer, &event);
    });
    end_if_broken(hub);
    ended?;
    Ok(exit.into_inner().unwrap_or_else(|broken| broken.into_inner()))
}

fn grave(event: &ConnectionEvent) -> Exit {
    match event {
        ConnectionEvent::Session(Event::Discrepancy(_) | Event::Forked { .. }) => Exit::Discrepancy,
        ConnectionEvent::SessionDone(SessionSummary { classes, .. }) => {
            let is_well =
                |outcome: &Outcome| matches!(outcome, Outcome::Verified | Outcome::SomeDropped);
            let all_well = classes.iter().all(|(_, outcome)| is_well(outcome));
            if all_well { Exit::Success } else { Exit::Inconclusive }
        }
        _ => Exit::Success,
    }
}

/// Connects to the first of the addresses that answers. On failure, says whether it timed out.
fn dial(address: &str) -> std::result::Result<TcpStream, (Failure, bool)> {
    let failed = |error: &std::io::Error| {
        let is_timeout = error.kind() == std::io::ErrorKind::TimedOut;
        let message = format!("cannot reach {address}: {error}");
        (Failure::unfinished(message), is_timeout)
    };
    let addresses: Vec<SocketAddr> =
        address.to_socket_addrs().map_err(|error| failed(&error))?.collect();
    let mut last = std::io::Error::from(std::io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match TcpStream::connect_timeout(&address, LONGEST_ATTEMPT) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(failed(&last))
}

/// Lengthens a delay at random by up to a half.
fn lengthened(wait: Duration) -> Duration {
    let share = getrandom::u32().map_or(0.5, |random| f64::from(random) / f64::from(u32::MAX));
    wait.mul_f64(1.0 + share / 2.0)
}

/// Says so where the replica recorded, and does no longer.
fn warn(hub: &Hub, console: &Console) {
    if hub.recording() == Recording::Ended {
        console.say(&format!("this replica was salvaged from a damaged file; {RECORD_ENDED}"));
    }
}

/// Ends the process if the store has failed, so that nothing unstored leaves it.
pub fn end_if_broken(hub: &Hub) {
    if let Some(failure) = hub.broken() {
        complain(&failure.message);
        std::process::exit(failure.exit.code().into());
    }
}

/// Prints an event.
fn tell(hub: &Hub, console: &Console, peer: &str, event: &ConnectionEvent) {
    match event {
        ConnectionEvent::Greeted { peer } => {
            console.tell(&format!("connected with {}", shown(peer)))
        }
        ConnectionEvent::Session(event) => {
            for line in happened(&shown(peer), event) {
                console.tell(&line);
            }
        }
        ConnectionEvent::SessionDone(summary) => {
            let open = hub.look(|replica| rejoin::sync::conflicts::open(replica).len());
            console.tell(&ended(peer, summary, open.unwrap_or(0)));
        }
    }
}

/// A text of a peer, on one line.
fn shown(text: &str) -> String {
    crate::printable::escape(text).into()
}

/// An event, in lines for people.
fn happened(peer: &str, event: &Event) -> Vec<String> {
    let quoted = |key: &[u8]| format!("{:?}", String::from_utf8_lossy(key));
    match event {
        Event::Changed(changed) => {
            let object = &changed.object;
            let mut lines = vec![format!("from {peer}: {object}: {} changed", changed.changes)];
            for revision in &changed.revisions {
                if let Some(decision) = &revision.overruled {
                    let user = shown(decision.user.as_deref().unwrap_or("somebody"));
                    lines.push(format!(
                        "from {peer}: {object} {}: the decision of {user} at {} is overruled",
                        quoted(&revision.key),
                        shown(decision.dot.origin.replica.as_str()),
                    ));
                }
            }
            lines
        }
        Event::SchemaDiffers { only_there, only_here, other_types } => vec![format!(
            "{peer} has another schema: {} objects that are not here, {} that are only here, {} of \
             another type; those of another type are not synchronized, the others are passed on",
            only_there.len(),
            only_here.len(),
            other_types.len()
        )],
        Event::Dropped { object, by, bytes } => {
            let by = if *by == Side::Here { "here" } else { "there" };
            vec![format!("{object}: not synchronized: its {bytes} bytes exceed the limit {by}")]
        }
        Event::Refused { object, reason } => {
            vec![format!("{object}: refused a change of {peer}: {}", shown(reason))]
        }
        Event::Forked { object, origin, performed, known } => vec![format!(
            "error: {object}: {peer} knows {known} operations of {}, which performed only {performed}: \
             this file was copied, or restored from a backup; stop, and run `oracle sync restored`",
            shown(origin.replica.as_str())
        )],
        Event::Healed(healed) => vec![format!(
            "{}: the disk of {} was restored, or its file copied: the operations of both branches are kept",
            healed.object,
            shown(healed.first.origin.replica.as_str()),
        )],
        Event::ClockAhead(ahead) => vec![format!("the clock of a replica is ahead: {ahead}")],
        Event::Discrepancy(discrepancy) => vec![format!("error: {discrepancy}")],
        _ => Vec::new(),
    }
}

/// How a session ended, in a line.
fn ended(peer: &str, summary: &SessionSummary, open: usize) -> String {
    let SessionSummary { classes, changes, sent, received, time, .. } = summary;
    let class = |(class, outcome): &(Priority, Outcome)| {
        let how = match outcome {
            Outcome::Verified => "the same",
            Outcome::WritesInBetween => "exchanged, but not compared because of writes in between",
            Outcome::SomeDropped => "the same except for objects over the limit",
            Outcome::SomeRefused => "partly refused",
            Outcome::SomeDiffer => "DIFFERENT",
        };
        format!("{} {how}", show::priority(*class))
    };
    let classes: Vec<String> = classes.iter().map(class).collect();
    let open = match open {
        0 => String::new(),
        1 => "; 1 merge decision is open".into(),
        open => format!("; {open} merge decisions are open"),
    };
    format!(
        "synced with {} in {} ms, {sent} bytes sent and {received} received: {changes} changes \
         here; {}{open}",
        shown(peer),
        time.as_millis(),
        classes.join(", ")
    )
}
