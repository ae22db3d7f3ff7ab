//! Plans: the steps of one history, before a subject performs them.

use rejoin::json::Json;
use rejoin::object::TraceType;
use rejoin_trace::{Declaration, Name, Operation, Stamps};

/// A history to perform. Any subset of its steps is a plan, too: a step that needs something that
/// is not there does nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The replicas.
    pub replicas: Vec<Name>,
    /// The objects.
    pub objects: Vec<(Name, TraceType)>,
    /// How writes are ordered.
    pub stamps: Stamps,
    /// The steps, in their order.
    pub steps: Vec<Step>,
}

/// One step. Replicas and objects are indexes of the plan's lists; messages and snapshots are
/// numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A replica performs an operation.
    Operate {
        /// Which replica.
        at: usize,
        /// On which object.
        object: usize,
        /// What it does.
        act: Act,
        /// The user.
        user: Option<Name>,
    },
    /// A replica makes a message.
    Send {
        /// Which replica.
        at: usize,
        /// The message's number.
        message: usize,
        /// The only replica that will receive it.
        to: Option<usize>,
        /// The objects of the message; all if absent.
        objects: Option<Vec<usize>>,
    },
    /// A replica receives a message.
    Receive {
        /// Which replica.
        at: usize,
        /// Which message.
        message: usize,
    },
    /// Two replicas synchronize.
    Sync {
        /// The two replicas.
        between: [usize; 2],
        /// The objects; all if absent.
        objects: Option<Vec<usize>>,
    },
    /// A backup is taken.
    Save {
        /// Of which replica.
        at: usize,
        /// The snapshot's number.
        snapshot: usize,
    },
    /// A replica is restored from a backup of its own.
    Restore {
        /// Which replica.
        at: usize,
        /// To which snapshot.
        snapshot: usize,
    },
    /// A replica answers a question.
    Ask {
        /// Which replica.
        at: usize,
        /// The question.
        question: Question,
    },
}

/// What a replica does to an object.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Performs this operation.
    Do(Operation),
    /// Lists: inserts an element at a position of the list that the replica shows, modulo its
    /// length.
    Insert {
        /// The element's name, which no other insert has.
        element: Name,
        /// The position.
        place: usize,
        /// The element's value.
        value: Option<Json>,
    },
    /// Lists: deletes the element at a position of the list that the replica shows.
    Erase {
        /// The position.
        place: usize,
    },
}

/// A question to a replica.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    /// The value of an object.
    Read {
        /// The object.
        object: usize,
        /// Sets: one element. Maps: one key.
        part: Option<Name>,
    },
    /// The state vector, of one object or of all.
    Vector {
        /// The object; all if absent.
        object: Option<usize>,
    },
    /// The state hash, of one object or of all.
    Digest {
        /// The object; all if absent.
        object: Option<usize>,
    },
    /// The open merge decisions.
    Decisions {
        /// The object.
        object: usize,
    },
    /// The notices of a user.
    Notices {
        /// The user.
        user: Name,
    },
}

impl Plan {
    /// The objects, as a header declares them.
    pub fn declared(&self) -> Vec<(Name, Declaration)> {
        let declare = |(name, kind): &(Name, TraceType)| {
            (name.clone(), Declaration { kind: *kind, priority: Default::default() })
        };
        self.objects.iter().map(declare).collect()
    }

    /// How many operations it has.
    pub fn operations(&self) -> usize {
        self.steps.iter().filter(|step| matches!(step, Step::Operate { .. })).count()
    }

    /// The plan without the replicas and the objects that no step names.
    pub fn tidied(&self) -> Self {
        let mut replicas = vec![false; self.replicas.len()];
        let mut objects = vec![false; self.objects.len()];
        for step in &self.steps {
            step.visit(|at| replicas[at] = true, |object| objects[object] = true);
        }
        // A trace has at least one replica.
        if !replicas.contains(&true) {
            replicas[0] = true;
        }
        let place = |used: &[bool], at: usize| used[..at].iter().filter(|used| **used).count();
        let mut plan = self.clone();
        for step in &mut plan.steps {
            step.rename(|at| place(&replicas, at), |object| place(&objects, object));
        }
        let mut at = 0..;
        plan.replicas.retain(|_| replicas[at.next().expect("endless")]);
        let mut at = 0..;
        plan.objects.retain(|_| objects[at.next().expect("endless")]);
        plan
    }
}

impl Step {
    /// The replica at which it takes place.
    pub fn at(&self) -> usize {
        match self {
            Self::Operate { at, .. }
            | Self::Send { at, .. }
            | Self::Receive { at, .. }
            | Self::Save { at, .. }
            | Self::Restore { at, .. }
            | Self::Ask { at, .. } => *at,
            Self::Sync { between, .. } => between[0],
        }
    }

    /// Visits the replicas and objects that the step names.
    pub fn visit(&self, mut replica: impl FnMut(usize), mut object: impl FnMut(usize)) {
        self.clone().rename(
            |at| {
                replica(at);
                at
            },
            |of| {
                object(of);
                of
            },
        );
    }

    /// Replaces the replicas and objects that the step names.
    pub fn rename(
        &mut self,
        mut replica: impl FnMut(usize) -> usize,
        mut named: impl FnMut(usize) -> usize,
    ) {
        let mut each = |objects: &mut Option<Vec<usize>>| {
            objects.iter_mut().flatten().for_each(|object| *object = named(*object));
        };
        match self {
            Self::Operate { at, object, .. } => {
                *at = replica(*at);
                *object = named(*object);
            }
            Self::Send { at, to, objects, .. } => {
                *at = replica(*at);
                to.iter_mut().for_each(|to| *to = replica(*to));
                each(objects);
            }
            Self::Sync { between, objects } => {
                between.iter_mut().for_each(|at| *at = replica(*at));
                each(objects);
            }
            Self::Receive { at, .. } | Self::Save { at, .. } | Self::Restore { at, .. } => {
                *at = replica(*at);
            }
            Self::Ask { at, question } => {
                *at = replica(*at);
                match question {
                    Question::Read { object, .. } | Question::Decisions { object } => {
                        *object = named(*object);
                    }
                    Question::Vector { object } | Question::Digest { object } => {
                        object.iter_mut().for_each(|object| *object = named(*object));
                    }
                    Question::Notices { .. } => {}
                }
            }
        }
    }
}
