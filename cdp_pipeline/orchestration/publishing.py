"""The two last assets: the warehouse files of a run, and the swap that publishes it."""

import time
from collections.abc import Iterator

import dagster as dg

from cdp_pipeline.orchestration.boundary import boundary
from cdp_pipeline.pipeline import Pipeline
from cdp_pipeline.publishing.snapshots import publish
from cdp_pipeline.publishing.warehouse import build_warehouse
from cdp_pipeline.run.lake import Run

CANDIDATE = dg.AssetKey(["publish", "warehouse_candidate"])
PUBLISHED = dg.AssetKey(["publish", "published"])


def publishing_assets(pipeline: Pipeline) -> list[dg.AssetsDefinition]:
    """`publish/warehouse_candidate` builds both DuckDB files; `publish/published` swaps the folder in."""

    @dg.asset(
        key=CANDIDATE,
        group_name="publish",
        deps=[dg.AssetKey(name.split(".")) for name in pipeline.leaves()],
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
            snapshot = publish(run, pipeline.blocking(), pipeline.tables)
        yield dg.MaterializeResult(metadata={"snapshot": snapshot})

    return [warehouse_candidate, published]
