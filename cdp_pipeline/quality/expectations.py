"""The one door to Great Expectations: a suite and a warehouse file in, yes or no for each expectation out.

What belongs here: everything that knows the library, which is imported only while it works (it takes
seconds to load). What does not: the suite, which is dbt_like_sql/checks/expectations.yml, and what
becomes of an answer (candidate.py).

Only `BOOLEAN_ONLY` results are asked for: every other format quotes values of rows. The library fetches
after giving its connection back, when DuckDB has dropped the answer; AUTOCOMMIT without a rollback
between them keeps it. Nothing is sent anywhere, and its own pages, which load from the network, are not made.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import warnings
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cdp_pipeline.errors import GateError
from cdp_pipeline.project.shapes import Expectation


def ask(warehouse: Path, suite: Mapping[str, Expectation]) -> dict[str, bool]:
    """Whether each expectation of `suite` holds in a warehouse file, by its name.

    A process of its own does the work: the library takes 260 MB, prints when it ends, and its errors
    quote values, so nothing but yes and no comes back. Raises GateError with every expectation that
    could not be evaluated.
    """
    job = {
        "warehouse": str(warehouse.resolve()),
        "suite": {name: one.model_dump(by_alias=True) for name, one in suite.items()},
    }
    process = subprocess.run(  # noqa: S603  (this very interpreter and module)
        [sys.executable, "-m", __name__],
        input=json.dumps(job, default=str).encode(),
        stdout=subprocess.PIPE,
        stderr=None if os.environ.get("CDP_SHOW_ERRORS") else subprocess.DEVNULL,
        env=os.environ | {"GX_ANALYTICS_ENABLED": "false"},
        check=False,
    )
    if process.returncode:
        raise GateError(
            "the suite of expectations could not be evaluated; CDP_SHOW_ERRORS=1 shows why, values included"
        )
    results: dict[str, bool | None] = json.loads(process.stdout.splitlines()[-1])
    crashed = sorted(name for name in suite if results.get(name) is None)
    if crashed:
        raise GateError(
            [f"expectation {name} could not be evaluated: look at its table and arguments" for name in crashed]
        )
    return {name: bool(results[name]) for name in suite}


def answers(warehouse: Path, suite: Mapping[str, Expectation]) -> dict[str, bool | None]:
    """What the library says of each expectation, in this process; None for one that it could not evaluate."""
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL + 1)  # it logs the text of errors
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = _validate(warehouse, suite)
    return {name: None if _raised(result.exception_info) else bool(result.success) for name, result in results.items()}


def _validate(warehouse: Path, suite: Mapping[str, Expectation]) -> dict[str, Any]:
    import great_expectations as gx
    from great_expectations import expectations

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    source: Any = context.data_sources.add_sql(  # type: ignore[call-arg]
        "warehouse",
        connection_string=f"duckdb:///{warehouse.resolve()}?access_mode=read_only",
        kwargs={
            "isolation_level": "AUTOCOMMIT",
            "skip_autocommit_rollback": True,
            "connect_args": {
                "config": {
                    "enable_external_access": "false",
                    "autoinstall_known_extensions": "false",
                    "autoload_known_extensions": "false",
                }
            },
        },
    )
    by_table: dict[str, list[Any]] = defaultdict(list)
    for name, expectation in suite.items():
        kind = getattr(expectations, "".join(word[0].upper() + word[1:] for word in expectation.expect.split("_")))
        by_table[expectation.table].append(kind(**expectation.having, meta={"check": name}))
    results: dict[str, Any] = {}
    try:
        for table, wanted_here in sorted(by_table.items()):
            schema, _, name = table.partition(".")
            asset = source.add_table_asset(table, table_name=name, schema_name=schema)
            batch = asset.add_batch_definition_whole_table("all rows").get_batch()
            answer = batch.validate(
                gx.ExpectationSuite(name=table, expectations=wanted_here), result_format="BOOLEAN_ONLY"
            )
            for result in answer.results:
                config: Any = result.expectation_config
                results[config.meta["check"]] = result
    finally:
        source.get_execution_engine().close()
        source.get_engine().dispose()
    return results


def _raised(result: Any) -> bool:
    """The library tells errors flat, or one level down by metric."""
    if not isinstance(result, Mapping):
        return False
    return bool(result.get("raised_exception")) or any(_raised(value) for value in result.values())


def _main() -> None:
    job = json.load(sys.stdin)
    suite = {name: Expectation.model_validate(one) for name, one in job["suite"].items()}
    sys.stdout.write("\n" + json.dumps(answers(Path(job["warehouse"]), suite)) + "\n")


if __name__ == "__main__":
    _main()
