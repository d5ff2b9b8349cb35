"""The staging layer as steps: one per core table, and the reconciliation of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from cdp_pipeline.project.project import Project
from cdp_pipeline.project.registry import outlasting, status_column
from cdp_pipeline.project.shapes import Contract
from cdp_pipeline.project.sql_model import Check
from cdp_pipeline.run.steps import Step, Table
from cdp_pipeline.staging import overlay
from cdp_pipeline.staging.keyed import key_columns
from cdp_pipeline.staging.reconciliation import reconcile
from cdp_pipeline.staging.replay import replay_step
from cdp_pipeline.staging.split import countries_from, split_table

_KEPT_OUT = {
    "source_name": "Source YAML that claimed the file",
    "file": "Export file, relative to the exports folder",
    "line": "Line of the file where the row starts",
    "outcome": (
        "quarantined, superseded (a newer row of the same key was used), dropped (a rule of the source), mended (used, "
        "after a cell was emptied or replaced) or replayed (the row as it was before it was corrected)"
    ),
    "reasons": "Every column and rule that failed",
}
_ORIGIN = {"_file": "Export file, relative to the exports folder", "_line": "Line of the file where the row starts"}
_RECONCILIATION = {
    "source_name": "Source YAML that claimed the file",
    "file": "Export file, relative to the exports folder",
    "table_name": "Core table the file feeds",
    "rows_read": "Rows of the file, counted from raw, and the lines that are no longer there",
    "rows_erased": "Lines that are no longer in raw: about somebody erased, or kept too long",
    "rows_not_mapped": "Rows that are no row of this table, such as continuation lines",
    "rows_empty": "Rows whose cells for this table are all empty",
    "rows_dropped": "Rows dropped by a rule of the source",
    "rows_superseded": "Older versions of a row that came again",
    "rows_quarantined": "Rows that break the contract",
    "rows_staged": "Rows used",
    "rows_mended": "Rows that were used after a cell was emptied or replaced; they are counted among the others",
    "rows_replayed": "Rows that were corrected after quarantine; they are counted among the others as what they became",
}


_LEDGER = "staging.reconciliation"


def steps(project: Project) -> tuple[Step, ...]:
    """A step per contract of 2_staging, then the reconciliation."""
    tables = tuple(_step(project, name, contract) for name, contract in project.contracts.items())
    outputs = tuple(name for step in tables for name in step.names)
    sources = tuple(f"raw.{name}" for name in project.sources)
    remainders = tuple(f"raw.erased_{name}" for name in outlasting(project.contracts))
    ledger = Table(
        "staging.reconciliation",
        "Where every row of every export went: read = erased + not mapped + empty + dropped + superseded + quarantined + used",
        _RECONCILIATION,
        grain=("source_name", "file", "table_name"),
    )
    unused = Table(
        "quarantine.unused_lines",
        "Lines of which no mapping of their source makes anything, and which it does not call a continuation",
        {c: _KEPT_OUT[c] for c in ("source_name", "file", "line")},
        grain=("source_name", "file", "line"),
    )
    version = repr((sorted(project.sources.items()), sorted(project.contracts.items()), project.words))
    damaged = ["quarantine.lines"] if any(map(status_column, project.contracts.values())) else []
    reads = (*sources, "raw.erased_rows", *remainders, *damaged, *outputs)
    return (replay_step(), *tables, Step((ledger, unused), reads, reconcile, version))


def checks(project: Project) -> tuple[Check, ...]:
    """What rows cannot say by themselves: a bounded share of bad rows, references that resolve, warnings."""
    checks: list[Check] = []
    for name, contract in project.contracts.items():
        checks += [_bad_share(name, contract), *_references(name, contract), *_warnings(name, contract)]
        if status_column(contract):
            checks.append(
                _unread_refusals(name, contract, [s for s, shape in project.sources.items() if name in shape.into])
            )
    return (*checks, _ledger(tuple(project.contracts)))


def _ledger(tables: Sequence[str]) -> Check:
    """The ledger counts exactly the rows that are there, of every core table that the project has."""
    staged = " union all ".join(
        f"select _file as file, '{t}' as table_name, 'staged' as outcome from staging.{t}" for t in tables
    )
    kept_out = " union all ".join(f"select file, '{t}', outcome from quarantine.{t}" for t in tables)
    outcomes = ("staged", "quarantined", "superseded", "dropped", "mended", "replayed")
    ledger = " union all ".join(
        f"select file, table_name, '{outcome}' as outcome, rows_{outcome} as rows from staging.reconciliation"
        for outcome in outcomes
    )
    return Check(
        name="ledger_counts_every_row",
        asset=_LEDGER,
        description="The ledger counts exactly the rows that are there: used rows in staging, kept-out rows in quarantine",
        sql=f"""with there as (
                  select file, table_name, outcome, count(*) as rows from ({staged} union all {kept_out}) group by all),
                counted as (select file, table_name, outcome, sum(rows) as rows from ({ledger}) group by all)
                select file, table_name, outcome, there.rows as rows_there, counted.rows as rows_in_ledger
                from there full join counted using (file, table_name, outcome)
                where coalesce(there.rows, 0) <> coalesce(counted.rows, 0)""",
        reads=(_LEDGER, *(f"{layer}.{t}" for layer in ("staging", "quarantine") for t in tables)),
        fix="A table of staging or quarantine is not the one that was counted; run again on a fresh run folder",
    )


def _step(project: Project, name: str, contract: Contract) -> Step:
    feeding = {source: shape for source, shape in project.sources.items() if name in shape.into}
    personal = frozenset(c for c, spec in contract.columns.items() if spec.sensitivity != "public")
    docs = {c: spec.description for c, spec in contract.columns.items()}
    keys = {
        keys: f"The keys of {c}: one spelling of each that the cell holds" for c, keys in key_columns(contract).items()
    }
    texts = {c: doc for c, doc in docs.items() if contract.columns[c].type != "attributes"}
    good = Table(
        f"staging.{name}",
        contract.description,
        docs | keys | _ORIGIN,
        contract.owner,
        contract.grain,
        personal=personal | frozenset(keys),
    )
    rest = Table(
        f"quarantine.{name}",
        f"Rows for staging.{name} that were not used, each with its reason",
        _KEPT_OUT | texts,
        contract.owner,
        personal=frozenset(texts),
    )
    return Step(
        tables=(good, rest),
        reads=(
            *(f"raw.{source}" for source in feeding),
            *([f"raw.erased_{name}"] if contract.when_erased != "removed" else []),
            *([overlay.TABLE] if name == "people" else []),
            *(["quarantine.lines"] if status_column(contract) else []),
            *countries_from(contract),
            "staging.replays",
        ),
        run=partial(split_table, table=name),
        version=repr((contract, sorted(feeding.items()), project.words)),
        uses_as_of=True,
    )


def _bad_share(name: str, contract: Contract) -> Check:
    return Check(
        name=f"{name}_bad_share",
        asset="staging.reconciliation",
        description=f"At most {contract.max_bad_share:.0%} of the rows of a source break the contract of {name}",
        sql=f"""select source_name from staging.reconciliation where table_name = '{name}' group by source_name
                having sum(rows_quarantined) > {contract.min_bad_rows}
                and sum(rows_quarantined) > {contract.max_bad_share} * sum(rows_quarantined + rows_staged)""",
        reads=("staging.reconciliation",),
        owner=contract.owner,
        fix=f"See quarantine.{name} for the reasons; mend the export, its source YAML, or raise max_bad_share",
    )


def _unread_refusals(name: str, contract: Contract, sources: list[str]) -> Check:
    """A refused file may hold refusals, and nobody knows of whom."""
    names = ", ".join(f"'{source}'" for source in sources) or "null"
    return Check(
        name=f"files_of_{name}_are_read",
        asset="raw.files",
        description=f"No file of a source that feeds {name} was refused: whoever says no in it would be written to",
        sql=f"""select source, file from raw.files cross join config.run as run
                where status = 'refused' and source in ({names})
                qualify count(*) over () > min(run.unapplied_stops) over ()""",
        reads=("raw.files", "config.run"),
        owner=contract.owner,
        fix="See raw.files for the reason and its cure; mend the file, or take it out of the exports once somebody has looked",
    )


def _warnings(name: str, contract: Contract) -> list[Check]:
    return [
        Check(
            name=f"{name}_{rule.name}",
            asset=f"staging.{name}",
            description=f"Every row meets: {rule.sql}",
            sql=f"select 1 as broken from staging.{name} where not ({rule.sql})",
            reads=(f"staging.{name}",),
            severity="warn",
            owner=contract.owner,
            fix=f"The rows are used as they are; see 2_staging/{name}.yml",
        )
        for rule in contract.rules
        if rule.severity == "warn"
    ]


def _references(name: str, contract: Contract) -> list[Check]:
    return [
        Check(
            name=f"{name}_{column}_refers_to_{spec.references}",
            asset=f"staging.{name}",
            description=f"Every {column} of {name} is found in {spec.references}",
            sql=f"""select source, {column} from staging.{name} where {column} is not null
                    and not exists (select 1 from staging.{spec.references} as other
                                    where other.source = {name}.source and other.{_key(column)} = {name}.{column})""",
            reads=(f"staging.{name}", f"staging.{spec.references}"),
            severity="warn",
            owner=contract.owner,
            fix=f"The {spec.references} row is missing or in quarantine; until it comes the {name} row counts as anonymous",
        )
        for column, spec in contract.columns.items()
        if spec.references
    ]


def _key(column: str) -> str:
    return "order_id" if column == "order_id" else "record_id"
