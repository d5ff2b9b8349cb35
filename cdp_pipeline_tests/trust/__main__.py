"""`make trust`: run every proof of this folder at full scale, and write docs/trust.md.

What belongs here: the command line, which proofs there are, and in which order. What does not: a proof
(one module each, `measure`), and the words around the figures (page.py).

    python -m cdp_pipeline_tests.trust --out docs/trust.md
    python -m cdp_pipeline_tests.trust --quick --only erasure canary
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import gettempdir

from cdp_pipeline_tests.trust import page
from cdp_pipeline_tests.trust.figure import Figure

PROOFS = (
    "bad_input",
    "one_cell",
    "hostile",
    "faults",
    "kills",
    "readers",
    "determinism",
    "nights",
    "erasure",
    "canary",
    "permissions",
    "laws",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, write; returns 1 when a promise was broken, so that a schedule can watch it."""
    asked = _parser().parse_args(arguments)
    folder: Path = asked.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "figures.json"
    measured: dict[str, list[dict[str, object]]] = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
    for name in asked.only:
        started = time.monotonic()
        proof = importlib.import_module(f"cdp_pipeline_tests.trust.{name}")
        work = folder / name
        work.mkdir(exist_ok=True)
        figures: list[Figure] = proof.measure(work, not asked.quick)
        measured[name] = [asdict(figure) for figure in figures]
        kept.write_text(json.dumps(measured, indent=1), encoding="utf-8")
        print(f"{name}: {time.monotonic() - started:.0f} s", flush=True)
        for figure in figures:
            print(f"  {figure.promise}: {figure.tried:,} tried, {figure.broken:,} broken  {figure.words}", flush=True)
    figures_of = {name: [Figure(**row) for row in rows] for name, rows in measured.items()}  # type: ignore[arg-type]
    if asked.out:
        asked.out.write_text(page.render(figures_of), encoding="utf-8")
    return int(any(figure.broken for name in asked.only for figure in figures_of[name]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m cdp_pipeline_tests.trust", description="Measure what is promised.")
    parser.add_argument("--only", nargs="+", choices=PROOFS, default=list(PROOFS), help="which proofs")
    parser.add_argument("--quick", action="store_true", help="at the small scale of make test")
    parser.add_argument("--folder", type=Path, default=Path(gettempdir()) / "cdp-trust", help="where it works")
    parser.add_argument("--out", type=Path, help="page to write; kept figures of other proofs stay on it")
    return parser


if __name__ == "__main__":
    sys.exit(main())
