"""Loro in Python: one document for each replica, which has a new peer id whenever it is loaded.

A set is a LoroMap by its keys, or with `--set=list` the entries of a LoroList. A list is a LoroList, with `--movable` a
LoroMovableList, with `--text` a LoroText. With `--updates` replicas exchange single updates without an order, else whole
states; `sync` exchanges version vectors and what the other lacks. Backups are snapshots.
"""

from base64 import b64decode, b64encode

from loro import ExportMode, LoroDoc, VersionVector

from driver import CHARACTERS, OPTIONS, List, Updates, serve


class Replica:
    def __init__(self, identity, objects):
        self.doc = LoroDoc()
        self.doc.peer_id = int.from_bytes(identity[:8]) >> 1
        self.updates = Updates() if "updates" in OPTIONS else None

    def change(self, edit):
        """Says whether the library made an operation of the edit."""
        before = self.doc.oplog_vv
        edit(self.doc)
        self.doc.commit()
        is_change = self.doc.oplog_vv != before
        if is_change and self.updates:
            self.updates.add(self.doc.export(ExportMode.Updates(before)))
        return is_change

    def send(self, objects):
        whole = ExportMode.Updates(VersionVector())
        return self.updates.encode() if self.updates else b64encode(self.doc.export(whole)).decode()

    def receive(self, payload):
        for update in self.updates.add_all(payload) if self.updates else [b64decode(payload)]:
            self.doc.import_(update)

    def save(self):
        saved = b64encode(self.doc.export(ExportMode.Snapshot())).decode()
        return f"{saved}|{self.updates.encode()}" if self.updates else saved

    def load(self, payload):
        saved, _, updates = payload.partition("|")
        self.doc.import_(b64decode(saved))
        if self.updates:
            self.updates.add_all(updates)

    def sync(self, other):
        if self.updates:
            other.receive(self.send([]))
            self.receive(other.send([]))
        else:
            of_self = self.doc.oplog_vv
            other.doc.import_(self.doc.export(ExportMode.Updates(other.doc.oplog_vv)))
            self.doc.import_(other.doc.export(ExportMode.Updates(of_self)))


def put(entries, key, value):
    if value is not None:
        entries.insert(key, value)
    elif key in entries:
        entries.delete(key)


class Counter:
    def increment(self, replica, name, amount):
        return replica.change(lambda doc: doc.get_counter(name).increment(amount))

    def read(self, replica, name):
        return int(replica.doc.get_counter(name).value)


class PnCounter(Counter):
    def decrement(self, replica, name, amount):
        return replica.change(lambda doc: doc.get_counter(name).decrement(amount))


class SetOfKeys:
    def add(self, replica, name, element):
        return replica.change(lambda doc: doc.get_map(name).insert(element, True))

    def remove(self, replica, name, element):
        return replica.change(lambda doc: put(doc.get_map(name), element, None))

    def read(self, replica, name):
        return list(replica.doc.get_map(name).get_value())


class SetOfEntries:
    def add(self, replica, name, element):
        return replica.change(lambda doc: doc.get_list(name).push(element))

    def remove(self, replica, name, element):
        entries = replica.doc.get_list(name).get_value()
        places = [at for at in range(len(entries)) if entries[at] == element]
        return replica.change(lambda doc: [doc.get_list(name).delete(at, 1) for at in reversed(places)])

    def read(self, replica, name):
        return list(dict.fromkeys(replica.doc.get_list(name).get_value()))


class LwwMap:
    def put(self, replica, name, key, value):
        return replica.change(lambda doc: put(doc.get_map(name), key, value))

    def delete(self, replica, name, key):
        return replica.change(lambda doc: put(doc.get_map(name), key, None))

    def read(self, replica, name):
        return replica.doc.get_map(name).get_value()


class LwwRegister:
    def write(self, replica, name, value):
        return replica.change(lambda doc: doc.get_map("registers").insert(name, value))

    def read(self, replica, name):
        return replica.doc.get_map("registers").get_value().get(name)


class Log:
    def append(self, replica, name, entry):
        return replica.change(lambda doc: doc.get_list(name).push(entry))

    def read(self, replica, name):
        return replica.doc.get_list(name).get_value()


class OfList(List):
    def of(self, replica, name):
        return replica.doc.get_movable_list(name) if "movable" in OPTIONS else replica.doc.get_list(name)

    def put(self, replica, name, index, element):
        return replica.change(lambda doc: self.of(replica, name).insert(index, element))

    def take(self, replica, name, index):
        return replica.change(lambda doc: self.of(replica, name).delete(index, 1))

    def read(self, replica, name):
        return self.of(replica, name).get_value()


class OfText(List):
    def put(self, replica, name, index, element):
        return replica.change(lambda doc: doc.get_text(name).insert(index, CHARACTERS.of(element)))

    def take(self, replica, name, index):
        return replica.change(lambda doc: doc.get_text(name).delete(index, 1))

    def read(self, replica, name):
        return CHARACTERS.to_names(str(replica.doc.get_text(name)))


serve("loro", Replica, {
    "g-counter": Counter(),
    "pn-counter": PnCounter(),
    "or-set": SetOfEntries() if OPTIONS.get("set") == "list" else SetOfKeys(),
    "lww-map": LwwMap(),
    "lww-register": LwwRegister(),
    "log": Log(),
    "list": OfText() if "text" in OPTIONS else OfList(),
}, integers=2**63)
