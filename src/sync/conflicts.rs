//! Merge decisions: open conflicts, and the users to notify.
//!
//! Two people decide on one key, and neither has seen the other's decision. Every replica picks the
//! same one. Until somebody who has seen both decides again, the key is an *open* merge decision
//! ([`open()`]). A merge performs no operations: conflicts are computed from the decisions.
//!
//! For an audit trail that outlasts conflicts, perform decisions by
//! [`Replica::perform_audited`]: it puts on record who decided what, when, and which decisions they
//! saw. Records come with the deltas of their object.
//!
//! ```
//! use rejoin::dot::{Origin, ReplicaId};
//! use rejoin::operation::Operation;
//! use rejoin::optimized::replica::Replica;
//! use rejoin::sync::{Schema, conflicts};
//!
//! let schema = Schema::migration_assistant();
//! let replica = |name: &str| {
//!     let origin = Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
//!     Replica::new(origin, &schema.types())
//! };
//! let (mut client, mut server) = (replica("client"), replica("server"));
//! let (add, remove) = (Operation::Add { element: "X" }, Operation::Remove { element: "X" });
//! client.perform_audited("approved", add.clone(), Some("ann".into()), 1_000)?;
//! server.perform_audited("approved", remove, Some("bob".into()), 2_000)?;
//! let delta = server.delta_since("approved", &client.vector("approved")?)?;
//! client.apply("approved", delta)?;
//!
//! let open = conflicts::open(&client);
//! assert_eq!(open[0].overruled[0].time, Some(2_000));
//! assert!(open[0].notify.contains("bob"));
//!
//! // Ann has seen both, and decides again, which closes the conflict. All three are on record.
//! client.perform_audited("approved", add, Some("ann".into()), 3_000)?;
//! assert!(conflicts::open(&client).is_empty());
//! let audit = client.object("approved")?.audit_trail(Some(b"X"));
//! assert_eq!(audit.records.len(), 3);
//! let closed = audit.conflicts();
//! assert_eq!(closed[0].won.user.as_deref(), Some("ann"));
//! assert_eq!(closed[0].lost[0].user.as_deref(), Some("bob"));
//! assert_eq!(closed[0].closed_by.time, 3_000);
//! # Ok::<(), rejoin::optimized::replica::Error>(())
//! ```

use crate::collect::Collect;
use crate::operation::{DecisionId, ObjectId, User};
use crate::optimized::Decision;
use crate::optimized::replica::Replica;
use std::collections::BTreeSet;

/// An open merge decision, to show to people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpenConflict {
    /// Of which object.
    pub object: ObjectId,
    /// The bytes of the key; empty for a register.
    pub key: Vec<u8>,
    /// The effective decision.
    pub effect: Option<DecisionView>,
    /// The latest decisions that agree with it. Empty if it is older than all of them, and won by a
    /// clock that ran ahead.
    pub kept: Vec<DecisionView>,
    /// The latest decisions that it overruled.
    pub overruled: Vec<DecisionView>,
    /// The users of the overruled decisions.
    pub notify: BTreeSet<User>,
}

/// One decision: who made it, when and where, and its effect.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DecisionView {
    /// Its name, with the replica and the user.
    pub id: DecisionId,
    /// Of a type with timestamps, that of the decision; of another, when it was made, in milliseconds
    /// since 1970, if it is on record.
    pub time: Option<u64>,
    /// Whether it is a removal or a deletion.
    pub is_removal: bool,
    /// The bytes of the value that it writes.
    pub value: Option<Vec<u8>>,
}

/// The open merge decisions of all objects, by object and key.
///
/// Cost: O(keys that were ever contested), and O(log records) of each decision on them.
pub fn open(replica: &Replica) -> Vec<OpenConflict> {
    let mut decisions = Vec::new();
    for (object, open) in replica.conflicts() {
        let Ok(state) = replica.object(object) else { continue };
        let view = |decision: Decision<'_>| DecisionView {
            time: match state.kind().is_stamped() {
                true => Some(decision.timestamp),
                false => state.audited_at(&decision.id.dot),
            },
            is_removal: decision.is_removal,
            value: decision.value.map(<[u8]>::to_vec),
            id: decision.id,
        };
        let listed: Vec<DecisionView> = state.decisions(&open.key).into_iter().map(view).collect();
        let overruled: BTreeSet<_> = open.overruled.iter().map(|id| &id.dot).into_set();
        let is_overruled = |view: &DecisionView| overruled.contains(&view.id.dot);
        let (overruled, kept): (Vec<_>, Vec<_>) = listed.into_iter().partition(is_overruled);
        decisions.push(OpenConflict {
            object: object.clone(),
            effect: state.effective(&open.key).map(view),
            notify: overruled.iter().filter_map(|view| view.id.user.clone()).collect(),
            key: open.key,
            kept,
            overruled,
        });
    }
    decisions.sort_by(|a, b| (&a.object, &a.key).cmp(&(&b.object, &b.key)));
    decisions
}
