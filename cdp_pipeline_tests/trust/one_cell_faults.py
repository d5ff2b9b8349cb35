"""Old faults put back by hand: how many changed cells it takes until the one-cell law sees them.

What belongs here: the faults as texts to replace in a copy of the product, and counting. What does not: the law
(one_cell.py). A fault whose text is not found any more is an error: it has to be written anew.

    python -m cdp_pipeline_tests.trust.one_cell_faults [--only NAME …] [--tries 1300]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cdp_pipeline_tests.trust.one_cell import LAWS, NotValidError, copies, judge_all
from cdp_pipeline_tests.trust.one_cell_erased import returned
from cdp_pipeline_tests.trust.one_cell_world import shipped_weights

ROOT = Path(__file__).parents[2]
STEP = 195  # five cells of every source a run: a fault that is seen at once costs one
BACK = "back"
"""The law of the erased beside those of one_cell.py."""


@dataclass(frozen=True)
class Fault:
    """An old fault: the law that has to see it, and the texts (file, old, new) that put it back."""

    name: str
    law: str
    edits: tuple[tuple[str, str, str], ...]


_KEYS, _WORDS = "cdp_pipeline/project/identifier_keys.py", "cdp_pipeline/project/words.py"
_CONTRACT = "dbt_like_sql/2_staging/permissions.yml"
_ORDERS = "dbt_like_sql/1_sources/woocommerce_orders.yml"
_ADDRESSES = "then addresses else [] end as addresses"
_OF_RECORD = (_CONTRACT, "    of_the_record: [denied, withdrawn, complaint, objected]\n", "")
"""A refusal counts for what its record had: where it names somebody else, only this says so."""
_STOPS = "status in ('denied', 'withdrawn', 'complaint', 'bounced', 'objected') then least(_delivered_at, as_of)"
_IS_ORDER = "    where: \"row_kind = 'order'\"\n    columns:\n      order_id"
_OPTIONAL = 'return spec.when_bad == "empty" or ('
FAULTS: tuple[Fault, ...] = (
    Fault(
        "an address is only trimmed",
        "gained",
        ((_KEYS, _ADDRESSES, "then [lower(trim(email))] else [lower(trim(email))] end as addresses"), _OF_RECORD),
    ),
    Fault(
        "addresses of a cell run into one",
        "gained",
        (
            (_KEYS, _ADDRESSES, "then [regexp_replace(text, '[^a-z0-9@.]', '', 'g')] else [] end as addresses"),
            _OF_RECORD,
        ),
    ),
    Fault(
        "who is erased is known by a trimmed address",
        BACK,
        (
            (
                "cdp_pipeline/project/registry.py",
                "when 'email' then e.email_keys",
                "when 'email' then [lower(trim(f.value))]",
            ),
        ),
    ),
    Fault("an unknown word puts the refusal aside", "gained", ((_CONTRACT, "when_broken:", "# when_broken:"),)),
    Fault(
        "a refusal needs a date",
        "gained",
        ((_CONTRACT, "when_broken:", "# when_broken:"), (_CONTRACT, _STOPS, "false then least(_delivered_at, as_of)")),
    ),
    Fault(
        "a refusal without its identifier stops nothing",
        "gained",
        (("cdp_pipeline/staging/split.py", "        give_identifiers(con, contract)\n", ""),),
    ),
    Fault(
        "ids of spreadsheets pass",
        "joined",
        (
            (_WORDS, "is_no_id(x) as is_empty_typed(bare_id(x)) or is_empty_id(bare_id(x))", "is_no_id(x) as false"),
            (
                _WORDS,
                "as coalesce(not (is_sheet_error(bare_id(x)) or ",
                "as coalesce(true or (is_sheet_error(bare_id(x)) or ",
            ),
        ),
    ),
    Fault(
        "a rounded number is a phone",
        "joined",
        ((_KEYS, "is_rounded or not regexp_matches(dialled", "false and is_rounded or not regexp_matches(dialled"),),
    ),
    Fault(
        "an optional cell takes its row out",
        "taken",
        (("cdp_pipeline/staging/mend.py", _OPTIONAL, "return False and ("),),
    ),
    Fault(
        "an order without a date is no row",
        "lost",
        (
            (_ORDERS, "kinds: row_kind", "kinds: [row_kind, placed_at]"),
            (_ORDERS, _IS_ORDER, _IS_ORDER.replace("'order'", "'order' and placed_at <> ''")),
        ),
    ),
)
"""Written against the text of the product: a change there may ask for a change here."""


def put_back(fault: Fault, folder: Path) -> Path:
    """A copy of the product with the fault in it; raises ValueError when a text to replace is not there."""
    for name in ("cdp_pipeline", "cdp_pipeline_tests", "dbt_like_sql"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    for file, old, new in fault.edits:
        path = folder / file
        text = path.read_text("utf-8")
        if old not in text:
            raise ValueError(f"{fault.name}: {file} does not hold the text to replace")
        path.write_text(text.replace(old, new), encoding="utf-8")
    return folder


def broken(law: str, folder: Path, tries: int) -> Iterator[int]:
    """The changed cells that break a law, from 1, in order; 0 when a delivery is refused in which nothing was changed."""
    project = shipped_weights(folder / "project")
    for start in range(0, tries, STEP):
        given = copies(STEP, start)
        try:
            if law == BACK:
                numbers = {copy.number for copy, _ in returned(folder, project, given)[0]}
            else:
                numbers = {one.copy.number for one in judge_all(folder, project, given)[0] if one.law == law}
        except NotValidError:
            yield 0
            return
        yield from (place for place, copy in enumerate(given, start + 1) if copy.number in numbers)


def measure(faults: Sequence[Fault], tries: int) -> Iterator[tuple[Fault, int | None]]:
    """Every fault with the try that saw it, each in a process of its own; what breaks without it does not count."""
    known: dict[str, list[int]] = {}
    for fault in faults:
        with TemporaryDirectory(prefix="cdp-fault-") as name:
            if fault.law not in known:
                known[fault.law] = list(broken(fault.law, Path(name), tries))
            folder = put_back(fault, Path(name) / "product")
            words = [sys.executable, "-m", "cdp_pipeline_tests.trust.one_cell_faults", "--law", fault.law]
            done = subprocess.run(
                [*words, "--tries", str(tries), "--known", json.dumps(known[fault.law])],
                cwd=folder, env=os.environ | {"PYTHONPATH": str(folder)}, capture_output=True, text=True, check=False,
            )  # fmt: skip
            if done.returncode:
                raise ValueError(f"{fault.name}: {done.stderr[-2000:]}")
            yield fault, json.loads(done.stdout.splitlines()[-1])


def main() -> int:
    """Print a line a fault; returns 1 when one was not seen."""
    parser = argparse.ArgumentParser(prog="python -m cdp_pipeline_tests.trust.one_cell_faults")
    parser.add_argument("--only", nargs="+", choices=[fault.name for fault in FAULTS], help="which faults")
    parser.add_argument("--tries", type=int, default=780, help="changed cells at most")
    parser.add_argument("--law", choices=[*LAWS, BACK], help="no fault: the first try that breaks this law here")
    parser.add_argument("--known", type=json.loads, default=[], help="tries that break it anyway")
    asked = parser.parse_args()
    if asked.law:
        with TemporaryDirectory(prefix="cdp-fault-") as name:
            new = (place for place in broken(asked.law, Path(name), asked.tries) if place not in asked.known)
            print(json.dumps(next(new, None)))
        return 0
    unseen = 0
    for fault, place in measure([f for f in FAULTS if not asked.only or f.name in asked.only], asked.tries):
        unseen += place is None
        told = f"not seen in {asked.tries}" if place is None else f"seen at try {place}" if place else "seen untouched"
        print(f"{fault.name} ({fault.law}): {told}", flush=True)
    return int(bool(unseen))


if __name__ == "__main__":
    sys.exit(main())
