"""Two replicas of an MVMap set and unset a key at one time and exchange their updates. Both must show the same."""

from crdts import MVMap, ScalarClock

left, right = (MVMap(clock=ScalarClock(uuid=b"of the map")) for _ in range(2))
set_by_left = left.set("key", 2)
unset_by_right = right.unset("key")
left.update(unset_by_right)
right.update(set_by_left)
print("left:", left.read(), "right:", right.read())
raise SystemExit(1 if left.read() != right.read() else 0)
