"""Two replicas of an FIArray put their first items at one time; then one of them puts an item between the two."""

from crdts import FIArray, ScalarClock

ann, bob = (FIArray(clock=ScalarClock(uuid=b"of the array")) for _ in range(2))
of_ann = ann.put_first("a", "ann")
bob.put_first("c", "bob")
bob.update(of_ann)
print("before:", bob.read())
first, second = bob.read_full()
bob.put_between("d", "bob", first, second)
print("d is put between the two:", bob.read())
raise SystemExit(0 if bob.read()[1] == "d" else 1)
