"""For pytest: the fixture `rejoin_trace` makes recorders, and the oracle judges what they recorded when the test ends."""

import itertools
import re
from pathlib import Path
from typing import Any, TextIO

import pytest

from .oracle import check
from .recorder import Recorder


class Traces:
    """Makes the recorders of one test."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._open: list[tuple[Path, TextIO]] = []

    def __call__(self, **header: Any) -> Recorder:
        """A recorder. The header says which `replicas` and `objects` there are."""
        number = f"-{len(self._open) + 1}" if self._open else ""
        path = self._folder / f"{self._name}{number}.jsonl"
        # Line by line, so that a test that kills its process leaves what it recorded.
        out = path.open("w", buffering=1, encoding="utf-8")
        self._open.append((path, out))
        return Recorder(out, **header)

    def judge(self) -> list[str]:
        """Ends the recordings, and says of each that does not conform why it does not."""
        false = []
        for path, out in self._open:
            out.close()
            verdict = check(path)
            if not verdict.conforms:
                false.append(verdict.text)
        return false


TRACES = pytest.StashKey[Traces]()
# The names of traces that a run has given.
NAMES = pytest.StashKey[set[str]]()


def name_of(request: pytest.FixtureRequest) -> str:
    """A file name for the test, which no other test of this run has."""
    # Names of files have at most 255 bytes.
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", request.node.nodeid)[-200:]
    names = request.config.stash.setdefault(NAMES, set())
    numbered = (f"{name}.{number}" for number in itertools.count(2))
    free = next(free for free in itertools.chain([name], numbered) if free not in names)
    names.add(free)
    return free


def pytest_addoption(parser: pytest.Parser) -> None:
    help = "the folder that keeps the traces of the fixture rejoin_trace"
    parser.getgroup("rejoin").addoption("--rejoin-traces", metavar="FOLDER", help=help)
    parser.addini("rejoin_traces", help)


@pytest.fixture
def rejoin_trace(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Traces:
    """Makes recorders: `trace = rejoin_trace(replicas=…, objects=…)`. The oracle judges each when the test ends."""
    config = request.config
    if asked := config.getoption("--rejoin-traces"):
        folder = config.invocation_params.dir / asked
    elif asked := config.getini("rejoin_traces"):
        folder = config.rootpath / asked
    else:
        folder = tmp_path_factory.mktemp("rejoin")
    folder.mkdir(parents=True, exist_ok=True)
    traces = Traces(folder, name_of(request))
    request.node.stash[TRACES] = traces
    return traces


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item):
    # Not at the fixture's end: pytest takes what fails there for an error beside a test that passed.
    try:
        result = yield
    except BaseException:
        # The test has failed by itself; the verdict may say why.
        if traces := item.stash.get(TRACES, None):
            for text in traces.judge():
                item.add_report_section("call", "oracle", text)
        raise
    if traces := item.stash.get(TRACES, None):
        if false := traces.judge():
            pytest.fail("\n".join(false), pytrace=False)
    return result
