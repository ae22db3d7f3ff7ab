from last import Last
from recorder import Recorder

last = Last(20)
trace = Recorder(last, replicas=["a", "b"], objects={"n": {"type": "g-counter"}})
shares = {"a": 0}
for hour in range(10):
    if hour > 0:
        last.base()
        for name in ["a", "b"]:
            trace.record("load", replica=name, object="n", state=shares)
    for minute in range(3):
        trace.record("op", replica="a", object="n", op="increment")
        shares["a"] += 1
        trace.record("sync", replicas=["a", "b"])
    trace.record("read", replica="b", object="n", value=shares["a"])
trace.record("read", replica="b", object="n", value=shares["a"] - 1)
with open("trace.jsonl", "w") as out:
    last.dump(out)
