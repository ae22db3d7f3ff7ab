import sys

from recorder import Recorder

trace = Recorder(
    open("trace.jsonl", "w", buffering=1),
    replicas=["laptop", "server"],
    objects={
        "approved": {"type": "or-set", "priority": "high"},
        "columns": {"type": "lww-map"},
        "processed": {"type": "g-counter"},
    },
)

trace.record("op", replica="laptop", object="approved", op="add", element="mapping_A")
trace.record("send", replica="laptop", message="m1", to="server")
trace.record("receive", replica="server", message="m1")
trace.record("read", replica="server", object="approved", value={"mapping_A"})

try:
    trace.record("note", text=float("nan"))
    sys.exit("NaN was recorded")
except ValueError:
    pass
trace.record("note", text='Größe 寸 "quoted" \\ \0\u2028 😀')
amount = 2**53 + 1
trace.record("op", replica="server", object="processed", op="increment", amount=amount)
put = {"replica": "server", "object": "columns", "op": "put", "timestamp": 1706789400000}
trace.record("op", **put, key="a", value={"nested": [None, True, -1.5, {}]})
trace.record("op", **put, key="b", value=None)
trace.record("merge", replica="laptop", from_="server", objects=["columns"])
trace.record("sync", replicas=["laptop", "server"])
trace.record("read", replica="laptop", object="processed", value=amount)
columns = {"a": {"nested": [None, True, -1.5, {}]}}
trace.record("read", replica="laptop", object="columns", value=columns)
trace.record("read", replica="laptop", object="columns", key="b", value=None)
trace.record("vector", replica="server", vector={"laptop": 1, "server": 3})
trace.record("converged", replicas=["server", "laptop"], **{"x-after": "sync"})
