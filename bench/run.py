"""Runs every question and writes down what came out: `python -m bench [--quick] [--only NAME]`.

Each question runs in processes of its own, with the compiled core and with the pure one; what
others offer is measured between them. Figures and ratios go to the screen as Markdown, and to a
file as JSON.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]  # measured is what lies here

from bench.measure import Figure, Limit, Ratio, machine, meets  # noqa: E402
from tradepit import _fast_core  # noqa: E402

QUESTIONS: Final = (
    "kernel", "apply", "futures", "rest", "fanout", "reports", "journal", "snapshots", "month",
)  # fmt: skip
OUT: Final = ROOT / "build" / "bench.json"


def part(name: str, core: str, quick: bool) -> list[Figure]:
    """One question, by one core or (core "") of the others, in a process of its own."""
    search = os.pathsep.join([str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")])
    environ = {**os.environ, "PYTHONPATH": search, "TRADEPIT_PURE": "1" if core == "pure" else ""}
    call = "measure" if core else "measure_peers"
    done = subprocess.run(
        [sys.executable, "-m", "bench.run", "--part", name, call, *["--quick"] * quick],
        env=environ, stdout=subprocess.PIPE, check=True, cwd=ROOT,
    )  # fmt: skip
    return [Figure(*row) for row in json.loads(done.stdout)]


def ask(names: Iterable[str], quick: bool) -> tuple[list[Figure], list[str]]:
    """(all figures, which parts failed)"""
    figures: list[Figure] = []
    failed: list[str] = []
    cores = ["compiled", "", "pure"]
    if not _fast_core.folder().is_dir():
        print("There is no compiled core (`make fast`): the pure one is measured.", file=sys.stderr)
        cores.remove("compiled")
    for name in names:
        question = importlib.import_module(f"bench.{name}")
        for core in cores:
            if core or hasattr(question, "measure_peers"):
                print(f"{name}: {core or 'others'} …", file=sys.stderr, flush=True)
                started = time.monotonic()
                try:
                    figures += part(name, core, quick)
                except subprocess.CalledProcessError:  # it told why itself
                    failed.append(f"{name}: {core or 'others'}")
                print(f"  {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return figures, failed


def ratios(names: Iterable[str], figures: list[Figure]) -> list[dict[str, Any]]:
    """Every ratio and every figure with a target whose parts were measured."""
    values = {figure.key: figure for figure in figures}
    rows = []
    for name in names:
        question = importlib.import_module(f"bench.{name}")
        ratio: Ratio
        for ratio in question.RATIOS:
            if ratio.over in values and ratio.under in values:
                found = values[ratio.over].value / values[ratio.under].value
                rows.append(_row(name, ratio.words, found, "x", ratio.target))
        limit: Limit
        for limit in question.LIMITS if hasattr(question, "LIMITS") else ():
            if limit.key in values:
                figure = values[limit.key]
                core = limit.key.partition(".")[0]
                rows.append(
                    _row(name, f"{figure.words}, {core}", figure.value, figure.unit, limit.target)
                )
    return rows


def _row(name: str, words: str, value: float, unit: str, target: str) -> dict[str, Any]:
    reached = meets(value, target) if target else None
    return {
        "question": name, "words": words, "value": value, "unit": unit, "target": target,
        "reached": reached,
    }  # fmt: skip


def markdown(result: dict[str, Any]) -> str:
    about = result["machine"]
    lines = [
        f"{about['date']}, {about['processor']}, {about['cores']} cores, {about['system']}, "
        f"Python {about['python']}; load before {about['load']}.", "",
        "| | measured | target | |", "|---|---|---|---|",
    ]  # fmt: skip
    for row in result["ratios"]:
        reached = {True: "reached", False: "missed", None: ""}[row["reached"]]
        lines.append(
            f"| {row['words']} | {number(row['value'])} {row['unit']} | {row['target']} "
            f"| {reached} |"
        )
    lines += [f"\nFailed: {part}" for part in result["failed"]]
    lines += ["", "| figure | what | measured |", "|---|---|---|"]
    for key, words, value, unit in result["figures"]:
        lines.append(f"| {key} | {words} | {number(value)} {unit} |")
    return "\n".join(lines)


def number(value: float) -> str:
    """Three digits of what counts."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller and less exact")
    parser.add_argument("--only", choices=QUESTIONS, action="append", help="one question")
    parser.add_argument("--json", type=Path, default=OUT, help="where the result goes")
    parser.add_argument("--part", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        name, call = options.part
        figures = getattr(importlib.import_module(f"bench.{name}"), call)(options.quick)
        print(json.dumps(figures))
        return
    names = options.only or QUESTIONS
    about = {**machine(), "date": time.strftime("%Y-%m-%d"), "quick": options.quick}
    figures, failed = ask(names, options.quick)
    result = {
        "machine": about, "ratios": ratios(names, figures), "figures": figures, "failed": failed,
    }  # fmt: skip
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(result, indent=1))
    print(markdown(result))
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
