//! Sessions as they were proved, against those that ship, message by message.
//!
//! Shown: of all small histories of every type, in all orders of delivery with one write anywhere, and of
//! random histories of many objects in three classes, with sessions that are cut: whatever a session
//! sends is what the definitions of spec/sync.v send, what a replica then holds is what they hold, and
//! both sides say in the end what they say.
//!
//! Each part that ships travels here as a message of its own: a side answers a message after all of its
//! parts, and the definitions answer each. A message of the definitions is of one class. The parts
//! correspond to them so:
//!
//! | part | message of the definitions |
//! | --- | --- |
//! | `Hello` | of each class a `Hello`: the two hashes of a class are those of the vectors and state hashes that its summary has |
//! | `Announce` | `Vectors`: of all objects of the class |
//! | `Delta` | `Piece`, the last one, since the same vector: the same things listed. Of what the receiver has seen, the part has the dots or nothing, and the piece has all |
//! | none | `Piece` of an object of which nothing is lacking, and `All_sent`: both sides know by the vectors. These arrive at once here |
//! | `Checkpoints` | `Check`: of each object its vector, and the state hash of the class is that of the objects' |
//! | `ClassDone` | `Closed`: `Verified` if both agree, `SomeDiffer` if not |
//!
//! A side that knows by the vectors that nothing is to come sends its checkpoints at once; by the
//! definitions it waits for `All_sent`. So a part may be ahead of its message, and in no other way.
//!
//! The definitions have one round. Where a side writes after it has sent its deltas, further ones follow;
//! a delta may go in pieces, and a part in chunks; and a session that is cut begins anew. There each part
//! by itself is what the definitions make of what its sender holds then ([`rounds`]). There a `Delta` of a
//! log is a piece, too: the beginning of what the definitions list. A `Piece`, of a map or a set, lists some
//! of the keys that they list; which ones, they leave open.
//!
//! Left out: what the definitions do not speak of. These are compression, and tables of actors; budgets
//! and refusals; questions about hash trees (`proven_trees.rs` of the tests of engines). Openings have
//! definitions of their own, which tests/forks runs.

mod histories;
mod meeting;
mod rounds;
mod said;
