"""Steps and checks as Dagster assets and asset checks; the two last assets build the warehouse and publish.

What belongs here: keys, groups, owners, descriptions, metadata, and the one exception boundary that
keeps personal values out of Dagster's storage. What does not: what a step does (each stage, publishing/).
"""

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence

import dagster as dg

from cdp_pipeline.orchestration.boundary import boundary
from cdp_pipeline.pipeline import Pipeline
from cdp_pipeline.project.lineage import column_lineage
from cdp_pipeline.project.sql_model import Check
from cdp_pipeline.publishing.snapshots import publish
from cdp_pipeline.publishing.warehouse import build_warehouse
from cdp_pipeline.quality.candidate import evaluate_candidate
from cdp_pipeline.quality.checks import evaluate
from cdp_pipeline.reports.checks_page import write_checks_page
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.manifest import Entry, Verdict
from cdp_pipeline.run.steps import Step, Table, perform

_SQL_NAMES = {
    "string": "VARCHAR", "int64": "BIGINT", "int32": "INTEGER", "double": "DOUBLE", "bool": "BOOLEAN",
    "date32[day]": "DATE", "timestamp[us]": "TIMESTAMP", "decimal128(18, 4)": "DECIMAL(18,4)",
    "map<string, string>": "MAP(VARCHAR, VARCHAR)",
}  # fmt: skip
CANDIDATE = dg.AssetKey(["publish", "warehouse_candidate"])
PUBLISHED = dg.AssetKey(["publish", "published"])


