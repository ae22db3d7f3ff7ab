"""crdts: one object of the library for each object of each replica.

Messages are the library's `history`, the updates from which another converges; backups are `pack`. A counter that
goes up is a Counter, or with `--counter=set` a CounterSet in which every replica has a counter of its own; one that goes both
ways is a PNCounter. A log and a list are an FIArray, with `--list=rga` (logs alone) an RGArray.
"""

import json
from base64 import b64decode, b64encode

import crdts
from crdts import datawrappers

from driver import OPTIONS, List, Unsupported, serve

RGA = OPTIONS.get("list") == "rga"
COUNTER_SET = OPTIONS.get("counter") == "set"
CLASSES = {
    "g-counter": crdts.CounterSet if COUNTER_SET else crdts.Counter,
    "pn-counter": crdts.CounterSet if COUNTER_SET else crdts.PNCounter,
    "g-set": crdts.GSet,
    "or-set": crdts.ORSet,
    "lww-map": crdts.LWWMap,
    "lww-register": crdts.LWWRegister,
    "mv-register": crdts.MVRegister,
    "mv-map": crdts.MVMap,
    "log": crdts.RGArray if RGA else crdts.FIArray,
    "list": crdts.FIArray,
}


class Replica:
    def __init__(self, identity, objects):
        self.writer = identity[:8].hex()
        self.types = {name: declaration["type"] for name, declaration in objects.items()}
        self.objects = {name: self.create(name) for name in objects}

    def create(self, name):
        clock = crdts.ScalarClock(uuid=b"all replicas share the uuid")
        kind = CLASSES[self.types[name]]
        if kind in (crdts.LWWRegister, crdts.MVRegister):
            # A register that nobody wrote has a writer all the same, or it could not compare its own updates.
            start = {"last_writer": ""} if kind is crdts.LWWRegister else {}
            return kind(name=name, clock=clock, **start)
        return kind(clock=clock)

    def send(self, objects):
        history = {name: [update.pack() for update in self.objects[name].history()] for name in objects}
        return json.dumps({name: [b64encode(update).decode() for update in updates] for name, updates in history.items()})

    def receive(self, payload):
        for name, updates in json.loads(payload).items():
            for update in updates:
                # Its own wrappers of data are not found without `inject`.
                self.objects[name].update(crdts.StateUpdate.unpack(b64decode(update), inject=vars(datawrappers)))

    def save(self):
        return json.dumps({name: b64encode(value.pack()).decode() for name, value in self.objects.items()})

    def load(self, payload):
        for name, saved in json.loads(payload).items():
            self.objects[name] = CLASSES[self.types[name]].unpack(b64decode(saved), inject={**vars(datawrappers), **vars(crdts)})


def is_nothing(value):
    return value is None or isinstance(value, datawrappers.NoneWrapper)


class Counter:
    def increment(self, replica, name, amount):
        if COUNTER_SET:
            replica.objects[name].increase(replica.writer, amount)
        else:
            replica.objects[name].increase(amount)

    def read(self, replica, name):
        return replica.objects[name].read()


class PnCounter(Counter):
    def decrement(self, replica, name, amount):
        if COUNTER_SET:
            replica.objects[name].decrease(replica.writer, amount)
        else:
            replica.objects[name].decrease(amount)


class GSet:
    def add(self, replica, name, element):
        replica.objects[name].add(element)

    def read(self, replica, name):
        return sorted(replica.objects[name].read())


class OrSet:
    def add(self, replica, name, element):
        replica.objects[name].observe(element)

    def remove(self, replica, name, element):
        replica.objects[name].remove(element)

    def read(self, replica, name):
        return sorted(replica.objects[name].read())


class LwwMap:
    def put(self, replica, name, key, value):
        if value is None:
            self.delete(replica, name, key)
        else:
            replica.objects[name].set(key, value, replica.writer)

    def delete(self, replica, name, key):
        replica.objects[name].unset(key, replica.writer)

    def read(self, replica, name):
        return {key: value for key, value in replica.objects[name].read().items() if not is_nothing(value)}


class LwwRegister:
    def write(self, replica, name, value):
        replica.objects[name].write(value, replica.writer)

    def read(self, replica, name):
        return replica.objects[name].read()


class MvRegister:
    def write(self, replica, name, value):
        replica.objects[name].write(value)

    def read(self, replica, name):
        return [value for value in replica.objects[name].read() if not is_nothing(value)]


class MvMap:
    def put(self, replica, name, key, value):
        if value is None:
            self.delete(replica, name, key)
        else:
            replica.objects[name].set(key, value)

    def delete(self, replica, name, key):
        replica.objects[name].unset(key)

    def read(self, replica, name):
        kept = {key: [value for value in values if not is_nothing(value)]
                for key, values in replica.objects[name].read().items()}
        return {key: values for key, values in kept.items() if values}


class Log:
    def append(self, replica, name, entry):
        if RGA and isinstance(entry, (list, dict)):
            raise Unsupported("its RGArray takes hashable values alone")
        replica.objects[name].append(entry, replica.writer)

    def read(self, replica, name):
        return list(replica.objects[name].read())


class FiArray(List):
    def put(self, replica, name, index, element):
        array, items = replica.objects[name], replica.objects[name].read_full()
        if not items:
            array.put_first(element, replica.writer)
        elif index == 0:
            array.put_before(element, replica.writer, items[0])
        elif index == len(items):
            array.put_after(element, replica.writer, items[-1])
        else:
            array.put_between(element, replica.writer, items[index - 1], items[index])

    def take(self, replica, name, index):
        array = replica.objects[name]
        array.delete(array.read_full()[index], replica.writer)

    def read(self, replica, name):
        return list(replica.objects[name].read())


TYPES = {
    "g-counter": Counter(), "pn-counter": PnCounter(), "g-set": GSet(), "or-set": OrSet(), "lww-map": LwwMap(),
    "lww-register": LwwRegister(), "mv-register": MvRegister(), "mv-map": MvMap(), "log": Log(),
}
serve("crdts", Replica, TYPES if RGA else {**TYPES, "list": FiArray()}, by_object=True)
