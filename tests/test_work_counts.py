"""A coarse guard on speed without a clock: how much work a few steps may make.

The bounds stand a little above what is counted today (``python tests/tools/count_work.py`` prints it, and says
what the columns are).  Lower them when it gets better; raise one only with a reason.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).with_name("tools") / "count_work.py"

AT_MOST = {
    "tiny step": {"arrays": 56, "calls": 280, "kept": 17_000, "peak": 40_000},
    "mlp-bn step": {"arrays": 174, "calls": 626, "kept": 175_000, "peak": 520_000},
    "chain of 100": {"arrays": 8, "calls": 560, "kept": 16_000, "peak": 29_000},
    "adam step": {"arrays": 260, "calls": 630, "kept": 1_000, "peak": 4_000},
}
GROWN = 16_000  # in a hundred steps: Python keeps some freed tuples of each size for later


@pytest.fixture(scope="module")
def counts():
    if sys.platform == "win32" or sys.implementation.name != "cpython":
        pytest.skip("the counting allocator needs CPython and a C library under a known name")
    done = subprocess.run([sys.executable, str(TOOL)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("case", "what", "bound"),
    [(case, what, bound) for case, bounds in AT_MOST.items() for what, bound in bounds.items()],
)
def test_a_step_makes_no_more_work_than_it_did(counts, case, what, bound):
    assert counts[case][what] <= bound, f"{what} of a {case}: look for what is new, see {TOOL.name}"


@pytest.mark.parametrize("case", AT_MOST)
def test_steps_leave_nothing_behind(counts, case):
    assert counts[case]["grown"] <= GROWN


def test_an_update_keeps_no_memory_whatever_the_size_of_the_parameters(counts):
    """The parameters of that step have four million bytes; its buffers were made in the first step."""
    assert counts["adam step"]["peak"] < 0.001 * 4_000_000


def test_every_case_is_counted(counts):
    assert counts.keys() == AT_MOST.keys()
    for case, found in counts.items():
        assert all(isinstance(number, int) for number in found.values()), case
        assert found["calls"] > 3, f"{case}: nothing ran"
    assert counts["tiny step"]["kept"] > 2 * 100 * 16 * 4, "two layers' outputs are kept"
    assert counts["mlp-bn step"]["arrays"] > 20, "the allocator does not count"
