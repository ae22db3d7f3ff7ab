"""Tests that fail, each by what its name says."""

from meeting import meeting


def test_of_a_false_claim(rejoin_trace):
    meeting(rejoin_trace, 2, 1)


def test_of_a_trace_without_claims(rejoin_trace):
    rejoin_trace(replicas=["1"], objects={"tags": {"type": "or-set"}})


def test_of_no_possible_trace(rejoin_trace):
    trace = rejoin_trace(replicas=["1"], objects={"tags": {"type": "or-set"}})
    trace.record("receive", replica="1", message="never sent")


def test_of_its_own_assertion(rejoin_trace):
    meeting(rejoin_trace, 2, 1)
    assert 1 + 1 == 3
