"""The smallest traces of docs/record.md, recorded. What stands in that page stands here."""

from recorder import Recorder

out = open("trace.jsonl", "w", buffering=1)


class Log:
    """A library that needs causes first: an update waits until the one before it is applied."""

    def __init__(self, name):
        self.name, self.entries, self.waiting = name, [], {}

    def append(self, entry):
        self.entries.append(entry)
        return {len(self.entries): entry}

    def apply(self, update):
        self.waiting.update(update)
        while (following := len(self.entries) + 1) in self.waiting:
            self.entries.append(self.waiting.pop(following))

    def encode(self, since=0):
        return {**dict(enumerate(self.entries[since:], since + 1)), **self.waiting}


def new_log(*replicas):
    return Recorder(out, replicas=replicas, objects={"l": {"type": "log"}}, stamps="own")


# `receive` is when an update is applied.
held_back = {"b": [], "c": []}


def deliver(replica, message, update):
    replica.apply(update)
    held_back[replica.name].append(message)
    if replica.waiting:
        return  # it has arrived, and is not applied yet
    for message in held_back[replica.name]:
        trace.record("receive", replica=replica.name, message=message)
    held_back[replica.name].clear()


trace = new_log("a", "b")
a, b = Log("a"), Log("b")
first, late = a.append(1), a.append(2)
trace.record("op", replica="a", object="l", op="append", entry=1, id="o1")
trace.record("op", replica="a", object="l", op="append", entry=2, id="o2")
trace.record("send", replica="a", message="late", operations=["o2"])
deliver(b, "late", late)
trace.record("read", replica="b", object="l", value=b.entries)
trace.record("send", replica="a", message="first", operations=["o1"])
deliver(b, "first", first)
trace.record("read", replica="b", object="l", value=b.entries)


# What is held back may be passed on.
def send_all(replica, message):
    relays = held_back[replica.name]
    trace.record("send", replica=replica.name, message=message, relays=relays)
    return replica.encode()


trace = new_log("a", "b", "c")
b, c = Log("b"), Log("c")
trace.record("op", replica="a", object="l", op="append", entry=1, id="o1")
trace.record("op", replica="a", object="l", op="append", entry=2, id="o2")
trace.record("send", replica="a", message="late", operations=["o2"])
deliver(b, "late", late)
deliver(c, "full", send_all(b, "full"))
trace.record("send", replica="a", message="first", operations=["o1"])
deliver(c, "first", first)
trace.record("read", replica="c", object="l", value=c.entries)


# What a message held, not what the receiver made of it.
def send(replica, message, update, operations):
    trace.record("send", replica=replica.name, message=message, operations=operations)
    return update


trace = new_log("a", "b")
b = Log("b")
trace.record("op", replica="a", object="l", op="append", entry=1, id="o1")
trace.record("op", replica="a", object="l", op="append", entry=2, id="o2")
sent = send(a, "m", {**first, **late}, ["o1", "o2"])
b.apply(dict(list(sent.items())[:1]))  # the fault: the second half is lost
trace.record("receive", replica="b", message="m")
trace.record("read", replica="b", object="l", value=b.entries)


# A difference to a state vector.
def send_since(replica, message, peer, asked):
    trace.record("send", replica=peer.name, message=asked)  # the vector; nobody receives it
    trace.record("send", replica=replica.name, message=message, since=[asked])
    return replica.encode(since=len(peer.entries))


trace = new_log("a", "b")
a, b = Log("a"), Log("b")
b.apply(a.append(1))
trace.record("op", replica="a", object="l", op="append", entry=1)
trace.record("merge", replica="b", from_="a")
a.append(2)
trace.record("op", replica="a", object="l", op="append", entry=2)
b.apply(send_since(a, "diff", b, "b-asks"))
trace.record("receive", replica="b", message="diff")
trace.record("read", replica="b", object="l", value=b.entries)


# A transaction is a message of several operations.
def commit(replica, name, operations):
    ids = [f"{name}.{number}" for number, _ in enumerate(operations, 1)]
    for id, operation in zip(ids, operations):
        trace.record("op", replica=replica, id=id, **operation)
    trace.record("send", replica=replica, message=name, operations=ids)


objects = {"paid": {"type": "pn-counter"}, "open": {"type": "or-set"}}
trace = Recorder(out, replicas=["a", "b"], objects=objects)
pay = {"object": "paid", "op": "increment", "amount": 5}
close = {"object": "open", "op": "remove", "element": "invoice"}
commit("a", "t1", [pay, close])
trace.record("receive", replica="b", message="t1")
trace.record("read", replica="b", object="paid", value=5)
trace.record("read", replica="b", object="open", value=[])


# Calls that change nothing.
def approve(replica, elements, element):
    elements.add(element)  # a library makes no operation of it where it changes nothing
    trace.record("op", replica=replica, object="s", op="add", element=element)


trace = Recorder(out, replicas=["a", "b"], objects={"s": {"type": "or-set"}})
elements = set()
approve("a", elements, "x")
trace.record("merge", replica="b", from_="a")
approve("a", elements, "x")
trace.record("op", replica="b", object="s", op="remove", element="x")
elements.discard("x")  # all that was ever added, for the library
trace.record("merge", replica="a", from_="b")
trace.record("read", replica="a", object="s", value=elements)


# Names decide ties.
def name_of(client):
    return f"{client:03}"  # as texts these compare as the numbers do


seven, thirty = name_of(7), name_of(30)
registers = {"r": {"type": "lww-register"}}
trace = Recorder(out, replicas=[seven, thirty], objects=registers)
for name, value in [(seven, "x"), (thirty, "y")]:
    trace.record("op", replica=name, object="r", op="write", value=value, timestamp=5)
trace.record("sync", replicas=[seven, thirty])
trace.record("read", replica=seven, object="r", value="y")


# A restored replica with its old id.
def restore(name, backup, snapshot):
    trace.record("restore", replica=name, snapshot=snapshot)
    return dict(backup)  # and goes on counting under its old id


# A counter with a share for each id, of which the greater one wins.
def increment(shares, id):
    shares[id] = shares.get(id, 0) + 1


def merge(into, other):
    into.update({id: max(into.get(id, 0), share) for id, share in other.items()})


trace = Recorder(out, replicas=["a", "b"], objects={"n": {"type": "g-counter"}})
ours, theirs = {}, {}
trace.record("save", replica="a", snapshot="monday")
backup = dict(ours)
for back in [False, True]:
    if back:
        ours = restore("a", backup, "monday")
    increment(ours, "a")
    trace.record("op", replica="a", object="n", op="increment")
    merge(theirs, ours)
    trace.record("merge", replica="b", from_="a")
trace.record("read", replica="b", object="n", value=sum(theirs.values()))


# A map that is used as a set.
def set_true(replica, key):
    trace.record("op", replica=replica, object="approved", op="put", key=key, value=True)


objects = {"approved": {"type": "lww-map"}}
trace = Recorder(out, replicas=["a", "b"], objects=objects, stamps="own")
set_true("a", "x")
set_true("b", "x")
trace.record("op", replica="b", object="approved", op="delete", key="x")
trace.record("sync", replicas=["a", "b"])
trace.record("read", replica="a", object="approved", value={})
