"""The benchmarks still run, and their verdicts say what was measured; no times here."""

import importlib.util

import numpy as np
import pytest
from benchmarks.bars import BARS, Bar
from benchmarks.peers import MINIGRAD, PEERS
from benchmarks.report import BEGIN, END, machine_lines, tables, verdict, write_into
from benchmarks.run import PeerError, difference, machine
from benchmarks.workloads import BY_NAME, WORKLOADS

LONG = ("chain-1e5", "chain-1e6", "scalar-mlp", "wide-mlp", "elementwise", "adam-1e7")


def results(peer, workload, inputs):
    case = PEERS[peer].cases()[workload.built_by](inputs)
    losses = [case.step() for _ in range(workload.check_steps)]
    return {"losses": np.array(losses), **case.state()}


@pytest.mark.parametrize(
    "workload",
    [w for w in WORKLOADS if w.measure == "time" and w.name not in LONG],
    ids=lambda workload: workload.name,
)
def test_numpy_and_minigrad_agree(workload):
    inputs = workload.inputs()
    expected = results("numpy", workload, inputs)
    difference(workload, results("minigrad", workload, inputs), expected)
    spoilt = expected | {"losses": expected["losses"] + 1}
    with pytest.raises(PeerError, match="losses is off by"):
        difference(workload, spoilt, expected)


def test_lists_fit_together():
    assert len(BY_NAME) == len(WORKLOADS)
    for bar in BARS:
        workload = BY_NAME[bar.workload]
        assert PEERS["minigrad"].takes_part(workload)
        assert not bar.against or PEERS[bar.against].takes_part(workload)
    for peer in PEERS.values():
        assert any(peer.takes_part(workload) for workload in WORKLOADS), peer.name
        assert importlib.util.find_spec(f"benchmarks.{peer.written_in}"), peer.name


def run(ratio, tuned):
    """What a run of one workload leaves."""
    peers = {"numpy": {"value": 1e-3}}
    for name, found in zip(MINIGRAD[:2], (ratio, tuned), strict=True):
        if found is not None:
            ratios = {"numpy": {"median": found, "low": 0.9 * found, "high": 1.1 * found}}
            peers[name] = {"value": found * 1e-3, "ratios": ratios}
    return {
        "machine": {"processor": "a processor", "cores": 2, "system": "Linux", "load": 0.1},
        "seconds": 100,
        "versions": dict.fromkeys(peers, "1.0"),
        "absent": {},
        "workloads": {"tiny-mlp": {"unit": "s", "peers": peers}},
    }


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ((0.5, 0.5), "met; moonshot"),
        ((0.7, 0.6), "met; moonshot, tuned"),
        ((0.9, 0.6), "met, tuned; moonshot, tuned"),
        ((0.804, 0.9), "met"),
        ((0.9, 0.9), "**not met**"),
    ],
)
def test_verdicts(figures, words):
    assert verdict([run(*figures)], Bar("tiny-mlp", "numpy", 0.80, 0.65)) == words


def test_tables_show_medians_of_runs_and_go_into_a_page(tmp_path):
    runs = [run(0.70, 0.9), run(0.79, 0.9), run(2.0, 0.9)]
    text = tables(runs)
    assert "0.79 (0.71-0.87)" in text and "790 us" in text
    assert "1 of 1 bars are met." in text and "not measured" in text  # there is no torch
    page = tmp_path / "page.md"
    page.write_text(f"before\n\n{BEGIN}\nold\n{END}\n\nafter\n")
    for _ in range(2):
        write_into(page, runs)
        found = page.read_text()
        assert found.startswith(f"before\n\n{BEGIN}\n\na processor, 2 cores") and "old" not in found
        assert text in found and found.endswith(f"{END}\n\nafter\n")
    with pytest.raises(SystemExit, match="has no"):
        page.write_text("no markers")
        write_into(page, runs)


def test_a_page_says_which_kernels_the_shell_has_chosen(monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")  # each peer has one, whatever the shell says
    chosen = machine()["kernels"]
    assert chosen["OPENBLAS_CORETYPE"] == "Haswell" and "OPENBLAS_NUM_THREADS" not in chosen
    found = run(0.7, 0.9)
    found["machine"]["kernels"] = {"OPENBLAS_CORETYPE": "Haswell", "OPENBLAS_L2_SIZE": "512"}
    said = "set in the shell: OPENBLAS_CORETYPE=Haswell, OPENBLAS_L2_SIZE=512"
    assert said in machine_lines([found])
