"""A set with a bug, as one writes it in an afternoon. What is it?

    oracle drive -- python3 examples/subjects/broken.py
"""

import json
import sys

replicas = {}  # For each replica: what was added, and what was removed.


def reply(request):
    event = request["event"]
    if event == "start":
        if [declared["type"] for declared in request["objects"].values()] != ["or-set"]:
            return {"unsupported": "one or-set only"}
        replicas.clear()
        replicas.update((name, (set(), set())) for name in request["replicas"])
        return {"ok": True}
    if event == "stop":
        return {"ok": True}
    is_partial = "objects" in request or event == "read" and "element" in request
    if event not in ("op", "send", "receive", "read") or is_partial:
        return {"unsupported": f"no such {event}"}
    added, removed = replicas[request["replica"]]
    if event == "op":
        element = request["element"]
        (added if request["op"] == "add" else removed).add(element)
        (removed if request["op"] == "add" else added).discard(element)
    elif event == "send":
        return {"payload": json.dumps([sorted(added), sorted(removed)])}
    elif event == "receive":
        for own, other in zip((added, removed), json.loads(request["payload"])):
            own.update(other)
    elif event == "read":
        return {"value": sorted(added - removed)}
    return {"ok": True}


for line in sys.stdin.buffer:
    request = json.loads(line)
    print(json.dumps({"seq": request["seq"], **reply(request)}), flush=True)
    if request["event"] == "stop":
        break
