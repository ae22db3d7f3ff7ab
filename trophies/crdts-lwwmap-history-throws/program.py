"""A replica of an LWWMap unsets a key that it does not have; another one has set it, and applies the first one's history."""

from crdts import LWWMap, ScalarClock

ann, bob = (LWWMap(clock=ScalarClock(uuid=b"of the map")) for _ in range(2))
ann.unset("key", "ann")
bob.set("key", 1, "bob")
print("the history:", ann.history())
try:
    for update in ann.history():
        bob.update(update)
except TypeError as error:
    print("TypeError:", error)
    raise SystemExit(1)
