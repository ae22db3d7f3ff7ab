//! Admission: which connections a server keeps.
//!
//! Meaning: strangers who connect and send nothing must not shut others out. If there are too many
//! connections, from one address or in all, the server closes the least useful one: one that has
//! not greeted, or else one that is idle. Among these it takes the address with the most
//! connections, and of those the connection that has waited or been idle longest. If all are busy,
//! it tells the newcomer that it is full.
//! Cost: O(connections) for each newcomer.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::{IpAddr, Shutdown, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// How many connections a server has at once.
pub const MOST_CONNECTIONS: usize = 128;

/// How many of them may come from one address.
pub const MOST_OF_ONE_ADDRESS: usize = 50;

/// A connection that was active so recently is not closed for a newcomer.
const BUSY: Duration = Duration::from_secs(1);

/// The least time between two messages about strangers.
const COMPLAINTS: Duration = Duration::from_secs(1);

/// The connections of a server.
#[derive(Default)]
pub struct Admission {
    clients: Mutex<Vec<Arc<Client>>>,
    complained: Mutex<Option<Instant>>,
}

/// A connection of a server.
pub struct Client {
    stream: TcpStream,
    address: IpAddr,
    arrived: Instant,
    activity: Mutex<Activity>,
    peer: Mutex<Option<String>>,
}

/// When a connection was last active.
#[derive(Clone, Copy)]
struct Activity {
    has_greeted: bool,
    last: Instant,
}

impl Client {
    /// The client has greeted, or one of its sessions has done something.
    pub fn mark_active(&self, now: Instant) {
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
    /// Admits a newcomer, if need be in place of another. `None` if the server is full.
    pub fn admit(&self, stream: TcpStream, address: IpAddr, now: Instant) -> Option<Arc<Client>> {
        let mut clients = self.clients();
        let of_address = clients.iter().filter(|client| client.address == address).count();
        if of_address >= MOST_OF_ONE_ADDRESS {
            evict(&mut clients, now, |client| client.address == address)?;
        } else if clients.len() >= MOST_CONNECTIONS {
            evict(&mut clients, now, |_| true)?;
        }
        let activity = Mutex::new(Activity { has_greeted: false, last: now });
        let client =
            Arc::new(Client { stream, address, arrived: now, activity, peer: Mutex::default() });
        clients.push(client.clone());
        Some(client)
    }

    /// Removes a connection that has ended.
    pub fn leave(&self, client: &Arc<Client>) {
        self.clients().retain(|other| !Arc::ptr_eq(other, client));
    }

    /// Whether to report a refused stranger: at most once a second.
    pub fn is_time_to_complain(&self) -> bool {
        let now = Instant::now();
        let mut last = self.complained.lock().unwrap_or_else(|broken| broken.into_inner());
        let is_time = last.is_none_or(|last| now.saturating_duration_since(last) > COMPLAINTS);
        if is_time {
            *last = Some(now);
        }
        is_time
    }

    fn clients(&self) -> MutexGuard<'_, Vec<Arc<Client>>> {
        self.clients.lock().unwrap_or_else(|broken| broken.into_inner())
    }
}

/// Closes the least useful one of some connections.
fn evict(
    clients: &mut Vec<Arc<Client>>,
    now: Instant,
    is_among: impl Fn(&Client) -> bool,
) -> Option<()> {
    let mut crowds: HashMap<IpAddr, usize> = HashMap::new();
    clients.iter().for_each(|client| *crowds.entry(client.address).or_default() += 1);
    let rank = |client: &Client| {
        let Activity { has_greeted, last } = *client.activity();
        let is_busy = has_greeted && now.saturating_duration_since(last) <= BUSY;
        let since = if has_greeted { last } else { client.arrived };
        (!is_busy).then(|| (has_greeted, Reverse(crowds[&client.address]), since))
    };
    let ranked = clients.iter().enumerate().filter(|(_, client)| is_among(client));
    let ranked = ranked.filter_map(|(at, client)| Some((rank(client)?, at)));
    let (_, at) = ranked.min()?;
    let client = clients.swap_remove(at);
    let _ = client.stream.shutdown(Shutdown::Both);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    const ADDRESS: fn(u8) -> IpAddr = |host| IpAddr::from([127, 0, 0, host]);

    struct Server {
        listener: TcpListener,
        admission: Admission,
        begun: Instant,
    }

    impl Server {
        fn new() -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            Self { listener, admission: Admission::default(), begun: Instant::now() }
        }

        fn admit(&self, host: u8, milliseconds: u64) -> Option<Arc<Client>> {
            let stream = TcpStream::connect(self.listener.local_addr().unwrap()).unwrap();
            let (_twin, _) = self.listener.accept().unwrap();
            self.admission.admit(stream, ADDRESS(host), self.at(milliseconds))
        }

        fn at(&self, milliseconds: u64) -> Instant {
            self.begun + Duration::from_millis(milliseconds)
        }

        fn has(&self, client: &Arc<Client>) -> bool {
            self.admission.clients().iter().any(|other| Arc::ptr_eq(other, client))
        }
    }

    #[test]
    fn the_oldest_that_has_not_greeted_goes_first() {
        let server = Server::new();
        let greeted = server.admit(1, 0).unwrap();
        greeted.mark_active(server.at(0));
        let silent: Vec<_> =
            (1..MOST_OF_ONE_ADDRESS as u64).map(|at| server.admit(1, at).unwrap()).collect();
        let newcomer = server.admit(1, 5_000).unwrap();
        assert!(!server.has(&silent[0]) && server.has(&silent[1]));
        assert!(server.has(&greeted) && server.has(&newcomer));
        // The limit of another address is its own.
        assert!(server.admit(2, 5_000).is_some() && server.has(&silent[1]));
    }

    #[test]
    fn a_crowd_of_one_address_makes_room_for_others() {
        let server = Server::new();
        let alone = server.admit(9, 0).unwrap();
        for at in 1..MOST_CONNECTIONS as u64 + 200 {
            server.admit(1 + (at % 3) as u8, at).unwrap();
        }
        assert!(server.has(&alone));
        assert_eq!(server.admission.clients().len(), MOST_CONNECTIONS);
    }

    #[test]
    fn the_longest_idle_connection_makes_room_and_no_busy_one() {
        let server = Server::new();
        let clients: Vec<_> = (0..MOST_CONNECTIONS as u64)
            .map(|at| {
                let client = server.admit((at % 4) as u8, at).unwrap();
                client.mark_active(server.at(1_000 + at));
                client
            })
            .collect();
        clients[0].mark_active(server.at(1_500));
        // All were active within a second.
        assert!(server.admit(9, 1_900).is_none());
        assert!(clients.iter().all(|client| server.has(client)));
        assert!(server.admit(9, 2_100).is_some());
        assert!(server.has(&clients[0]) && !server.has(&clients[1]) && server.has(&clients[2]));
        server.admission.leave(&clients[2]);
        assert!(server.admit(9, 1_900).is_some());
    }
}
