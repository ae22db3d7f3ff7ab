//! The end of a world: all links are perfect, all meet until nothing changes, and what must hold
//! then is looked at.

use super::link::Connection;
use super::world::{World, covers, value, vectors};
use super::{Fault, Statistics};
use crate::operation::ObjectId;
use crate::optimized::Vector;
use crate::sync::Session;

/// No session over a perfect link needs as many turns.
const MOST_TURNS: usize = 200;

impl World {
    /// All that was parted comes together.
    pub fn heal(&mut self) {
        for link in &mut self.links {
            link.close();
        }
        self.is_healed = true;
        let everything = self.everything();
        let before: Statistics = self.statistics;
        let rounds = self.places.len() + 2;
        let mut is_quiet = false;
        for _ in 0..rounds {
            let changes = self.statistics.changes;
            for link in 0..self.links.len() {
                let is_left = self.links[link].ends[0] == 0;
                if !(self.fault == Some(Fault::NeverHeals) && is_left) {
                    self.meet(link);
                }
            }
            is_quiet = self.statistics.changes == changes;
            if is_quiet {
                break;
            }
        }
        if !is_quiet {
            self.findings.push(format!("something still changes after {rounds} rounds"));
        }
        let changes = self.statistics.changes;
        self.statistics = Statistics { changes, ..before };
        self.compare(&everything);
    }

    /// What all replicas together have seen.
    fn everything(&self) -> Vec<(ObjectId, Vector)> {
        let mut everything = vectors(&self.places[0].replica);
        for place in &self.places[1..] {
            for ((_, all), (_, more)) in everything.iter_mut().zip(vectors(&place.replica)) {
                all.join(&more);
            }
        }
        everything
    }

    /// A session over a perfect link.
    fn meet(&mut self, link: usize) {
        let ends = self.links[link].ends;
        let [left, right] = ends;
        let mut connection: Connection = self.connect(link);
        let (mut side, mut quiet, mut turns) = (0, 0, 0);
        while quiet < 2 {
            quiet += 1;
            turns += 1;
            if turns > MOST_TURNS {
                self.findings.push(format!("r{left} and r{right} go on after {MOST_TURNS} turns"));
                return;
            }
            while let Some(message) = self.speak(ends[side], &mut connection.sessions[side]) {
                quiet = 0;
                let (to, from) = (ends[1 - side], ends[side]);
                if !self.hear(to, from, &mut connection, 1 - side, &message) {
                    self.findings.push(format!("r{to} refused a message of r{from}"));
                    return;
                }
            }
            side = 1 - side;
        }
        if !connection.sessions.iter().all(Session::is_done) {
            self.findings.push(format!("r{left} and r{right} fell silent before the end"));
        }
    }

    /// Whether all replicas are the same, and nothing is lost or made up.
    fn compare(&mut self, everything: &[(ObjectId, Vector)]) {
        let count = self.places.len();
        let mut first: Option<Vec<String>> = None;
        for at in 0..count {
            let place = &mut self.places[at];
            let seen = vectors(&place.replica);
            if seen != everything {
                let lost = !covers(&seen, everything);
                let what = if lost { "lacks what was seen" } else { "has seen what nobody did" };
                self.findings.push(format!("r{at} {what}"));
            }
            if !covers(&seen, &place.promised) {
                self.findings.push(format!("r{at} lacks what was stored"));
            }
            let mut answers = Vec::new();
            for (name, vector) in &seen {
                let Ok(object) = place.replica.object_mut(name) else { continue };
                let (value, digest) = (value(object), object.state_hash());
                let content = digest.content.to_string();
                let mut counts = std::collections::BTreeMap::<&str, u128>::new();
                for (origin, count) in vector.iter() {
                    *counts.entry(origin.replica.as_str()).or_default() += u128::from(count);
                }
                let counts: Vec<String> =
                    counts.iter().map(|(name, count)| format!("\"{name}\":{count}")).collect();
                let counts = format!("{{{}}}", counts.join(","));
                self.recorder.claims(at, name, &value, &counts, &content);
                answers.extend([value, content, digest.removals.to_string()]);
            }
            let mut whole = place.replica.state_hash().content.to_string();
            if let (0, Some(stale)) = (at, &self.stale) {
                whole = stale.clone();
            }
            self.recorder.digest(at, &whole);
            answers.push(whole);
            match &first {
                None => first = Some(answers),
                Some(first) if *first != answers => {
                    self.findings.push(format!("r{at} answers otherwise than r0"));
                }
                Some(_) => {}
            }
        }
        self.recorder.converged(count);
    }
}
