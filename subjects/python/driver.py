"""Speaks the subject protocol `rejoin-subject/1` (spec/trace-format.md) for an adapter.

An adapter gives `serve` a class of replicas and, for each type that its library offers, a class whose methods
perform the operations and read the value. Everything else is done here: lines, names, positions in lists, replicas
and their ids, and `unsupported` for whatever the adapter lacks.
"""

import hashlib
import importlib.metadata
import json
import sys
import traceback
from base64 import b64decode, b64encode

STAMPED = {"lww-register", "lww-map", "log"}

# The options of the command line: `--set=list` is {"set": "list"}, `--text` is {"text": ""}.
OPTIONS = dict(argument.removeprefix("--").partition("=")[::2] for argument in sys.argv[1:])


class Unsupported(Exception):
    """The library does not offer what is asked for."""


class Updates:
    """Single updates, each kept under its hash, as an application keeps them in a folder or a bucket: a set
    without an order. A message holds all of them, so that nothing that it needs is missing; they are applied in the
    order of their hashes."""

    def __init__(self):
        self.kept = {}

    def add(self, update):
        """Keeps an update. Says whether it is new."""
        digest = hashlib.sha256(update).hexdigest()
        is_new = digest not in self.kept
        self.kept[digest] = update
        return is_new

    def encode(self):
        return " ".join(b64encode(update).decode() for update in self.kept.values())

    def add_all(self, payload):
        """Keeps what a message holds; gives what was not there before, in the order of the hashes."""
        updates = map(b64decode, payload.split())
        return [update for update in sorted(updates, key=lambda u: hashlib.sha256(u).digest()) if self.add(update)]


class Characters:
    """Lists of names held in a text: every name has a character of its own."""

    def __init__(self):
        self.names = []

    def of(self, name):
        if name not in self.names:
            self.names.append(name)
        return chr(0x4E00 + self.names.index(name))

    def to_names(self, text):
        places = [ord(character) - 0x4E00 for character in text]
        return [self.names[at] if 0 <= at < len(self.names) else chr(0x4E00 + at) for at in places]


CHARACTERS = Characters()


class List:
    """A list for `types`: the adapter's class has `put` and `take` at an index, and `read`."""

    def insert(self, replica, name, element, after=None, before=None):
        names = self.read(replica, name)
        places = [names.index(neighbour) if neighbour in names else None for neighbour in (after, before)]
        if places[0] is not None:
            index = places[0] + 1
        elif places[1] is not None:
            index = places[1]
        elif after is None and before is None:
            index = len(names)
        else:
            raise Unsupported("neither neighbour is in the list any more")
        return self.put(replica, name, index, element)

    def delete(self, replica, name, element):
        names = self.read(replica, name)
        return element in names and self.take(replica, name, names.index(element))


def is_within(value, limit):
    """Whether all integers in this value are below the limit, or not below its negative."""
    if isinstance(value, int):
        return -limit <= value < limit
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return all(is_within(item, limit) for item in inner)


def exact(value):
    """The same value, with whole numbers as integers: some libraries have doubles alone."""
    if isinstance(value, float) and value.is_integer() and abs(value) <= 2**63:
        return int(value)
    if isinstance(value, dict):
        return {key: exact(item) for key, item in value.items()}
    return [exact(item) for item in value] if isinstance(value, list) else value


