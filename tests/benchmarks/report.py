"""Tables and the picture, from the JSON files of one run or several.

``python -m tests.benchmarks.report RUN.json ...`` prints the tables; of several runs, the median of each
figure.  ``--write PAGE`` puts them into a page of the documentation, ``--plot FILE`` draws them.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from .bars import BARS, Bar
from .peers import MINIGRAD, PEERS, RIVALS

Report = dict[str, Any]
MISSED, UNKNOWN = "**not met**", "not measured"
BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"


# ------------------------------------------------------------------------------- figures from runs


def entries(runs: Sequence[Report], workload: str, peer: str) -> list[Report]:
    """What the runs have of a peer on a workload."""
    found = (run["workloads"].get(workload, {"peers": {}})["peers"].get(peer) for run in runs)
    return [entry for entry in found if entry]


def value(runs: Sequence[Report], workload: str, peer: str) -> float | None:
    values = [e["value"] for e in entries(runs, workload, peer) if "value" in e]
    return statistics.median(values) if values else None


def ratio(runs: Sequence[Report], workload: str, peer: str, rival: str) -> Report | None:
    """Median over the runs of the ratio to a rival and of its quartiles."""
    found = [
        e["ratios"][rival] for e in entries(runs, workload, peer) if rival in e.get("ratios", {})
    ]
    if not found:
        return None
    return {key: statistics.median(one[key] for one in found) for key in ("median", "low", "high")}


def measured(runs: Sequence[Report], bar: Bar, peer: str) -> float | None:
    """The figure that is held to a bar."""
    if not bar.against:
        return value(runs, bar.workload, peer)
    found = ratio(runs, bar.workload, peer, bar.against)
    return found["median"] if found else None


def workloads(runs: Sequence[Report]) -> dict[str, Report]:
    return {name: about for run in runs for name, about in run["workloads"].items()}


def verdict(runs: Sequence[Report], bar: Bar) -> str:
    """Whether a bar is met, and which settings it takes."""
    figures = {peer: measured(runs, bar, peer) for peer in MINIGRAD}
    meeting = [peer for peer, found in figures.items() if reaches(found, bar.at_most)]
    if not any(found is not None for found in figures.values()):
        return UNKNOWN
    if not meeting:
        return MISSED
    words = [("met", meeting[0])]
    words += [("moonshot", p) for p in meeting if is_moonshot(bar, figures[p])][:1]
    return "; ".join(", ".join(filter(None, (word, settings(peer)))) for word, peer in words)


def settings(peer: str) -> str:
    """The last part of minigrad-tuned; nothing for the defaults."""
    return peer.removeprefix("minigrad").removeprefix("-")


def is_moonshot(bar: Bar, figure: float | None) -> bool:
    return bar.moonshot is not None and reaches(figure, bar.moonshot)


def reaches(figure: float | None, goal: float) -> bool:
    """Whether a figure is at most so large, as it is shown: with two decimals."""
    return figure is not None and round(figure, 2) <= goal


# ------------------------------------------------------------------------------------------ tables


def machine_lines(runs: Sequence[Report]) -> list[str]:
    machine = runs[-1]["machine"]
    seconds = statistics.median(run["seconds"] for run in runs)
    versions = {name: found for run in runs for name, found in run["versions"].items()}
    of_modules = {PEERS[name].module: found for name, found in versions.items()}
    lines = [
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}; one thread, "
        f"processor time; {f'median of {len(runs)} runs of' if len(runs) > 1 else 'one run of'} "
        f"{seconds:.0f} s",
        "; ".join(f"{module} {version}" for module, version in of_modules.items()),
    ]
    if kernels := machine.get("kernels"):
        lines.append(f"set in the shell: {', '.join(map('='.join, kernels.items()))}")
    absent = {name: why for run in runs for name, why in run["absent"].items()}
    lines += [f"{peer} is left out: {why}" for peer, why in absent.items()]
    load = max((run["machine"]["load"] or 0) for run in runs)
    if load > 0.5 * (machine["cores"] or 1):
        lines.append(f"Other work was running here (load {load:.1f}): trust these figures less.")
    return lines


def quantity(value: float, unit: str) -> str:
    if unit == "KB":
        return f"{value:,.0f} KB" if value < 9999.5 else f"{value / 1024:,.0f} MB"
    if unit != "s":
        return three_digits(value)
    for scale, name in ((1e-6, "us"), (1e-3, "ms")):
        if value < 999.5 * scale:
            return f"{three_digits(value / scale)} {name}"
    return f"{three_digits(value)} s"


def three_digits(value: float) -> str:
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}" if value < 99.95 else f"{value:,.0f}"


def markdown(head: list[str], body: Iterable[list[str]], left: set[int]) -> str:
    """In Markdown, aligned, so that it reads as plain text too; columns but those `left` are numbers."""
    rows = [head, *body]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]

    def line(cells: list[str]) -> str:
        padded = [
            text.ljust(width) if i in left else text.rjust(width)
            for i, (text, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    rule = ["-" * width if i in left else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
    return "\n".join([line(head), line(rule), *map(line, rows[1:])])


def modes(runs: Sequence[Report]) -> list[str]:
    return [peer for peer in MINIGRAD if any(peer in run["versions"] for run in runs)]


def bars_table(runs: Sequence[Report]) -> str:
    """Each bar beside what was measured: the ratio to the peer, with quartiles over rounds."""
    columns = modes(runs)
    body = []
    for bar in BARS:
        if bar.workload not in workloads(runs):
            continue
        cells = [bar.workload, bar.against or "itself", limit(bar)]
        body.append([*cells, *(bar_cell(runs, bar, peer) for peer in columns), verdict(runs, bar)])
    head = ["workload", "against", "at most (moonshot)", *columns, "the bar is"]
    return markdown(head, body, left={0, 1, len(head) - 1})


def limit(bar: Bar) -> str:
    if bar.workload == "memory-growth":
        return f"{bar.at_most:g} KB ({bar.moonshot:g})"
    return f"{bar.at_most:.2f}" + (f" ({bar.moonshot:.2f})" if bar.moonshot else "")


def bar_cell(runs: Sequence[Report], bar: Bar, peer: str) -> str:
    if not bar.against:
        found = value(runs, bar.workload, peer)
        unit = workloads(runs)[bar.workload]["unit"]
        return "-" if found is None else quantity(found, unit)
    ratios = ratio(runs, bar.workload, peer, bar.against)
    if ratios is None:
        return "-"
    low, middle, high = (three_digits(ratios[key]) for key in ("low", "median", "high"))
    return f"{middle} ({low}-{high})"


def peers_table(runs: Sequence[Report]) -> str:
    """minigrad's time on every workload, and that divided by every other peer's.

    With other settings than the defaults only where they make a difference.
    """
    rivals = [peer for peer in RIVALS if any(peer in run["versions"] for run in runs)]
    body = []
    for name, about in workloads(runs).items():
        for peer in modes(runs):
            found = value(runs, name, peer)
            usual = value(runs, name, "minigrad")
            if found is None or (peer != "minigrad" and usual and found > 0.9 * usual):
                continue
            cells = [name, settings(peer) or "default", quantity(found, about["unit"])]
            if "us_per_op" in about["peers"].get(peer, {}):
                cells[2] += f" ({three_digits(found / operations(about, peer) * 1e6)} us/op)"
            ratios = (ratio(runs, name, peer, rival) for rival in rivals)
            body.append([*cells, *(three_digits(r["median"]) if r else "-" for r in ratios)])
    head = ["workload", "settings", "minigrad", *(f"/ {rival}" for rival in rivals)]
    return markdown(head, body, left={0, 1})


def operations(about: Report, peer: str) -> float:
    entry = about["peers"][peer]
    return float(entry["value"] / entry["us_per_op"] * 1e6)


def notes(runs: Sequence[Report]) -> list[str]:
    """Who was left out of what, and how peers were used."""
    lines = []
    for peer in PEERS.values():
        if not any(peer.name in run["versions"] for run in runs):
            continue
        said = [peer.remark] if peer.remark else []
        for why in dict.fromkeys(peer.why_not.values()):
            names = [name for name, reason in peer.why_not.items() if reason == why]
            said.append(f"not on {', '.join(names)}: {why}")
        if said:
            lines.append(f"- {peer.name}: {'; '.join(said)}.")
    for name in workloads(runs):
        for peer in PEERS:
            why = next((e["failed"] for e in entries(runs, name, peer) if "failed" in e), "")
            if why:
                lines.append(f"- {peer} failed on {name}: {why}.")
    return lines


def summary(runs: Sequence[Report]) -> str:
    verdicts = {bar: verdict(runs, bar) for bar in BARS}
    verdicts = {bar: said for bar, said in verdicts.items() if said != UNKNOWN}
    met = [bar for bar, said in verdicts.items() if said.startswith("met")]
    missed = [
        f"{bar.workload} against {bar.against or 'itself'}"
        for bar, said in verdicts.items()
        if said == MISSED
    ]
    text = f"{len(met)} of {len(verdicts)} bars are met"
    return f"{text}; not met: {', '.join(missed)}." if missed else f"{text}."


def tables(runs: Sequence[Report]) -> str:
    parts = [bars_table(runs), summary(runs), peers_table(runs), "\n".join(notes(runs))]
    return "\n\n".join(part for part in parts if part)


# --------------------------------------------------------------------------------------- the picture


MARKS = {
    "numpy": "o",
    "torch": "s",
    "torch-fused": "D",
    "jax": "^",
    "autograd": "v",
    "mygrad": "<",
    "dezero": ">",
    "micrograd": "*",
}


def plot(runs: Sequence[Report], file: Path) -> None:
    """Draw minigrad's time divided by each peer's: full marks for its defaults, hollow ones after settings."""
    from minigrad.viz.plots.style import BLUE, GREEN, PURPLE, VERMILION, blank_figure

    colours = {"numpy": BLUE, "torch": VERMILION, "torch-fused": VERMILION, "jax": GREEN}
    names = [name for name in workloads(runs) if ratios_of(runs, name, "minigrad")]
    figure = blank_figure(8, 0.34 * len(names) + 1.4)
    axes = figure.subplots()
    for rival, mark in MARKS.items():
        colour = colours.get(rival, PURPLE)
        for peer in modes(runs):
            points = [
                (found[rival], row)
                for row, name in enumerate(names)
                if rival in (found := ratios_of(runs, name, peer))
            ]
            if points:
                full = peer == "minigrad"
                style = {"label": rival} if full else {"markerfacecolor": "none"}
                axes.plot(*zip(*points, strict=True), mark, color=colour, clip_on=True, **style)
        for bar in BARS:
            if bar.against == rival and bar.workload in names:
                row = names.index(bar.workload)
                axes.plot([bar.at_most] * 2, [row - 0.35, row + 0.35], color=colour, linewidth=2)
    axes.axvline(1, color="black", linewidth=0.8)
    ticks = (0.03, 0.1, 0.3, 1, 3, 10, 30, 100)
    axes.set(
        title="Time of minigrad / time of a peer",
        xlabel="ratio, logarithmic scale: left of 1 minigrad is faster",
        xscale="log",
        xlim=(0.025, 110),
        xticks=ticks,
        yticks=range(len(names)),
        yticklabels=names,
    )
    axes.set_xticklabels([f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.invert_yaxis()
    axes.grid(axis="x", color="0.88")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)
    figure.savefig(file, dpi=120)


def ratios_of(runs: Sequence[Report], workload: str, peer: str) -> dict[str, float]:
    found = {rival: ratio(runs, workload, peer, rival) for rival in RIVALS}
    return {rival: one["median"] for rival, one in found.items() if one}


def write_into(page: Path, runs: Sequence[Report]) -> None:
    """Replace what stands between the two markers of a page."""
    before, marker, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not marker or not end:
        raise SystemExit(f"{page} has no {BEGIN} and {END}")
    machine = "  \n".join(machine_lines(runs))
    page.write_text(
        f"{before}{BEGIN}\n\n{machine}\n\n{tables(runs)}\n\n{END}{after}", encoding="utf-8"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.report", description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path, help="JSON files of `--json`")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the tables into this page")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the picture (matplotlib)")
    chosen = parser.parse_args()
    runs = [json.loads(file.read_text(encoding="utf-8")) for file in chosen.runs]
    if chosen.write:
        write_into(chosen.write, runs)
    if chosen.plot:
        plot(runs, chosen.plot)
    if not chosen.write and not chosen.plot:
        print("\n".join(machine_lines(runs)), tables(runs), sep="\n\n")


if __name__ == "__main__":
    main()
