"""A small replica that stands where your library goes: subject.py drives it.

It keeps every operation that it has seen, and answers from them.
"""

import json

TYPES = {"g-counter", "pn-counter", "or-set", "lww-register", "mv-register"}


class Replica:
    performed = 0  # Operations of all replicas, a part of their ids; a real library takes dots or UUIDs.

    def __init__(self, name):
        self.name, self.seen = name, {}  # All operations that it has seen, by id.

    def perform(self, operation):
        same = [i for i, op in self.seen.items() if op["object"] == operation["object"]]
        nth = 1 + sum(op["replica"] == self.name for op in self.seen.values())
        Replica.performed += 1  # An operation keeps what it saw, which decides what it overrules.
        self.seen[f"{self.name}:{Replica.performed}"] = {**operation, "saw": same, "nth": nth}

    def state(self, objects=None):
        """The state as a string: all operations, or those of some objects."""
        return json.dumps({i: op for i, op in self.seen.items() if not objects or op["object"] in objects})

    def merge(self, state):
        """The join: applied twice, or in another order, it gives the same."""
        self.seen.update(json.loads(state))

    def restore(self, state):
        """Back to a saved state. Ids stay unique, because `performed` goes on."""
        self.seen = json.loads(state)

    def read(self, kind, object, element=None):
        """The value of an object; of a set, whether it has `element` if that is given."""
        ops = {i: op for i, op in self.seen.items() if op["object"] == object}
        if kind in ("g-counter", "pn-counter"):
            return sum(op.get("amount", 1) * (1 if op["op"] == "increment" else -1) for op in ops.values())
        if kind == "lww-register":  # The greatest by timestamp; then replica, number and value decide.
            rank = lambda op: (op["timestamp"], op["replica"], op["nth"], canonical(op["value"]))
            return max(ops.values(), key=rank)["value"] if ops else None
        if kind == "mv-register":  # The values of the writes that no other write saw; null deletes.
            seen = {i for op in ops.values() for i in op["saw"]}
            return [op["value"] for i, op in ops.items() if i not in seen and op["value"] is not None]
        gone = {(i, op["element"]) for op in ops.values() if op["op"] == "remove" for i in op["saw"]}
        elements = {op["element"] for i, op in ops.items() if op["op"] == "add" and (i, op["element"]) not in gone}
        return element in elements if element is not None else sorted(elements)


def canonical(value):
    """RFC 8785, by which equal values have equal bytes: the last tie-break of a register."""
    if isinstance(value, float) and value.is_integer() and -(2**63) <= value < 2**64:
        value = int(value)
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be"))
        return "{" + ",".join(f"{canonical(k)}:{canonical(v)}" for k, v in members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
