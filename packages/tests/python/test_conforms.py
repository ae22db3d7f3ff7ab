"""Tests that pass."""

import pytest

from meeting import meeting


def test_the_greater_id_keeps_its_addition(rejoin_trace):
    meeting(rejoin_trace, 1, 2)


def test_two_recorders_in_one_test(rejoin_trace):
    meeting(rejoin_trace, 1, 2)
    meeting(rejoin_trace, 3, 4)


@pytest.mark.parametrize("second", [2, 3])
def test_names_with_parameters(rejoin_trace, second):
    meeting(rejoin_trace, 1, second)


def test_without_a_trace():
    assert True
