"""A subject for `oracle drive`, to copy: put your own library where `Replica` is.

    oracle drive -- python3 examples/subjects/subject.py

It keeps every operation that a replica has seen, and answers from them. Nothing of that is needed in
an adapter of your own: what is needed is `reply`, and one line of JSON for each line of JSON.
"""

import json
import sys

TYPES = {"g-counter", "pn-counter", "or-set", "lww-register", "mv-register"}


class Unsupported(Exception):
    """What this subject does not do. That is no failure: the oracle leaves it out, and says so."""


class Replica:
    made = 0  # How many operations were made, by all replicas: part of their ids. Yours may be UUIDs.

    def __init__(self, name):
        self.name, self.seen = name, {}  # All operations that it has seen, by id.

    def perform(self, request):
        same = [i for i, op in self.seen.items() if op["object"] == request["object"]]
        seq = 1 + sum(op["replica"] == self.name for op in self.seen.values())
        Replica.made += 1  # The operation, with what it saw, which decides what it overrules.
        self.seen[f"{self.name}:{Replica.made}"] = {**request, "saw": same, "nth": seq}

    def payload(self, objects=None):  # The whole state: all operations, or those of some objects.
        return json.dumps({i: op for i, op in self.seen.items() if not objects or op["object"] in objects})

    def merge(self, payload):  # A join: twice, or in another order, is the same.
        self.seen.update(json.loads(payload))

    def read(self, kind, object, element=None):
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
    """RFC 8785: how equal values are written alike. Only ties after a restored backup come to this."""
    if isinstance(value, float) and value.is_integer() and -(2**63) <= value < 2**64:
        value = int(value)
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be"))
        return "{" + ",".join(f"{canonical(k)}:{canonical(v)}" for k, v in members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


replicas, types = {}, {}


def reply(request):
    """From one request to what is replied to it, but for `seq`."""
    event, replica = request["event"], replicas.get(request.get("replica"))
    if event == "start":  # Forget everything, and begin anew.
        types.clear()
        types.update((name, declared["type"]) for name, declared in request["objects"].items())
        if missing := set(types.values()) - TYPES:
            raise Unsupported(f"no {sorted(missing)}")
        replicas.clear()
        replicas.update((name, Replica(name)) for name in request["replicas"])
    elif event == "op":
        replica.perform({k: v for k, v in request.items() if k not in ("seq", "event")})
    elif event == "send":  # A message is a string. The oracle delivers it: never, once or often.
        return {"payload": replica.payload(request.get("objects"))}
    elif event == "save":  # A backup is a string as well.
        return {"payload": replica.payload()}
    elif event == "receive":
        replica.merge(request["payload"])
    elif event == "restore":  # Back to the backup: what is done from now on are new operations.
        replica.seen = json.loads(request["payload"])
    elif event == "sync":  # Both end with what either had seen.
        a, b = (replicas[name] for name in request["replicas"])
        both = (a.payload(request.get("objects")), b.payload(request.get("objects")))
        a.merge(both[1]), b.merge(both[0])
    elif event == "read":
        return {"value": replica.read(types[request["object"]], request["object"], request.get("element"))}
    elif event != "stop":
        raise Unsupported(f"no {event}")
    return {"ok": True}


for line in sys.stdin.buffer:
    request = json.loads(line)
    try:
        answer = reply(request)
    except Unsupported as reason:
        answer = {"unsupported": str(reason)}
    print(json.dumps({"seq": request["seq"], **answer}), flush=True)  # Flush, or the oracle waits.
    if request["event"] == "stop":
        break
