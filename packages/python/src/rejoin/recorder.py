"""Records what replicas did, as a trace that `oracle check` judges. Needs nothing but Python 3."""

import json


class Recorder:
    """Writes a trace to a text file: first its header, then one line for each event."""

    def __init__(self, out, **header):
        """The header says which `replicas` and `objects` there are."""
        self._out = out
        self._line(trace="rejoin/1", **header)

    def record(self, event, **fields):
        """Records one event, when it happens. Python keeps `from` for itself: write `from_`."""
        self._line(event=event, **{name.rstrip("_"): value for name, value in fields.items()})

    def _line(self, **fields):
        # A set becomes a list. NaN and infinity are no JSON, so they are refused.
        text = json.dumps(fields, default=list, allow_nan=False, separators=(",", ":"))
        self._out.write(text + "\n")
