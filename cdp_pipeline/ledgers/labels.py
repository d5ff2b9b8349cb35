"""DATA/labels.csv: records whose persons somebody knows.

What belongs here: the file and its mistakes. What does not: what is measured with it (identity/accuracy/).
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from cdp_pipeline.ledgers.ledger import LABELS, Cells, parse_lines


def read_labels(path: Path) -> pa.Table:
    """source, record_id, person of the file; no rows when it is missing. InputError lists every mistake with its line."""
    persons: dict[tuple[str, str], str] = {}

    def parse(cells: Cells) -> tuple[None, list[str]]:
        source, record_id, person = (cells[column] for column in LABELS.columns)
        if not (source and record_id and person):
            return None, ["source, record_id and person must not be empty"]
        is_known_otherwise = persons.setdefault((source, record_id), person) != person
        return None, ["this record has another person further up"] if is_known_otherwise else []

    parse_lines(path, LABELS, parse)
    columns = [[source for source, _ in persons], [record_id for _, record_id in persons], list(persons.values())]
    return pa.table({name: pa.array(column, pa.string()) for name, column in zip(LABELS.columns, columns, strict=True)})
