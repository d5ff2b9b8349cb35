"""How right tonight's persons are, told by labels: a file of known persons, and verdicts on a sample.

What belongs here: the table identity.accuracy. What does not: the statistics (score.py, estimate.py),
the file (labels.py), and what verdicts do to persons (hard_links.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
from duckdb import DuckDBPyConnection

from cdp_pipeline.identity.accuracy import score
from cdp_pipeline.identity.accuracy.estimate import Stratum, estimates
from cdp_pipeline.ledgers import labels
from cdp_pipeline.ledgers.ledger import LABELS
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.steps import Outcome, Step, described

_TYPES = (
    "as_of date, labels varchar, measure varchar, part varchar, value double, low double, high double, "
    "judged bigint, of bigint, note varchar"
)
_PREVIOUS = "previous.identity.accuracy"
_READS = ("identity.records", "identity.pairs", "identity.person_records", "identity.label_sample")
_OF_PERSONS = ("precision", "recall", "f1", "b3_precision", "b3_recall", "b3_f1")
Row = tuple[str, str, str, float | None, float | None, float | None, int, int, str]


def step() -> Step:
    """The step that writes identity.accuracy. It reads a file of the data folder, so it is never skipped."""
    return Step(
        (described("identity.accuracy"),),
        (*_READS, _PREVIOUS),
        _write,
        version="accuracy 1",
        uses_as_of=True,
        uses_exports=True,
    )


def _write(run: Run) -> Outcome:
    known = labels.read_labels(run.data / LABELS.file)
    with run.connect(*_READS, _PREVIOUS, empty={_PREVIOUS: _TYPES}) as con:
        rows = [*from_file(con, known), *from_sample(con)]
        con.execute(f"create temp table accuracy ({_TYPES})")
        if rows:
            values = [(run.as_of, *row) for row in rows]
            con.executemany(f"insert into accuracy values ({', '.join('?' * len(values[0]))})", values)
        columns = ", ".join(described("identity.accuracy").columns)
        run.write(
            con,
            "identity.accuracy",
            f"select {columns} from {_PREVIOUS} where as_of <> (select as_of from config.run) "
            f"union all select {columns} from accuracy",
            described("identity.accuracy").grain,
        )
        shown = {f"{row[0]}_{row[1]}": row[3] for row in rows if row[2] == "all" and row[3] is not None}
        return {"identity.accuracy": {"labelled_records": known.num_rows, **shown}}


def from_file(con: DuckDBPyConnection, known: pa.Table) -> list[Row]:
    """Measures of the labelled records that exist; none without any."""
    con.register("labels_arrow", known)
    con.execute("""create or replace temp table labelled as
        select r.record_key as record, r.node_key, p.person_id, l.person
        from labels_arrow l join identity.records r on r.source = l.source and r.record_id = l.record_id
        join identity.person_records p on p.source = l.source and p.record_id = l.record_id;
    create or replace temp view found_persons as select record, person_id as person from labelled;
    create or replace temp view true_persons as select record, person from labelled""")
    con.unregister("labels_arrow")
    persons = score.accuracy(con, "found_persons", "true_persons")
    records = int(persons["records"])
    if not records:
        return []
    unknown = known.num_rows - records
    note = f"{unknown} labelled records are not there" if unknown else ""
    measures = {name: persons[name] for name in _OF_PERSONS} | score.pair_accuracy(con, "labelled", "identity.pairs")
    return [("file", name, "all", value, None, None, records, records, note) for name, value in measures.items()]


def from_sample(con: DuckDBPyConnection) -> list[Row]:
    """Estimates from the verdicts on identity.label_sample; none without any."""
    found = con.execute("""select stratum, max(pairs), count(verdict), count(*) filter (verdict = 'same')
        from identity.label_sample group by 1 order by 1""").fetchall()
    strata = [Stratum(name, name.startswith("joined"), pairs, judged, same) for name, pairs, judged, same in found]
    return [
        ("sample", e.measure, e.part, e.value, e.low, e.high, e.judged, e.pairs, _note(e.unjudged))
        for e in estimates(strata)
    ]


def _note(unjudged: Sequence[str]) -> str:
    return f"nobody judged: {', '.join(unjudged)}" if unjudged else ""
