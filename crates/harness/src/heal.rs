//! The end of a world: all links are perfect, all replicas meet until nothing changes, and the
//! world checks what must hold then.

use super::world::{USERS, World, covers, vectors};
use super::{Fault, Statistics};
use rejoin::operation::ObjectId;
use rejoin::optimized::Vector;

/// No session over a perfect link needs as many flights of messages.
const MOST_TURNS: usize = 200;

impl World {
    /// All links heal, and the replicas meet until nothing changes.
    pub fn heal(&mut self) {
        for link in &mut self.links {
            link.close();
        }
        self.is_healed = true;
        let everything = self.everything();
        let before: Statistics = self.statistics;
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
