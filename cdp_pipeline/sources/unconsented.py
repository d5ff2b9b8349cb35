"""Rows whose own flag forbids to keep them: a visitor who denied analytics storage, and the like.

What belongs here: the rules under `withhold` of a source YAML, applied before anything is written. What
does not: rows that are kept in raw and dropped later (`drop`, staging/mapping.py), and erasure.

A withheld row is counted in the receipt of its file, and leaves nothing else behind. Rules are SQL over
the columns of the export as text, with the macros of words.py; a row is withheld when a rule is true for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cdp_pipeline.errors import ProjectError
from cdp_pipeline.project.words import Words, macros
from cdp_pipeline.run.lake import open_duckdb
from cdp_pipeline.run.whole_file import replaced
from cdp_pipeline.sources.batches import Batch

Rules = Mapping[str, str]
_TOLD = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)  # their words hold no value


class Sieve:
    """Holds back the rows that a rule withholds; `held` counts them."""

    def __init__(self, con: duckdb.DuckDBPyConnection | None, rules: Rules) -> None:
        self._con, self._rules, self.held = con, rules, 0

    def keep(self, batch: Batch) -> Batch:
        """The batch without its withheld rows."""
        mask = self._mask(batch.table)
        if mask is None:
            return batch
        kept = batch.lines[mask.to_numpy(zero_copy_only=False)]
        return Batch(batch.table.filter(mask), np.asarray(kept, np.int64), batch.rejects, batch.blank_lines)

    def keep_rows(self, table: pa.Table) -> pa.Table:
        """The table without its withheld rows."""
        mask = self._mask(table)
        return table if mask is None else table.filter(mask)

    def _mask(self, table: pa.Table) -> pa.ChunkedArray | None:
        if self._con is None or not table.num_rows:
            return None
        self._con.register("batch", table)
        condition = " or ".join(f"coalesce(({rule}), false)" for rule in self._rules.values())
        try:
            found = self._con.sql(f"select not ({condition}) as is_kept from batch").to_arrow_table()["is_kept"]
        except duckdb.Error as error:
            words = str(error).splitlines()[0] if isinstance(error, _TOLD) else "the SQL fails on some value"
            raise ProjectError(f"withhold of the source: {', '.join(self._rules)}: {words}") from None
        finally:
            self._con.unregister("batch")
        kept = pc.sum(found).as_py() or 0
        self.held += table.num_rows - kept
        return found if kept < table.num_rows else None


@contextmanager
def sieve(rules: Rules, words: Words) -> Iterator[Sieve]:
    """A sieve for one file; without rules everything passes. `words` say what is a yes, a no and a permission."""
    if not rules:
        yield Sieve(None, rules)
        return
    with open_duckdb() as con:
        con.execute("set preserve_insertion_order = true")
        for macro in macros(words):
            con.execute(macro)
        yield Sieve(con, rules)


def withhold_from_older(folder: Path, config: str, rules: Rules, words: Words, receipt_key: bytes) -> None:
    """Hold rows back from parts read before there was a rule, when their export is no longer there to be read again."""
    for sidecar in sorted(folder.glob("*.rejects.parquet")) if rules else ():
        stem = sidecar.name.removesuffix(".rejects.parquet")
        part = sidecar.with_name(f"{stem}.parquet")
        if stem.endswith(config) or not part.exists():
            continue
        new = f"{stem.partition('-')[0]}-{config}"
        with sieve(rules, words) as own:
            with replaced(folder / f"{new}.parquet", "raw_withheld") as temporary:
                pq.write_table(own.keep_rows(_with_columns(part, rules)), temporary, compression="zstd")
            rejects = pq.read_table(sidecar)
            receipt = json.loads((rejects.schema.metadata or {})[receipt_key])
            receipt["rows_loaded"] -= own.held
            receipt["rows_withheld"] = receipt.get("rows_withheld", 0) + own.held
        with replaced(folder / f"{new}.rejects.parquet", "raw_withheld_sidecar") as temporary:
            told = rejects.replace_schema_metadata({receipt_key: json.dumps(receipt).encode()})
            pq.write_table(told, temporary, compression="zstd")
        part.unlink()
        sidecar.unlink()


def _with_columns(part: Path, rules: Rules) -> pa.Table:
    """A part, with an empty column for each that a rule uses and the part was not read with."""
    import sqlglot
    from sqlglot import exp

    table = pq.read_table(part)
    there = {name.casefold() for name in table.column_names}
    used = {
        column.name
        for rule in rules.values()
        for column in sqlglot.parse_one(rule, dialect="duckdb").find_all(exp.Column)
    }
    for name in sorted(used):
        if name.casefold() not in there:
            table = table.append_column(name, pa.nulls(table.num_rows, pa.string()))
    return table
