"""Applies the same three updates of one writer in every order. Each order must give the same list."""

from itertools import permutations

from pycrdt import Array, Doc, Map

writer = Doc(client_id=1)
entries, settings = writer.get("entries", type=Array), writer.get("settings", type=Map)
updates = []
subscription = writer.observe(lambda event: updates.append(event.update))
entries.append("first")
entries.append("second")
settings["key"] = 1

differs = False
for order in permutations(range(3)):
    reader = Doc(client_id=2)
    shown = reader.get("entries", type=Array)
    for at in order:
        reader.apply_update(updates[at])
    result = shown.to_py()
    differs |= result != ["first", "second"]
    print(" ".join(str(at + 1) for at in order), result)
raise SystemExit(1 if differs else 0)
