"""Records a meeting that conforms and one that does not, and asks for the verdict of each."""

import sys

from meeting import meeting
from rejoin import Recorder, check

for name, first, second in [("conforms", 1, 2), ("false", 2, 1)]:
    with open(f"{name}.jsonl", "w") as out:
        meeting(lambda **header: Recorder(out, **header), first, second)
    verdict = check(f"{name}.jsonl")
    print(verdict.text)
    if verdict.conforms != (name == "conforms") or (name == "false" and "or-set/value" not in verdict.text):
        sys.exit(f"{name}.jsonl has another verdict, with exit code {verdict.code}")
