"""The table, from what the runner found (the same dictionary as the JSON file)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .peers import REFERENCES

Report = dict[str, Any]


def machine_line(report: Report) -> str:
    machine = report["machine"]
    lines = [
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}; one thread, "
        f"processor time; {report['seconds']:.0f} s in all",
        "; ".join(f"{peer} {version}" for peer, version in report["versions"].items()),
    ]
    lines += [f"{peer} is left out: {why}" for peer, why in report["absent"].items()]
    load, cores = machine["load"], machine["cores"] or 1
    if load and load > 0.5 * cores:
        lines.append(f"Other work is running here (load {load:.1f}): trust these figures less.")
    return "\n".join(lines)


def quantity(value: float, unit: str) -> str:
    if unit != "s":
        return f"{value:,.0f} {unit}"
    for scale, name in ((1e-6, "us"), (1e-3, "ms")):
        if value < 999.5 * scale:
            return f"{three_digits(value / scale)} {name}"
    return f"{three_digits(value)} s"


def three_digits(value: float) -> str:
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}" if value < 99.95 else f"{value:,.0f}"


def notes(entry: Report) -> str:
    found = []
    if "us_per_op" in entry:
        found.append(f"{three_digits(entry['us_per_op'])} us/op")
    if "objects" in entry:
        found.append(f"{entry['objects']:,} objects")
    return ", ".join(found)


def rows(report: Report, references: list[str]) -> Iterable[list[str]]:
    for name, workload in report["workloads"].items():
        for peer, entry in workload["peers"].items():
            cells = [name, peer]
            if "failed" in entry:
                yield [*cells, "-", *["-"] * (2 * len(references)), entry["failed"]]
                continue
            cells.append(quantity(entry["value"], entry["unit"]))
            for reference in references:
                ratio = entry.get("ratios", {}).get(reference)
                cells.append(three_digits(ratio["median"]) if ratio else "-")
                spread = (
                    f"{three_digits(ratio['low'])}-{three_digits(ratio['high'])}" if ratio else "-"
                )
                cells.append(spread if peer != reference else "-")
            yield [*cells, notes(entry)]


def table(report: Report) -> str:
    """In Markdown, aligned, so that it reads as plain text too."""
    references = [name for name in REFERENCES if name in report["versions"]]
    head = ["workload", "peer", "measured"]
    head += [text for name in references for text in (f"/ {name}", "quartiles")] + ["notes"]
    body = list(rows(report, references))
    widths = [max(len(row[i]) for row in [head, *body]) for i in range(len(head))]
    left = {0, 1, len(head) - 1}

    def line(cells: list[str]) -> str:
        padded = [
            text.ljust(width) if i in left else text.rjust(width)
            for i, (text, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    rule = ["-" * width if i in left else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
    lines = [line(head), line(rule), *map(line, body)]
    flat = flatness(report)
    return "\n".join(lines + (["", *flat] if flat else []))


def flatness(report: Report) -> list[str]:
    """Whether an operation costs the same in a long graph as in a short one."""
    workloads = report["workloads"]
    if not {"chain-1e3", "chain-1e5"} <= workloads.keys():
        return []
    short, long = (workloads[name]["peers"] for name in ("chain-1e3", "chain-1e5"))
    ratios = [
        f"{peer} {long[peer]['us_per_op'] / entry['us_per_op']:.2f}"
        for peer, entry in short.items()
        if "us_per_op" in entry and "us_per_op" in long.get(peer, {})
    ]
    return ["Time per operation, chain of 1e5 / chain of 1e3: " + ", ".join(ratios)]
