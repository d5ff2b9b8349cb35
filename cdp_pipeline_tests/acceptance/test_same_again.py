"""The same inputs give the same ids and the same rows: run again, rebuilt from nothing, or started in the UI.

What belongs here: comparing whole published states. What does not: the order of rows inside one table
(test_lake.py).

Equal table digests are equal rows in equal order. No table is left out: none holds the time of a run.
Only the page (reports/index.html) tells how long the run took; it is a file, not a table.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cdp_pipeline.operations.plan import plan_of
from cdp_pipeline.run.manifest import read_manifest
from cdp_pipeline_tests.acceptance.published import (
    AS_OF,
    CDP,
    PROJECT,
    assert_one_state,
    cdp,
    copy_data,
    digests,
    environment,
    rows,
    run_command,
)
from cdp_pipeline_tests.trust import determinism

IDS = "select source, record_id, person_id from identity.person_records order by all"
START = """
mutation ($job: JobOrPipelineSelector!, $config: RunConfigData!) {
  launchRun(executionParams: {selector: $job, runConfigData: $config}) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on RunConfigValidationInvalid { errors { message } }
    ... on PythonError { message }
  }
}"""
STATUS = "query ($run: ID!) { runOrError(runId: $run) { ... on Run { status } } }"


def test_a_second_run_changes_nothing(exports: Path, data: Path) -> None:
    """`cdp run` again with the same day gives the same rows in every table, and uses again what `cdp plan` said."""
    before, people, first = digests(data), rows(data, IDS), assert_one_state(data)
    planned = plan_of(PROJECT, exports, data, AS_OF)
    finished = cdp(*run_command(exports, data))
    assert finished.returncode == 0, finished.stderr
    reused = {name for name, entry in read_manifest(data / "current").tables.items() if entry.is_reused}
    assert {name for one in planned if one.verdict == "reused" for name in one.step.names} == reused
    assert len(reused) > 100
    assert assert_one_state(data) != first
    assert rows(data, IDS) == people
    assert digests(data) == before


def test_a_rebuild_from_nothing_gives_the_same(exports: Path, data: Path) -> None:
    """Four threads, files found in another order, another hash seed: from nothing, every table has the same digest."""
    shutil.copytree(exports, data.parent / "exports", copy_function=os.link)
    (figure,) = determinism.measure(data.parent, long=False)
    assert not figure.broken, figure.words
    assert figure.tried > 100


def test_a_run_from_the_ui_gives_the_same(shared: Path, tmp_path: Path) -> None:
    """A run launched over GraphQL, as the UI's button does, publishes the same rows on the same instance."""
    data = copy_data(shared / "data", tmp_path / "data")
    shutil.copytree(shared / "exports", data / "exports")
    before, first = digests(data), assert_one_state(data)
    with dagster_ui(data, tmp_path) as url:
        selector = {
            "repositoryLocationName": "cdp_pipeline.definitions",
            "repositoryName": "__repository__",
            "pipelineName": "nightly",
        }
        config = {"resources": {"run": {"config": {"as_of": str(AS_OF)}}}}
        launched = ask(url, START, {"job": selector, "config": config})["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        run_id = launched["run"]["runId"]
        status = wait(lambda: finished_status(url, run_id), seconds=400)
    assert status == "SUCCESS"
    assert assert_one_state(data) == run_id != first
    assert digests(data) == before


# ---- a real Dagster UI -----------------------------------------------------------------------


@contextmanager
def dagster_ui(data: Path, folder: Path) -> Iterator[str]:
    """`cdp ui` in a process group of its own, until its GraphQL answers; stopped and gone afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [CDP, "ui", "--port", str(port), "--data", str(data), "--project", str(PROJECT)]
    with (folder / "ui.log").open("w") as log:
        server = subprocess.Popen(
            command, cwd=folder, env=environment(), stdout=log, stderr=log, start_new_session=True
        )
        try:
            url = f"http://127.0.0.1:{port}/graphql"
            wait(lambda: answers(url), seconds=120)
            yield url
        finally:
            os.killpg(server.pid, signal.SIGINT)
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait(30)


def ask(url: str, query: str, variables: dict[str, Any]) -> dict[str, Any]:
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request(url, body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return dict(json.load(answer)["data"])


def answers(url: str) -> str:
    """The server's version, or nothing while it starts."""
    try:
        return str(ask(url, "{ version }", {})["version"])
    except OSError:
        return ""


def finished_status(url: str, run_id: str) -> str:
    """SUCCESS, FAILURE or CANCELED; nothing while the run works."""
    status = str(ask(url, STATUS, {"run": run_id})["runOrError"]["status"])
    return status if status in {"SUCCESS", "FAILURE", "CANCELED"} else ""


def wait(condition: Any, seconds: float) -> str:
    """Ask until there is an answer; AssertionError when there is none in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = condition()
        if found:
            return str(found)
        time.sleep(0.5)
    raise AssertionError(f"nothing came in {seconds} s")
