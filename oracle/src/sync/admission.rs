//! Admission: which connections a server keeps.
//!
//! Meaning: strangers who connect and say nothing must not shut others out. Where there are too many
//! connections, of one address or in all, the server closes the one that is of the least use: one
//! that has not greeted; if all have, one that is idle. Among these it takes one of the address that
//! has the most, and of these the one that is there, or idle, longest. If all are busy, it tells the
//! newcomer that it is full.
//! Cost: O(connections) for each newcomer.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::{IpAddr, Shutdown, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// How many connections a server has at once.
pub const MOST_CONNECTIONS: usize = 128;

/// How many of them may be of one address.
pub const MOST_OF_ONE_ADDRESS: usize = 50;

/// A connection that was of use so recently is not closed for a newcomer.
const BUSY: Duration = Duration::from_secs(1);

/// The least time between two messages about strangers.
const COMPLAINTS: Duration = Duration::from_secs(1);

/// The connections of a server.
#[derive(Default)]
pub struct Admission {
    guests: Mutex<Vec<Arc<Guest>>>,
    complained: Mutex<Option<Instant>>,
}

/// A connection of a server.
pub struct Guest {
    stream: TcpStream,
    address: IpAddr,
    arrived: Instant,
    activity: Mutex<Activity>,
    peer: Mutex<Option<String>>,
}

/// What a connection was last of use for.
#[derive(Clone, Copy)]
struct Activity {
    has_greeted: bool,
    last: Instant,
}

impl Guest {
    /// The guest has greeted, or something happened in one of its sessions.
    pub fn is_active(&self, now: Instant) {
        *self.activity() = Activity { has_greeted: true, last: now };
    }

    /// The name that it greeted with.
    pub fn peer(&self) -> MutexGuard<'_, Option<String>> {
        self.peer.lock().unwrap_or_else(|broken| broken.into_inner())
    }

    fn activity(&self) -> MutexGuard<'_, Activity> {
        self.activity.lock().unwrap_or_else(|broken| broken.into_inner())
    }
}

impl Admission {
    /// Admits a newcomer, if need be in the place of another. `None` where the server is full.
    pub fn admit(&self, stream: TcpStream, address: IpAddr, now: Instant) -> Option<Arc<Guest>> {
        let mut guests = self.guests();
        let of_address = guests.iter().filter(|guest| guest.address == address).count();
        if of_address >= MOST_OF_ONE_ADDRESS {
            evict(&mut guests, now, |guest| guest.address == address)?;
        } else if guests.len() >= MOST_CONNECTIONS {
            evict(&mut guests, now, |_| true)?;
        }
        let activity = Mutex::new(Activity { has_greeted: false, last: now });
        let guest =
            Arc::new(Guest { stream, address, arrived: now, activity, peer: Mutex::default() });
        guests.push(guest.clone());
        Some(guest)
    }

    /// A connection is over.
    pub fn leave(&self, guest: &Arc<Guest>) {
        self.guests().retain(|other| !Arc::ptr_eq(other, guest));
    }

    /// Whether to say why a stranger was refused: at most once a second.
    pub fn is_time_to_complain(&self) -> bool {
        let now = Instant::now();
        let mut last = self.complained.lock().unwrap_or_else(|broken| broken.into_inner());
        let is_time = last.is_none_or(|last| now.saturating_duration_since(last) > COMPLAINTS);
        if is_time {
            *last = Some(now);
        }
        is_time
    }

    fn guests(&self) -> MutexGuard<'_, Vec<Arc<Guest>>> {
        self.guests.lock().unwrap_or_else(|broken| broken.into_inner())
    }
}

/// Closes the connection that is of the least use among some.
fn evict(
    guests: &mut Vec<Arc<Guest>>,
    now: Instant,
    is_among: impl Fn(&Guest) -> bool,
) -> Option<()> {
    let mut crowds: HashMap<IpAddr, usize> = HashMap::new();
    guests.iter().for_each(|guest| *crowds.entry(guest.address).or_default() += 1);
    let rank = |guest: &Guest| {
        let Activity { has_greeted, last } = *guest.activity();
        let is_busy = has_greeted && now.saturating_duration_since(last) <= BUSY;
        let since = if has_greeted { last } else { guest.arrived };
        (!is_busy).then(|| (has_greeted, Reverse(crowds[&guest.address]), since))
    };
    let ranked = guests.iter().enumerate().filter(|(_, guest)| is_among(guest));
    let ranked = ranked.filter_map(|(at, guest)| Some((rank(guest)?, at)));
    let (_, at) = ranked.min()?;
    let guest = guests.swap_remove(at);
    let _ = guest.stream.shutdown(Shutdown::Both);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    const HERE: fn(u8) -> IpAddr = |host| IpAddr::from([127, 0, 0, host]);

    struct Door {
        listener: TcpListener,
        admission: Admission,
        begun: Instant,
    }

    impl Door {
        fn new() -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            Self { listener, admission: Admission::default(), begun: Instant::now() }
        }

        fn admit(&self, host: u8, milliseconds: u64) -> Option<Arc<Guest>> {
            let stream = TcpStream::connect(self.listener.local_addr().unwrap()).unwrap();
            let (_twin, _) = self.listener.accept().unwrap();
            self.admission.admit(stream, HERE(host), self.at(milliseconds))
        }

        fn at(&self, milliseconds: u64) -> Instant {
            self.begun + Duration::from_millis(milliseconds)
        }

        fn has(&self, guest: &Arc<Guest>) -> bool {
            self.admission.guests().iter().any(|other| Arc::ptr_eq(other, guest))
        }
    }

    #[test]
    fn the_oldest_that_has_not_greeted_goes_first() {
        let door = Door::new();
        let greeted = door.admit(1, 0).unwrap();
        greeted.is_active(door.at(0));
        let silent: Vec<_> =
            (1..MOST_OF_ONE_ADDRESS as u64).map(|at| door.admit(1, at).unwrap()).collect();
        let newcomer = door.admit(1, 5_000).unwrap();
        assert!(!door.has(&silent[0]) && door.has(&silent[1]));
        assert!(door.has(&greeted) && door.has(&newcomer));
        // Others have room of their own.
        assert!(door.admit(2, 5_000).is_some() && door.has(&silent[1]));
    }

    #[test]
    fn a_crowd_of_one_address_makes_room_for_others() {
        let door = Door::new();
        let alone = door.admit(9, 0).unwrap();
        for at in 1..MOST_CONNECTIONS as u64 + 200 {
            door.admit(1 + (at % 3) as u8, at).unwrap();
        }
        assert!(door.has(&alone));
        assert_eq!(door.admission.guests().len(), MOST_CONNECTIONS);
    }

    #[test]
    fn the_longest_idle_connection_makes_room_and_no_busy_one() {
        let door = Door::new();
        let guests: Vec<_> = (0..MOST_CONNECTIONS as u64)
            .map(|at| {
                let guest = door.admit((at % 4) as u8, at).unwrap();
                guest.is_active(door.at(1_000 + at));
                guest
            })
            .collect();
        guests[0].is_active(door.at(1_500));
        // All were of use within a second.
        assert!(door.admit(9, 1_900).is_none());
        assert!(guests.iter().all(|guest| door.has(guest)));
        assert!(door.admit(9, 2_100).is_some());
        assert!(door.has(&guests[0]) && !door.has(&guests[1]) && door.has(&guests[2]));
        door.admission.leave(&guests[2]);
        assert!(door.admit(9, 1_900).is_some());
    }
}
