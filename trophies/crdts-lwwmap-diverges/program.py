"""Two replicas of an LWWMap set and unset a key at one time and exchange their updates. Both must show the same."""

from crdts import LWWMap, ScalarClock

left, right = (LWWMap(clock=ScalarClock(uuid=b"of the map")) for _ in range(2))
set_by_left = left.set("key", 2, "left")
unset_by_right = right.unset("key", "right")
left.update(unset_by_right)
right.update(set_by_left)
print("left:", left.read(), "right:", right.read())
raise SystemExit(1 if left.read() != right.read() else 0)
