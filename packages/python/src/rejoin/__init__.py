"""Records what replicas did, and asks the oracle whether their answers are right.

`Recorder` writes a trace, `Last` keeps the last events of one, `check` judges a trace. The pytest plugin is in
`rejoin.pytest_plugin`.
"""

from .last import Last
from .oracle import Verdict, check, find
from .recorder import Recorder

__all__ = ["Last", "Recorder", "Verdict", "check", "find"]
