"""pycrdt: one document for each replica, which has a new client id whenever it is loaded.

A set is a Map by its keys, or with `--set=list` the entries of an Array. A list is an Array, or with `--text` a Text.
With `--updates` replicas exchange single updates without an order, else whole states; `sync` exchanges state vectors
and what the other lacks.
"""

from base64 import b64decode, b64encode

from pycrdt import Array, Doc, Map, Text

from driver import CHARACTERS, OPTIONS, List, Updates, serve

KINDS = {"lww-map": Map, "or-set": Array if OPTIONS.get("set") == "list" else Map, "log": Array,
         "list": Text if "text" in OPTIONS else Array}


class Replica:
    def __init__(self, identity, objects):
        self.doc = Doc(client_id=int.from_bytes(identity[:4]))
        self.registers = self.doc.get("registers", type=Map)
        kinds = {name: KINDS.get(declaration["type"], Map) for name, declaration in objects.items()}
        self.objects = {name: self.doc.get(f"object {name}", type=kind) for name, kind in kinds.items()}
        self.updates = Updates() if "updates" in OPTIONS else None
        self.is_receiving = False
        self.subscription = self.doc.observe(self.keep)

    def keep(self, event):
        if self.updates is not None and not self.is_receiving:
            self.updates.add(event.update)

    def send(self, objects):
        return self.updates.encode() if self.updates else b64encode(self.doc.get_update()).decode()

    def receive(self, payload):
        self.is_receiving = True
        for update in self.updates.add_all(payload) if self.updates else [b64decode(payload)]:
            self.doc.apply_update(update)
        self.is_receiving = False

    def sync(self, other):
        if self.updates:
            other.receive(self.send([]))
            self.receive(other.send([]))
        else:
            of_self, of_other = self.doc.get_state(), other.doc.get_state()
            other.doc.apply_update(self.doc.get_update(of_other))
            self.doc.apply_update(other.doc.get_update(of_self))


def put(entries, key, value):
    if value is not None:
        entries[key] = value
    elif key in entries:
        del entries[key]
    else:
        return False


class SetOfKeys:
    def add(self, replica, name, element):
        replica.objects[name][element] = True

    def remove(self, replica, name, element):
        return put(replica.objects[name], element, None)

    def read(self, replica, name):
        return list(replica.objects[name].keys())


class SetOfEntries:
    def add(self, replica, name, element):
        replica.objects[name].append(element)

    def remove(self, replica, name, element):
        entries = replica.objects[name]
        places = [at for at, entry in enumerate(entries.to_py()) if entry == element]
        for at in reversed(places):
            del entries[at]
        return bool(places)

    def read(self, replica, name):
        return list(dict.fromkeys(replica.objects[name].to_py()))


class LwwMap:
    def put(self, replica, name, key, value):
        return put(replica.objects[name], key, value)

    def delete(self, replica, name, key):
        return put(replica.objects[name], key, None)

    def read(self, replica, name):
        return replica.objects[name].to_py()


class LwwRegister:
    def write(self, replica, name, value):
        replica.registers[name] = value

    def read(self, replica, name):
        return replica.registers.to_py().get(name)


class Log:
    def append(self, replica, name, entry):
        replica.objects[name].append(entry)

    def read(self, replica, name):
        return replica.objects[name].to_py()


class OfArray(List):
    def put(self, replica, name, index, element):
        replica.objects[name].insert(index, element)

    def take(self, replica, name, index):
        del replica.objects[name][index]

    def read(self, replica, name):
        return replica.objects[name].to_py()


class OfText(List):
    # Offsets in a Text are bytes of UTF-8, three for each of these characters.
    def put(self, replica, name, index, element):
        replica.objects[name].insert(3 * index, CHARACTERS.of(element))

    def take(self, replica, name, index):
        del replica.objects[name][3 * index:3 * index + 3]

    def read(self, replica, name):
        return CHARACTERS.to_names(str(replica.objects[name]))


serve("pycrdt", Replica, {
    "or-set": SetOfEntries() if OPTIONS.get("set") == "list" else SetOfKeys(),
    "lww-map": LwwMap(),
    "lww-register": LwwRegister(),
    "log": Log(),
    "list": OfText() if "text" in OPTIONS else OfArray(),
}, integers=2**63)
