"""Keeps the last events of a trace in memory, for when something has gone wrong. Needs nothing."""


class Last:
    """A file for a `Recorder`, with the last events: at least `most` once there were so many."""

    def __init__(self, most):
        self._most, self._header, self._parts = most, None, [[]]

    def write(self, line):
        if self._header is None:
            self._header = line
        else:
            self._parts[-1].append(line)

    def base(self):
        """Call it where no message is under way; then record a `load` of each state. What is older
        than the last events is forgotten."""
        self._parts.append([])
        while sum(map(len, self._parts[1:])) >= self._most:
            del self._parts[0]

    def dump(self, out):
        """Writes the trace: the oldest base that is kept, and all events since."""
        later = (line for part in self._parts[1:] for line in part)
        later = (line for line in later if not line.startswith('{"event":"load"'))
        out.writelines([self._header, *self._parts[0], *later])
