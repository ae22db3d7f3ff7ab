//! Forks: a session detects that one name stands for two operations, and both sides repair it.
//!
//! Meaning: a side that detects a fork sends all openings of the object, and the other one answers
//! with its own. Each then sends one delta, in the names that both will have; the receiver that applies it
//! renames what it holds in the same step, and sends its openings again, under those names.
//! Laws: two sides with an unrepaired fork never count as equal; both come to the same names
//! (tests/forks/session.rs).
//! Cost: 16 bytes an object without forks; for a forked object twice all its openings each way.
//! Source: this project; the engine's part is [`openings`](crate::optimized::openings).

use super::exchange::Step;
use super::protocol::{Part, ToldOpenings};
use super::{Error, Event, Session};
use crate::object::Priority;
use crate::operation::ObjectId;
use crate::optimized::Vector;
use crate::optimized::openings::{Healed, Knowledge};
use crate::optimized::replica::Replica;
use crate::wire::{BaseEncoding, OriginEncoding};

impl Session {
    /// All openings of the objects of a class whose openings are due.
    pub(super) fn all_openings(
        &mut self,
        replica: &Replica,
        indexes: &[usize],
        class: Priority,
    ) -> Option<Part<'static>> {
        let mut openings = Vec::new();
        for index in indexes {
            let object = &mut self.objects[*index];
            if !object.is_to_announce || !std::mem::take(&mut object.tells_openings) {
                continue;
            }
            object.is_to_announce = false;
            let Ok(state) = replica.object(&object.name) else { continue };
            openings.push((*index, ToldOpenings::All(state.knowledge().encode().into())));
        }
        (!openings.is_empty()).then_some(Part::Openings { class, openings })
    }

    /// The peer sent its openings.
    pub(super) fn on_openings(
        &mut self,
        replica: &Replica,
        class: Priority,
        openings: Vec<(usize, ToldOpenings<'_>)>,
    ) -> Result<(), Error> {
        let most = self.most_announced();
        for (index, told) in openings {
            let name = self.object(index)?.name.clone();
            let Ok(state) = replica.object(&name) else { continue };
            let object = &mut self.objects[index];
            match told {
                ToldOpenings::Fingerprint(openings) => {
                    let Some(peer) = &object.peer else { continue };
                    // The delta brings what is not known here.
                    if state.vector().covers(&peer.announced)
                        && !state.extends(&peer.announced, &openings)
                    {
                        object.on_fork();
                    }
                }
                ToldOpenings::All(knowledge) => {
                    object.on_answered(most)?;
                    let knowledge = Knowledge::decode(&knowledge)
                        .map_err(|error| Error::malformed(error, "what the peer knows"))?;
                    match state.forks(&knowledge) {
                        Err(error) => self.give_up(index, error.to_string()),
                        Ok(None) => {
                            object.on_knowledge(knowledge, false);
                            object.told_openings = false;
                            self.on_names_agreed(index, &name, Vec::new());
                        }
                        Ok(Some(forks)) => {
                            object.on_knowledge(knowledge, true);
                            object.forks = forks;
                            if !object.told_openings {
                                object.tell_openings();
                            }
                            object.awaits_names = true;
                        }
                    }
                }
            }
        }
        self.classes[class as usize].exchange.on_heard();
        Ok(())
    }

    /// What the peer lacks of a forked object, in the names that both will have.
    pub(super) fn healing_delta(
        &mut self,
        replica: &Replica,
        index: usize,
        theirs: &Knowledge,
    ) -> Option<Step> {
        let state = replica.object(&self.objects[index].name).ok()?;
        let delta = match state.delta_for(theirs) {
            Ok(delta) => delta,
            Err(error) => {
                self.give_up(index, error.to_string());
                return None;
            }
        };
        if delta.since().covers(delta.seen()) {
            return None;
        }
        // The peer will have seen the operations under both names.
        let mut sent: Vector = delta.seen().clone();
        sent.join(&state.vector());
        let bytes = delta.encode(OriginEncoding::Inline, BaseEncoding::Inline);
        self.step_of_delta(index, bytes, true, &sent)
    }

    /// Another session changed names here: this side sends its openings, for what it announced before
    /// uses the old ones. Cost: O(origins + openings) for an object that has new origins.
    pub(super) fn announce_new_names(&mut self, replica: &Replica, indexes: &[usize]) {
        for index in indexes {
            let object = &mut self.objects[*index];
            let (Some(last), Ok(state)) = (object.announced.last(), replica.object(&object.name))
            else {
                continue;
            };
            let now = *state.vector().actor_table().fingerprint();
            // What is renamed gets a new origin.
            if std::mem::replace(&mut object.looked_at, now) == now {
                continue;
            }
            let is_same =
                state.openings().is_empty() || state.extends(last, &object.announced_openings);
            if !is_same {
                object.on_renamed();
            }
        }
    }

    /// The names of an object are the same on both sides: reports the repaired forks.
    pub(super) fn on_names_agreed(&mut self, index: usize, name: &ObjectId, healed: Vec<Healed>) {
        let object = &mut self.objects[index];
        object.awaits_names = false;
        let mut all = healed;
        for fork in std::mem::take(&mut object.forks) {
            let is_same =
                |other: &Healed| (&other.first, &other.renamed) == (&fork.first, &fork.renamed);
            if !all.iter().any(is_same) {
                all.push(fork);
            }
        }
        self.events.extend(all.iter().map(|healed| Event::Healed(healed.in_object(name))));
    }
}

impl super::shared_object::SharedObject {
    /// The two sides turn out to use different names.
    pub(super) fn on_fork(&mut self) {
        self.tell_openings();
        self.awaits_names = true;
    }

    /// A delta changed the names here, or came in those that both have: this side sends its openings,
    /// and its earlier vectors are void.
    pub(super) fn on_renamed(&mut self) {
        self.announced.clear();
        self.tell_openings();
    }
}
