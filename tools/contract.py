"""Makes the contract's compact files from the full documents, and keeps them current.

    python tools/contract.py facts SPEC   tests/fixtures/contract.tsv and errors.tsv from the
                                          catalog in the folder SPEC (catalog/*.json, errors.json)
    python tools/contract.py refresh      src/tradepit/catalog/unserved.tsv (the contract without
                                          what is declared by now), docs/reference and docs/clients

Run `refresh` after declaring an operation.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tradepit.catalog import publish, unserved
from tradepit.web import recipes

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "tests" / "fixtures"
CONTRACT = FIXTURES / "contract.tsv"
ERRORS = FIXTURES / "errors.tsv"
UNSERVED = ROOT / "src" / "tradepit" / "catalog" / "unserved.tsv"


def main(arguments: list[str]) -> int:
    match arguments:
        case ["facts", spec]:
            write_facts(Path(spec))
        case ["refresh"]:
            write_unserved()
            publish.write_pages(ROOT / "docs" / "reference")
            recipes.write_pages(ROOT / "docs" / "clients")
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


def write_facts(spec: Path) -> None:
    """The fixtures of facts: one line an operation, one line an error code."""
    lines = [unserved.HEADER + "\tsecurity\tsigned\tweight\tparams"]
    for path in sorted((spec / "catalog").glob("*.json")):
        if path.name != "sbe-types.json":  # tables of types, no operations
            lines += [contract_line(row) for row in json.loads(path.read_text())]
    CONTRACT.write_text("\n".join(lines) + "\n")
    codes = json.loads((spec / "errors.json").read_text())["codes"]
    lines = ["code\tvenues\tname"]
    for code, facts in sorted(codes.items(), key=lambda item: -int(item[0])):
        venues = facts["venues"]
        name = next((venue["name"] for venue in venues.values() if venue.get("name")), "")
        lines.append(f"{code}\t{' '.join(venues)}\t{name}")
    ERRORS.write_text("\n".join(lines) + "\n")


def contract_line(row: dict[str, Any]) -> str:
    """The facts of one operation: those of unserved.tsv, then what tests compare."""
    params = [param["name"] + ("!" if param["required"] else "") for param in row["params"]]
    facts = (
        row["id"],
        row["transport"],
        row["method"],
        row["path"],
        row["title"],
        "2024-09" if row["in_seed_era"] else "",
        "retired" if row["retired"] else "",
        row["security"],
        "signed" if row["signed"] else "",
        weight_words(row["weight"]),
        " ".join(dict.fromkeys(params)),
    )
    return "\t".join(" ".join(str(fact).split()) for fact in facts)


def weight_words(weight: Any) -> str:
    """An operation's weight in a word; what depends on the request is `*`."""
    if weight is None or isinstance(weight, int):
        return "" if weight is None else str(weight)
    value = weight.get("value")
    scope = weight.get("scope", "IP")
    return f"{'*' if value is None else value}{' UID' if scope == 'UID' else ''}"


def write_unserved() -> None:
    """unserved.tsv anew: the contract's rows without those that are declared."""
    publish.load()
    served = unserved.served_keys()
    lines = [unserved.HEADER]
    for line in CONTRACT.read_text().splitlines()[1:]:
        row = unserved.row_of(line)
        if not unserved.is_served(row, served):
            lines.append("\t".join(line.split("\t")[: len(unserved.Row._fields)]))
    UNSERVED.write_text("\n".join(lines) + "\n")
    unserved.rows.cache_clear()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
