"""An adapter for `oracle drive`, to copy. Put your library where `Replica` of replica.py is used.

    oracle drive -- python3 examples/subjects/subject.py

The oracle writes one request a line, in JSON; the adapter writes one reply a line.
"""

import json
import sys

from replica import TYPES, Replica  # Your library.

replicas, types = {}, {}


class Unsupported(Exception):
    """What this subject does not do. That is no failure: the oracle leaves it out, and lists it."""


def reply(request):
    event, replica = request["event"], replicas.get(request.get("replica"))
    if event == "start":  # A new history: forget everything, and create the replicas.
        types.clear()  # The type of each object, such as {"tags": "or-set"}.
        types.update((name, declared["type"]) for name, declared in request["objects"].items())
        if missing := set(types.values()) - TYPES:
            raise Unsupported(f"no {sorted(missing)}")  # The oracle starts without these types.
        replicas.clear()
        replicas.update((name, Replica(name)) for name in request["replicas"])
    elif event == "op":  # One operation, as in a trace: object, op, element, timestamp, user …
        replica.perform({k: v for k, v in request.items() if k not in ("seq", "event")})
    elif event == "send":  # A message, as a string. The oracle delivers it: never, once or often.
        return {"payload": replica.state(request.get("objects"))}
    elif event == "receive":  # Apply a message of another replica.
        replica.merge(request["payload"])
    elif event == "save":  # A backup, as a string.
        return {"payload": replica.state()}
    elif event == "restore":  # Back to that backup. What it performs from now on are new operations.
        replica.restore(request["payload"])
    elif event == "sync":  # Both end with what either had seen.
        a, b = (replicas[name] for name in request["replicas"])
        a.merge(b.state(request.get("objects")))
        b.merge(a.state(request.get("objects")))
    elif event == "read":  # The value of an object; of one element or key if the request has one.
        return {"value": replica.read(types[request["object"]], request["object"], request.get("element"))}
    elif event != "stop":  # An event that you do not offer (here `decisions`, `vector` and others).
        raise Unsupported(f"no {event}")
    return {"ok": True}


for line in sys.stdin.buffer:
    request = json.loads(line)
    try:
        answer = reply(request)
    except Unsupported as reason:  # Other exceptions end the process, which the oracle reports.
        answer = {"unsupported": str(reason)}
    print(json.dumps({"seq": request["seq"], **answer}), flush=True)  # Flush, or the oracle waits.
    if request["event"] == "stop":
        break
