//! The constructors that Rust code builds and matches.
//!
//! Loading a program checks each against its declaration: its place in its type, and its fields.

use super::value::{Shared, Value};

/// A constructor of the extracted language.
#[derive(Clone, Copy, Debug)]
pub struct Constructor {
    /// Its full name.
    pub name: &'static str,
    /// Its place among the constructors of its type, from 0.
    pub tag: u32,
    /// How many fields it has.
    pub arity: usize,
}

impl Constructor {
    /// A value of this constructor. The number of fields must be right.
    pub fn make<A, const N: usize>(self, fields: [Value<A>; N]) -> Value<A> {
        debug_assert_eq!(self.arity, N, "{} gets all its fields", self.name);
        match N {
            0 => Value::Data(self.tag, Shared::EMPTY),
            _ => Value::Data(self.tag, fields.into_iter().collect()),
        }
    }
}

macro_rules! constructors {
    ($($constant:ident = $name:literal, $tag:literal, $arity:literal;)*) => {
        $(pub(super) const $constant: Constructor =
            Constructor { name: $name, tag: $tag, arity: $arity };)*
        /// All of them.
        pub(super) const ALL: &[Constructor] = &[$($constant),*];
    };
}

constructors! {
    TT = "Datatypes.Coq_tt", 0, 0;
    TRUE = "Datatypes.Coq_true", 0, 0;
    FALSE = "Datatypes.Coq_false", 1, 0;
    O = "Datatypes.O", 0, 0;
    S = "Datatypes.S", 1, 1;
    SOME = "Datatypes.Some", 0, 1;
    NONE = "Datatypes.None", 1, 0;
    PAIR = "Datatypes.Coq_pair", 0, 2;
    NIL = "Datatypes.Coq_nil", 0, 0;
    CONS = "Datatypes.Coq_cons", 1, 2;
    EQUAL = "Datatypes.Eq", 0, 0;
    LESS = "Datatypes.Lt", 1, 0;
    GREATER = "Datatypes.Gt", 2, 0;
    ODD = "BinNums.Coq_xI", 0, 1;
    EVEN = "BinNums.Coq_xO", 1, 1;
    ONE = "BinNums.Coq_xH", 2, 0;
    ZERO = "BinNums.N0", 0, 0;
    POSITIVE = "BinNums.Npos", 1, 1;
    INTEGER_ZERO = "BinNums.Z0", 0, 0;
    ABOVE_ZERO = "BinNums.Zpos", 1, 1;
    BELOW_ZERO = "BinNums.Zneg", 2, 1;
    ORIGIN = "Dot.Origin", 0, 2;
    DOT = "Dot.Dot", 0, 2;
    DELTA = "Delta.Delta", 0, 2;
    G_COUNTER = "Definition.G_counter", 0, 0;
    LWW_REGISTER = "Definition.Lww_register", 1, 0;
    OR_SET = "Definition.Or_set", 2, 0;
    LWW_MAP = "Definition.Lww_map", 3, 0;
    LOG = "Definition.Log", 4, 0;
    PN_COUNTER = "Definition.Pn_counter", 5, 0;
    RW_SET = "Definition.Rw_set", 6, 0;
    EW_FLAG = "Definition.Ew_flag", 7, 0;
    DW_FLAG = "Definition.Dw_flag", 8, 0;
    MV_REGISTER = "Definition.Mv_register", 9, 0;
    MV_MAP = "Definition.Mv_map", 10, 0;
    MAX_REGISTER = "Definition.Max_register", 11, 0;
    MIN_REGISTER = "Definition.Min_register", 12, 0;
    REMOVED = "Definition.Removed", 0, 0;
    ADDED = "Definition.Added", 1, 0;
    COUNT = "Definition.Count", 0, 1;
    CONTENT = "Definition.Content", 1, 1;
    ELEMENTS = "Definition.Elements", 2, 1;
    ENTRIES = "Definition.Entries", 3, 1;
    ITEMS = "Definition.Items", 4, 1;
    BALANCE = "Definition.Balance", 5, 1;
    ENABLED = "Definition.Enabled", 6, 1;
    VALUES = "Definition.Values", 7, 1;
    VALUE_SETS = "Definition.Value_sets", 8, 1;
    INTEGER = "Definition.Integer", 9, 1;
    MERGE_DECISION = "Definition.Merge_decision", 0, 3;
    INCREMENT = "Definition.Increment", 0, 1;
    WRITE = "Definition.Write", 1, 2;
    ADD = "Definition.Add", 2, 1;
    REMOVE = "Definition.Remove", 3, 1;
    PUT = "Definition.Put", 4, 3;
    APPEND = "Definition.Append", 5, 2;
    DECREMENT = "Definition.Decrement", 6, 1;
    ENABLE = "Definition.Enable", 7, 0;
    DISABLE = "Definition.Disable", 8, 0;
    WRITE_INTEGER = "Definition.Write_integer", 9, 1;
    EVENT = "Definition.Event", 0, 6;
    DECISION = "Decisions.Decision", 0, 5;
    DECISIONS = "Decisions.State", 0, 2;
    G_COUNTER_STATE = "G_counter.State", 0, 2;
    LWW_REGISTER_STATE = "Lww_register.State", 0, 2;
    LWW_MAP_STATE = "Lww_map.State", 0, 2;
    LOG_ENTRY = "Log.Entry", 0, 4;
    LOG_STATE = "Log.State", 0, 2;
    PN_COUNTER_STATE = "Pn_counter.State", 0, 3;
    EXTREME_STATE = "Max_register.State", 0, 2;
    A_COUNTER = "Replica.A_counter", 0, 1;
    A_REGISTER = "Replica.A_register", 1, 1;
    A_SET = "Replica.A_set", 2, 1;
    A_MAP = "Replica.A_map", 3, 1;
    A_LOG = "Replica.A_log", 4, 1;
    A_PN_COUNTER = "Replica.A_pn_counter", 5, 1;
    AN_RW_SET = "Replica.An_rw_set", 6, 1;
    AN_EW_FLAG = "Replica.An_ew_flag", 7, 1;
    A_DW_FLAG = "Replica.A_dw_flag", 8, 1;
    AN_MV_REGISTER = "Replica.An_mv_register", 9, 1;
    AN_MV_MAP = "Replica.An_mv_map", 10, 1;
    A_MAX_REGISTER = "Replica.A_max_register", 11, 1;
    A_MIN_REGISTER = "Replica.A_min_register", 12, 1;
    REPLICA = "Replica.Replica", 0, 2;
    HEADER = "Trace.Header", 0, 2;
    WITHIN = "Trace.Within", 0, 1;
    SINCE = "Trace.Since", 1, 1;
    OPERATIONS = "Trace.Operations", 2, 1;
    READS = "Trace.Reads", 0, 3;
    READS_ELEMENT = "Trace.Reads_element", 1, 4;
    READS_KEY = "Trace.Reads_key", 2, 4;
    COUNTS = "Trace.Counts", 3, 3;
    HASHES = "Trace.Hashes", 4, 4;
    CONVERGED = "Trace.Converged", 5, 1;
    DECIDES = "Trace.Decides", 6, 3;
    TELLS = "Trace.Tells", 7, 3;
    READS_VALUES = "Trace.Reads_values", 8, 4;
    OPERATES = "Trace.Operates", 0, 5;
    SENDS = "Trace.Sends", 1, 3;
    RECEIVES = "Trace.Receives", 2, 2;
    MERGES = "Trace.Merges", 3, 3;
    SYNCS = "Trace.Syncs", 4, 3;
    SAVES = "Trace.Saves", 5, 2;
    RESTORES = "Trace.Restores", 6, 2;
    NOTES = "Trace.Notes", 7, 0;
    CLAIMS = "Trace.Claims", 8, 1;
    VALUE_RULE = "Trace.Value_rule", 0, 0;
    VECTOR_RULE = "Trace.Vector_rule", 1, 0;
    DIGEST_EQUAL = "Trace.Digest_equal", 2, 0;
    DIGEST_DISTINCT = "Trace.Digest_distinct", 3, 0;
    CONVERGED_RULE = "Trace.Converged_rule", 4, 0;
    DECISIONS_RULE = "Trace.Decisions_rule", 5, 0;
    NOTICES_RULE = "Trace.Notices_rule", 6, 0;
    HASH_OF_PATHS = "State_hash.Paths", 0, 0;
    HASH_OF_VALUES = "State_hash.Values", 1, 0;
    HASH_OF_BUCKETS = "State_hash.Buckets", 2, 0;
    HASH_OF_NODES = "State_hash.Nodes", 3, 0;
    HASH_OF_OBJECTS = "State_hash.Objects", 4, 0;
    HASH_OF_REPLICAS = "State_hash.Replicas", 5, 0;
    SYNC_HELLO = "Sync.Hello", 0, 1;
    SYNC_VECTORS = "Sync.Vectors", 1, 1;
    SYNC_PIECE = "Sync.Piece", 2, 4;
    SYNC_ALL_SENT = "Sync.All_sent", 3, 0;
    SYNC_CHECK = "Sync.Check", 4, 1;
    SYNC_CLOSED = "Sync.Closed", 4, 1;
    SYNC_SIDE = "Sync.Side", 0, 2;
    PERFORM = "Executions.Perform", 0, 4;
    SEND = "Executions.Send", 1, 2;
    RECEIVE = "Executions.Receive", 2, 2;
    SAVE = "Executions.Save", 3, 1;
    RESTORE = "Executions.Restore", 4, 3;
    COMPACT = "Executions.Compact", 5, 2;
    TREE_LEAF = "State_hash.Leaf", 0, 2;
    TREE_BRANCH = "State_hash.Branch", 1, 6;
    INDEX_ENTRY = "Indexed_decisions.Entry", 0, 4;
    INDEX = "Indexed_decisions.State", 0, 3;
    BY_CREATION_DOT = "Indexed_decisions.By_creation_dot", 0, 1;
    BY_KEY = "Indexed_decisions.By_key", 1, 1;
    INDEX_PART = "Indexed_decisions.Part", 0, 2;
    KNOWN = "Wire_delta.Known", 0, 2;
    INLINE = "Wire_delta.Inline", 0, 0;
    BY_FINGERPRINT = "Wire_delta.By_fingerprint", 1, 1;
    AS_ASKED = "Wire_delta.As_asked", 2, 0;
    COUNTER_DELTA = "Wire_delta.Counter_delta", 0, 4;
    INTEGER_DELTA = "Wire_delta.Integer_delta", 0, 3;
    WIRE_ENTRY = "Wire_delta.Entry", 0, 3;
    LOG_DELTA = "Wire_delta.Log_delta", 0, 3;
    PRESENCES = "Wire_keyed.Presences", 0, 0;
    WRITES = "Wire_keyed.Writes", 1, 0;
    CONTENTS = "Wire_keyed.Contents", 2, 0;
    WIRE_AUTHOR = "Wire_keyed.Author", 0, 2;
    NAMED_BY_CREATION_DOT = "Wire_keyed.By_creation_dot", 0, 2;
    NAMED_BY_BYTES = "Wire_keyed.By_bytes", 1, 1;
    WIRE_DECISION = "Wire_keyed.Decision", 0, 5;
    KEYED_DELTA = "Wire_keyed.Keyed_delta", 0, 8;
    OPENINGS_KNOWLEDGE = "Openings.Knowledge", 0, 2;
    OPENINGS_HELD = "Openings.Held", 0, 3;
    REPORT = "Judge.Report", 0, 3;
    CONFORMS = "Judge.Conforms", 0, 0;
    DISCREPANCY = "Judge.Discrepancy", 1, 0;
    INCONCLUSIVE = "Judge.Inconclusive", 2, 0;
    ILL_FORMED = "Judge.Ill_formed", 3, 0;
}

/// What is hashed, as the native hash has it in its key: each constructor's place is its tag.
pub(super) const DOMAINS: [(Constructor, &str); 6] = [
    (HASH_OF_PATHS, "path"),
    (HASH_OF_VALUES, "value"),
    (HASH_OF_BUCKETS, "bucket"),
    (HASH_OF_NODES, "node"),
    (HASH_OF_OBJECTS, "object"),
    (HASH_OF_REPLICAS, "replica"),
];