class Subject:
    def __init__(self, name, replica, types, by_object, integers):
        self.integers = integers
        self.name, self.version = name, importlib.metadata.version(name)
        self.create_replica, self.types, self.by_object = replica, types, by_object
        self.replicas, self.objects, self.incarnations = {}, {}, 0

    def create(self, name):
        """A new replica under an id of its own, which no restored backup shares."""
        self.incarnations += 1
        identity = hashlib.sha256(f"{name}/{self.incarnations}".encode()).digest()
        return self.create_replica(identity, self.objects)

    def start(self, replicas, objects, protocol, stamps="explicit"):
        if protocol != "rejoin-subject/1":
            raise Unsupported(f"the protocol is rejoin-subject/1, not {protocol}")
        for declaration in objects.values():
            declared = declaration["type"]
            if declared not in self.types:
                raise Unsupported(f"{self.name} has no {declared}")
            if stamps != "own" and declared in STAMPED:
                raise Unsupported(f"{self.name} orders writes by a rule of its own")
        self.objects, self.incarnations = objects, 0
        CHARACTERS.names.clear()
        self.replicas = {name: self.create(name) for name in replicas}
        return {"ok": True, "implementation": {"name": self.name, "version": self.version}}

    def type_of(self, name):
        return self.types[self.objects[name]["type"]]

    def op(self, replica, object, op, id=None, user=None, **arguments):
        operation = getattr(self.type_of(object), op, None)
        if operation is None:
            raise Unsupported(f"{self.name} has no `{op}` here")
        if self.integers is not None and not is_within(arguments, self.integers):
            raise Unsupported("an integer of the library has 64 bits and a sign")
        arguments.pop("timestamp", None)
        if op == "insert":
            arguments.pop("value", None)
        if op in ("increment", "decrement"):
            arguments["amount"] = int(arguments.get("amount", 1))
            if self.integers is not None and arguments["amount"] > 2**31:
                raise Unsupported("a counter of the library is exact up to 2^53")
        is_idle = operation(self.replicas[replica], object, **arguments) is False
        if is_idle and "leave-out-idle" in OPTIONS:
            raise Unsupported("the library makes no operation of this call")
        return {"ok": True}

    def parts(self, objects=None, to=None, **more):
        """Which objects a message is about: all, or those named where the library has a state for each."""
        if more:
            raise Unsupported("messages hold the whole state")
        if objects is not None and not self.by_object:
            raise Unsupported("the document is sent as a whole")
        return list(self.objects) if objects is None else objects

    def send(self, replica, message, **parts):
        return {"payload": self.replicas[replica].send(self.parts(**parts))}

    def receive(self, replica, message, payload):
        self.replicas[replica].receive(payload)
        return {"ok": True}

    def sync(self, replicas, **parts):
        left, right = (self.replicas[name] for name in replicas)
        objects = self.parts(**parts)
        if hasattr(left, "sync"):
            left.sync(right)
        else:
            right.receive(left.send(objects))
            left.receive(right.send(objects))
        return {"ok": True}

    def read(self, replica, object, element=None, key=None):
        value = exact(self.type_of(object).read(self.replicas[replica], object))
        if element is not None:
            return {"value": element in value}
        if key is not None:
            return {"value": value.get(key, [] if self.objects[object]["type"] == "mv-map" else None)}
        return {"value": value}

    def digest(self, replica, object=None, algorithm=None):
        if object is not None or algorithm is not None or not hasattr(self.replicas[replica], "digest"):
            raise Unsupported("no such digest")
        return {"digest": self.replicas[replica].digest()}

    def save(self, replica, snapshot):
        saved = self.replicas[replica]
        return {"payload": saved.save() if hasattr(saved, "save") else saved.send(list(self.objects))}

    def restore(self, replica, snapshot, payload):
        restored = self.create(replica)
        getattr(restored, "load", restored.receive)(payload)
        self.replicas[replica] = restored
        return {"ok": True}

    def stop(self):
        return {"ok": True}

    def answer(self, event, seq=None, **fields):
        if event not in ("start", "op", "send", "receive", "sync", "read", "digest", "save", "restore", "stop"):
            raise Unsupported(f"there is no request `{event}`")
        return getattr(self, event)(**fields)


def plain(value):
    """What a library wraps and JSON does not have."""
    return value.value if hasattr(value, "value") else list(value)


def serve(name, replica, types, by_object=False, integers=None):
    """Reads requests and writes replies until `stop` or the end of the input. The library's integers are below
    `integers`, if they have a limit."""
    subject = Subject(name, replica, types, by_object, integers)
    for line in sys.stdin.buffer:
        request = {}
        try:
            request = json.loads(line)
            reply = subject.answer(**request)
        except Unsupported as reason:
            reply = {"unsupported": str(reason)}
        except BaseException as error:  # what a library in Rust throws is no Exception
            if isinstance(error, KeyboardInterrupt):
                raise
            traceback.print_exc(limit=-3)
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps({"seq": request.get("seq"), **reply}, default=plain), flush=True)
        if request.get("event") == "stop":
            break
