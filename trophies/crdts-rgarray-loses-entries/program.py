"""Appends to RGArrays: one value twice, and by two replicas one value each. All entries must show."""

from crdts import RGArray, ScalarClock

alone = RGArray()
alone.append("x", "ann")
alone.append("x", "ann")
print("one replica:", alone.read())

ann, bob = (RGArray(clock=ScalarClock(uuid=b"of the array")) for _ in range(2))
of_ann, of_bob = ann.append("x", "ann"), bob.append("x", "bob")
ann.update(of_bob)
bob.update(of_ann)
print("two replicas:", ann.read(), bob.read())
raise SystemExit(0 if [len(array.read()) for array in (alone, ann, bob)] == [2, 2, 2] else 1)