def step_asset(step: Step, pipeline: Pipeline) -> dg.AssetsDefinition:
    """One Dagster op that makes the tables of a step, each an asset, and checks what they say by themselves."""
    checks = pipeline.checks_of(step)

    @dg.multi_asset(
        name=step.names[0].replace(".", "__"),
        specs=[_spec(table, step) for table in step.tables],
        check_specs=[_check_spec(check, made_here=step.names) for check in checks],
        required_resource_keys={"run"},
        can_subset=False,
    )
    def made(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:  # type: ignore[type-arg]
        run: Run = context.resources.run
        with boundary(step.names[0], run.data):
            entries = perform(run, step)
            results = [_result(run, table, entries[table.name], step, pipeline) for table in step.tables]
            verdicts = _judge(run, checks)
        yield from results
        yield from verdicts

    return made


def check_asset(asset: str, checks: list[Check]) -> dg.AssetChecksDefinition:
    """All checks of one table that look at other tables too; an error blocks what comes after the table."""
    specs = [_check_spec(check) for check in checks]

    @dg.multi_asset_check(name=f"check_{asset.replace('.', '__')}", specs=specs, required_resource_keys={"run"})
    def checked(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        run: Run = context.resources.run
        with boundary(f"checks of {asset}", run.data):
            verdicts = _judge(run, checks)
        yield from verdicts

    return checked


def candidate_check_asset(pipeline: Pipeline) -> dg.AssetChecksDefinition:
    """The last checks, on the run as a whole; then the page of every check of the run."""
    specs = [_check_spec(check) for check in pipeline.candidate_checks]

    @dg.multi_asset_check(name="check_candidate", specs=specs, required_resource_keys={"run"})
    def checked(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        run: Run = context.resources.run
        with boundary("checks of the candidate", run.data):
            verdicts = evaluate_candidate(run, pipeline.candidate_checks)
            run.record_checks(verdicts)
            write_checks_page(run)
        yield from (_check_result(check, verdicts[check.name]) for check in pipeline.candidate_checks)

    return checked


def publishing_assets(pipeline: Pipeline) -> list[dg.AssetsDefinition]:
    """`publish/warehouse_candidate` builds both DuckDB files; `publish/published` swaps the folder in."""

    @dg.asset(
        key=CANDIDATE,
        group_name="publish",
        deps=[_key(name) for name in pipeline.leaves()],
        required_resource_keys={"run"},
        kinds={"duckdb"},
        owners=["team:data_team"],
        description="The DuckDB files that analysts open, built in the run's folder: masked, and in clear",
    )
    def warehouse_candidate(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]
        run: Run = context.resources.run
        with boundary("publish.warehouse_candidate", run.data):
            started = time.perf_counter()
            sizes = build_warehouse(run, pipeline.tables)
            seconds = round(time.perf_counter() - started, 3)
        return dg.MaterializeResult(
            metadata={
                "seconds": seconds,
                **{f"bytes_{name.removesuffix('.duckdb')}": size for name, size in sizes.items()},
            }
        )

    @dg.asset(
        key=PUBLISHED,
        group_name="publish",
        deps=[CANDIDATE],
        required_resource_keys={"run"},
        kinds={"duckdb", "parquet"},
        owners=["team:data_team"],
        description="Parquet, warehouses, audience files and report go live together, in one swap; "
        "refused while a table is stale or a blocking check has not passed",
    )
    def published(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
        run: Run = context.resources.run
        with boundary("publish.published", run.data):
            snapshot = publish(run, pipeline.blocking())
        yield dg.MaterializeResult(metadata={"snapshot": snapshot})

    return [warehouse_candidate, published]


def _key(table: str) -> dg.AssetKey:
    return dg.AssetKey(table.split("."))


def _check_spec(check: Check, made_here: Sequence[str] = ()) -> dg.AssetCheckSpec:
    others = [read for read in check.reads if read not in (check.asset, "config.run", *made_here)]
    return dg.AssetCheckSpec(
        name=check.name,
        asset=_key(check.asset),
        description=f"{check.description}\n\nTo mend: {check.fix or 'see the description'}. Owner: {check.owner}.",
        blocking=check.severity == "error",
        additional_deps=[_key(other) for other in others],
        metadata={"owner": check.owner, "severity": check.severity},
    )


def _judge(run: Run, checks: Sequence[Check]) -> list[dg.AssetCheckResult]:
    verdicts = evaluate(run, checks) if checks else {}
    run.record_checks(verdicts)
    return [_check_result(check, verdicts[check.name]) for check in checks]


def _check_result(check: Check, verdict: Verdict) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=check.name,
        asset_key=_key(check.asset),
        passed=verdict.passed,
        severity=dg.AssetCheckSeverity.ERROR if check.severity == "error" else dg.AssetCheckSeverity.WARN,
        metadata={"failing_rows": verdict.failing_rows, "owner": verdict.owner, "fix": verdict.fix},
    )


def _spec(table: Table, step: Step) -> dg.AssetSpec:
    sql = f"\n\n```sql\n{table.sql.strip()}\n```" if table.sql else ""
    grain = f"\n\nOne row per {', '.join(table.grain)}." if table.grain else ""
    return dg.AssetSpec(
        key=_key(table.name),
        deps=[_key(read) for read in step.inputs],
        description=f"{table.description}{grain}{sql}",
        group_name=table.layer,
        kinds=set(table.kinds),
        owners=[owner_of(table.owner)],
        code_version=step.version if len(step.version) <= 64 else None,
        metadata={"dagster/table_name": table.name},
    )


def owner_of(owner: str) -> str:
    """Dagster takes an address or `team:name`: "webshop team <shop@example.org>" → the address."""
    address = re.search(r"[\w.+-]+@[\w.-]+", owner)
    return address[0] if address else "team:" + re.sub(r"[^a-z0-9]+", "_", owner.lower()).strip("_")


def _result(run: Run, table: Table, entry: Entry, step: Step, pipeline: Pipeline) -> dg.MaterializeResult:  # type: ignore[type-arg]
    columns = _types(run, table.name)
    sources = _lineage(table, step, pipeline, columns)
    schema = dg.TableSchema(
        columns=[
            dg.TableColumn(name, kind, description=_described(table, name, sources.get(name, ())))
            for name, kind in columns.items()
        ]
    )
    metadata: dict[str, dg.MetadataValue | int | float | str] = {
        "dagster/row_count": entry.rows,
        "dagster/column_schema": dg.MetadataValue.table_schema(schema),
        "seconds": entry.seconds,
        "unchanged_so_reused": dg.MetadataValue.bool(entry.is_reused),
        **entry.numbers,
    }
    if sources:
        metadata["dagster/column_lineage"] = dg.MetadataValue.column_lineage(
            dg.TableColumnLineage(
                {
                    column: [
                        dg.TableColumnDep(asset_key=dg.AssetKey(s.split(".")[:2]), column_name=s.split(".")[2])
                        for s in origins
                    ]
                    for column, origins in sources.items()
                }
            )
        )
    return dg.MaterializeResult(
        asset_key=_key(table.name), metadata=metadata, data_version=dg.DataVersion(entry.digest)
    )


def _types(run: Run, name: str) -> dict[str, str]:
    return {field.name: _SQL_NAMES.get(str(field.type), str(field.type)) for field in run.schema(name)}


def _lineage(table: Table, step: Step, pipeline: Pipeline, columns: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    if not table.sql:
        return {column: origins for column, origins in table.lineage.items() if column in set(columns)}
    inputs = {name: list(pipeline.tables[name].columns) for name in step.inputs}
    return {column: origins for column, origins in column_lineage(table.sql, inputs).items() if origins}


def _described(table: Table, column: str, sources: tuple[str, ...]) -> str:
    """Words, then where it comes from: the open-source UI shows no column lineage of its own."""
    arrow = f" ← {', '.join(sources)}" if sources else ""
    return f"{table.columns.get(column, '')}{arrow}".strip()
