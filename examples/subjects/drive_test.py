"""Runs `oracle drive` as a test: copy this beside your adapter, and name it in SUBJECT.

    pytest drive_test.py

ORACLE names the oracle where it is not on the path; DRIVE_CASES says how many cases to perform.
"""

import os
import pathlib
import subprocess
import sys

FOLDER = pathlib.Path(__file__).parent
SUBJECT = [sys.executable, str(FOLDER / "subject.py")]


def drive(subject, trace, seed=1, cases=300):
    """What `oracle drive` says of a subject: its exit code and its text."""
    oracle = os.environ.get("ORACLE", "oracle")
    cases = os.environ.get("DRIVE_CASES", cases)
    command = [oracle, "drive", "--seed", str(seed), "--cases", str(cases), "--out", str(trace), "--", *subject]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_it_conforms(tmp_path):
    code, said = drive(SUBJECT, tmp_path / "failing-history.jsonl")
    assert code == 0, said


def test_a_bug_is_found(tmp_path):  # So that a green test means something.
    trace = tmp_path / "failing-history.jsonl"
    code, said = drive([sys.executable, str(FOLDER / "broken.py")], trace)
    assert code == 1 and trace.exists(), said
