//! The end of a world: all links are perfect, all replicas meet until nothing changes, and the
//! world checks what must hold then.

use super::link::Wire;
use super::world::{USERS, World, covers, vectors};
use super::{Fault, Statistics};
use rejoin::operation::ObjectId;
use rejoin::optimized::Vector;

/// No session over a perfect link needs as many flights of messages.
const MOST_TURNS: usize = 200;

/// Nor do several at once, of which each says one thing in turn.
const MOST_TURNS_OF_MANY: usize = 4_000;

impl World {
    /// All links heal, and the replicas meet until nothing changes.
    pub fn heal(&mut self) {
        for link in &mut self.links {
            link.close();
        }
        self.is_healed = true;
        let everything = self.everything();
        let before: Statistics = self.statistics;
        self.meet_many();
        let rounds = self.members.len() + 2;
        let mut is_quiet = false;
        for _ in 0..rounds {
            let changes = self.statistics.changes;
            for link in 0..self.links.len() {
                let [left, right] = self.links[link].ends;
                let are_there = self.members.contains(&left) && self.members.contains(&right);
                let is_left = self.fault == Some(Fault::NeverHeals) && left == self.members[0];
                if are_there && !is_left {
                    self.meet(link);
                }
            }
            is_quiet = self.statistics.changes == changes;
            if is_quiet {
                break;
            }
        }
        if !is_quiet {
            self.findings
                .push(format!("replicas still change after {rounds} rounds over perfect links"));
        }
        let changes = self.statistics.changes;
        self.statistics = Statistics { changes, ..before };
        self.compare(&everything);
    }

    /// What all replicas together have seen.
    fn everything(&self) -> Vec<(ObjectId, Vector)> {
        let mut everything = vectors(&self.sites[self.members[0]].replica);
        for at in &self.members[1..] {
            for ((_, all), (_, more)) in
                everything.iter_mut().zip(vectors(&self.sites[*at].replica))
            {
                all.join(&more);
            }
        }
        everything
    }

    /// One replica has connections with all others at once, and each side of each says one thing in turn,
    /// until nobody has anything to say: so several sessions feed one replica.
    fn meet_many(&mut self) {
        let center = self.members[self.sites.len() % self.members.len()];
        let is_left = |at: &usize| self.fault == Some(Fault::NeverHeals) && *at == self.members[0];
        let goes = |ends: &[usize; 2]| {
            ends.contains(&center)
                && ends.iter().all(|at| self.members.contains(at) && !is_left(at))
        };
        let links = (0..self.links.len()).filter(|link| goes(&self.links[*link].ends));
        let links: Vec<usize> = links.collect();
        if links.len() < 2 {
            return;
        }
        self.meets_many = true;
        let mut wires: Vec<_> = links.into_iter().map(|link| (link, self.connect(link))).collect();
        let (mut turns, mut silences, mut says) = (0, 0, true);
        while says || silences < 2 && self.let_time_pass(&mut wires) {
            silences += u32::from(!says);
            says = false;
            turns += 1;
            if turns > MOST_TURNS_OF_MANY {
                self.findings.push(format!(
                    "r{center} and others still exchange frames after {MOST_TURNS_OF_MANY} turns"
                ));
                break;
            }
            for (link, wire) in &mut wires {
                for side in [0, 1] {
                    self.notice(*link, side, wire);
                    let Some(frame) = self.speak(*link, side, wire) else { continue };
                    says = true;
                    if !self.hear(*link, 1 - side, wire, frame) {
                        let [to, from] = [1 - side, side].map(|side| self.links[*link].ends[side]);
                        self.findings.push(format!("r{to} refused a message of r{from}"));
                        self.meets_many = false;
                        return;
                    }
                }
            }
        }
        for (link, wire) in &wires {
            // Where forks are repaired by several sessions at once, one of them may stop and end by its
            // timeout: those that follow have to bring what it did not.
            if !wire.is_idle() && self.statistics.healed == 0 {
                let [left, right] = self.links[*link].ends;
                self.findings.push(format!(
                    "r{left} and r{right} stopped before their session was over, of several at once"
                ));
            }
        }
        self.meets_many = false;
    }

    /// Where a session is not over: both sides hear nothing for so long that they ask.
    fn let_time_pass(&mut self, wires: &mut [(usize, Wire)]) -> bool {
        if wires.iter().all(|(_, wire)| wire.is_idle()) {
            return false;
        }
        let half = self.config.patience.as_secs() / 120;
        self.now += u32::try_from(half).unwrap_or(u32::MAX);
        for (link, wire) in wires {
            for side in [0, 1] {
                self.wait(*link, side, wire);
            }
        }
        true
    }

    /// Runs a connection over a perfect link until neither side has anything to send.
    fn meet(&mut self, link: usize) {
        let [left, right] = self.links[link].ends;
        let mut wire = self.connect(link);
        let (mut side, mut quiet, mut turns) = (0, 0, 0);
        while quiet < 2 {
            quiet += 1;
            turns += 1;
            if turns > MOST_TURNS {
                self.findings.push(format!(
                    "r{left} and r{right} still exchange frames after {MOST_TURNS} turns"
                ));
                return;
            }
            while let Some(frame) = self.speak(link, side, &mut wire) {
                quiet = 0;
                if !self.hear(link, 1 - side, &mut wire, frame) {
                    let [to, from] = [1 - side, side].map(|side| self.links[link].ends[side]);
                    self.findings.push(format!("r{to} refused a message of r{from}"));
                    return;
                }
            }
            side = 1 - side;
        }
        if !wire.is_idle() {
            self.findings
                .push(format!("r{left} and r{right} stopped before their session was over"));
        }
    }

    /// Compares all replicas with each other and with what they had: nothing is lost or made up.
    fn compare(&mut self, everything: &[(ObjectId, Vector)]) {
        let mut first: Option<Vec<String>> = None;
        for at in self.members.clone() {
            let site = &self.sites[at];
            let seen = vectors(&site.replica);
            if seen != everything {
                let lost = !covers(&seen, everything);
                let what = if lost {
                    "lacks what was seen"
                } else {
                    "has seen operations that nobody performed"
                };
                self.findings.push(format!("r{at} {what}"));
            }
            if !covers(&seen, &site.promised) {
                self.findings.push(format!("r{at} lacks what was stored"));
            }
            let mut answers: Vec<String> =
                seen.iter().flat_map(|(name, _)| self.claim(at, name)).collect();
            (0..USERS).for_each(|user| self.claim_notices(at, user));
            let mut whole = self.sites[at].replica.state_hash().content.to_string();
            if at == self.members[0]
                && let Some(stale) = &self.stale
            {
                whole = stale.clone();
            }
            self.recorder.digest(at, &whole);
            answers.push(whole);
            match &first {
                None => first = Some(answers),
                Some(first) if *first != answers => {
                    let text = format!("r{at} and r{} answer differently", self.members[0]);
                    self.findings.push(text);
                }
                Some(_) => {}
            }
        }
        self.recorder.converged(&self.members);
    }
}
