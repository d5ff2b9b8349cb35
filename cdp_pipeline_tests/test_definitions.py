"""What Dagster shows: every asset, check, job, schedule and sensor, and nothing sent anywhere.

`golden/graph.txt` holds the graph as text. After a meant change write it anew with
`CDP_UPDATE_GOLDEN=1 pytest cdp_pipeline_tests/test_definitions.py`, and read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg
import yaml

from cdp_pipeline.orchestration.instance import SILENT
from cdp_pipeline.project.project import read_project
from cdp_pipeline_tests.whole_project import ROOT, repository

GOLDEN = Path(__file__).parent / "golden" / "graph.txt"


def graph_as_text() -> str:
    """One line an asset with what it waits for, then checks, jobs, schedules and sensors."""
    found = repository()
    graph = found.asset_graph
    nodes = sorted(graph.asset_nodes, key=lambda node: node.key.path)
    lines = ["# assets: key ← what it waits for"]
    for node in nodes:
        parents = " ".join(sorted("/".join(parent.path) for parent in node.parent_keys))
        lines.append(f"{'/'.join(node.key.path)} ← {parents}".rstrip(" ←"))
    lines += ["", "# checks: asset: name"]
    lines += sorted(f"{'/'.join(key.asset_key.path)}: {key.name}" for key in graph.asset_check_keys)
    lines += ["", "# jobs"]
    lines += sorted(job.name for job in found.get_all_jobs() if not job.name.startswith("__"))
    lines += ["", "# schedules"]
    lines += sorted(f"{s.name}: {s.cron_schedule} {s.execution_timezone} → {s.job_name}" for s in found.schedule_defs)
    lines += ["", "# sensors"]
    lines += sorted(f"{sensor.name}: {sensor.default_status.value}" for sensor in found.sensor_defs)
    return "\n".join(lines) + "\n"


def test_the_graph_is_the_one_that_was_meant() -> None:
    """No asset, dependency, check, job, schedule or sensor comes or goes unnoticed."""
    text = graph_as_text()
    if os.environ.get("CDP_UPDATE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(text, encoding="utf-8")
    assert text.splitlines() == GOLDEN.read_text(encoding="utf-8").splitlines()


def test_every_asset_has_words_an_owner_and_a_group() -> None:
    """Key [layer, table], group = layer; nobody has to guess what a box is or whom to ask."""
    layers = read_project(GOLDEN.parents[2] / "dbt_like_sql").layers
    for node in repository().asset_graph.asset_nodes:
        assert len(node.key.path) == 2, node.key
        assert node.group_name == node.key.path[0]
        assert node.group_name in (*layers, "publish")
        assert node.owners, node.key
        assert node.description, node.key
        assert node.kinds, node.key


def test_every_check_says_what_to_do_and_whom_to_ask() -> None:
    """A failed check in the UI names its remedy and its owner."""
    graph = repository().asset_graph
    for key in graph.asset_check_keys:
        spec = graph.get_check_spec(key)
        assert spec.description, key
        assert "To mend: " in spec.description
        assert "Owner: " in spec.description
        assert spec.blocking == (spec.metadata["severity"] == "error")


def test_publication_waits_for_everything() -> None:
    """Everything is above `publish/published`, so one selection brings the whole run."""
    graph = repository().asset_graph
    published = dg.AssetSelection.assets(dg.AssetKey(["publish", "published"])).upstream()
    assert published.resolve(graph) == {node.key for node in graph.asset_nodes}


def test_a_run_stays_in_one_process() -> None:
    """Every job uses the in-process executor: a process per step would pay each import again."""
    for job in repository().get_all_jobs():
        assert job.executor_def.name == "in_process", job.name


def test_nothing_is_sent_from_a_bare_dagster_dev() -> None:
    """The instance in data/.dagster and `.env` switch telemetry off, in the file and in the environment."""
    config = yaml.safe_load((ROOT / "data" / ".dagster" / "dagster.yaml").read_text())
    assert config["telemetry"] == {"enabled": False}
    assert config["nux"] == {"enabled": False}
    environment = dict(
        line.split("=", 1) for line in (ROOT / ".env").read_text().splitlines() if line and not line.startswith("#")
    )
    assert environment["DAGSTER_HOME"] == "${PWD}/data/.dagster"
    assert environment["DAGSTER_DISABLE_TELEMETRY"] == "1"
    assert environment["GX_ANALYTICS_ENABLED"] == "false"
    assert not any("KEY" in name for name in environment)


def test_a_new_data_folder_is_configured_as_the_shipped_one() -> None:
    """What `cdp` writes into another data folder says the same as the file in this repository."""
    shipped = yaml.safe_load((ROOT / "data" / ".dagster" / "dagster.yaml").read_text())
    assert yaml.safe_load(SILENT) == shipped


def test_the_workspace_loads_the_graph() -> None:
    """workspace.yaml names the module that `cdp ui` loads too."""
    (location,) = yaml.safe_load((ROOT / "workspace.yaml").read_text())["load_from"]
    assert location["python_module"]["module_name"] == "cdp_pipeline.definitions"
