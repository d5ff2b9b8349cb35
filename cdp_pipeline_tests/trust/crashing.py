"""Breaking a run on purpose, with personal values in the error: what a library would do at its worst.

What belongs here: projects whose SQL quotes values, and a run in which Python code does. What does not:
looking for what leaked (canary.py). Run as a script, it breaks every asset of a project, layer by layer.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import dagster as dg

from cdp_pipeline.pipeline import Pipeline

_HEAD = "-- Breaks on purpose.\n-- grain: {grain}\n-- owner: data team\n"
_CHECK = "-- Finds people on purpose.\n-- asset: {asset}\n-- severity: {severity}\n-- owner: data team\n-- fix: none\n"

LEAVES: Mapping[str, str] = {
    # a library's own error with the value in it, once a layer; nothing waits for these tables
    "3_identity/canary_crash.sql": _HEAD.format(grain="record_id")
    + "select record_id, cast(email as integer) as broken from staging.people\n",
    "4_profiles/canary_crash.sql": _HEAD.format(grain="person_id")
    + "select person_id, error('met ' || email || coalesce(full_name, '')) as broken from profiles.contacts\n",
    "4_profiles/canary_dates.sql": _HEAD.format(grain="person_id")
    + "select person_id, strptime(coalesce(email, phone, last_name), '%Y') as broken from profiles.contacts\n",
    "7_reports/canary_crash.sql": _HEAD.format(grain="person_id")
    + "select person_id, json_extract(email, '$.a') as broken from profiles.customers where email <> ''\n",
    "checks/canary_crash.sql": _CHECK.format(asset="profiles.contacts", severity="warn")
    + "select person_id from profiles.contacts where cast(phone as date) is null\n",
    "checks/canary_blocks.sql": _CHECK.format(asset="profiles.customers", severity="error")
    + "select person_id from profiles.customers\n",
}
WARNS: Mapping[str, str] = {
    "checks/canary_warns.sql": _CHECK.format(asset="profiles.customers", severity="warn")
    + "select person_id, email, phone, full_name from profiles.customers where email is not null\n",
    "checks/canary_records.sql": _CHECK.format(asset="staging.people", severity="warn")
    + "select source, record_id, email, birth_date from staging.people\n",
}
_ATTRIBUTE = "4_profiles/attributes/canary_theme.sql"
_BROKEN_ATTRIBUTE = "select person_id, cast(email as integer) as canary from profiles.contacts\n"
_BROKEN_AUDIENCE = """description: Breaks
owner: crm team
purpose: email_marketing
where: cast(email as integer) > 1
destinations: [plain_csv]
"""
SINGLES: Mapping[str, tuple[str, str, str]] = {
    # what stops everything behind it, one a run: file, text to find, what stands there instead; no destination,
    # for nobody planted has a permission that can be read: those are broken by Python, below
    "a mapping": (
        "1_sources/zendesk_tickets.yml", "company: Organization",
        "company: {sql: 'cast(cast(\"Requester email\" as integer) as varchar)'}",
    ),
    "a preparation": (
        "1_sources/meta_leads.yml", "regexp_replace(trim(\"id\"), '^l:', '') as lead_id,",
        "error('met ' || \"email\") as lead_id,",
    ),
    "a rule of a contract": (
        "2_staging/orders.yml", "rules:", "rules:\n  - {name: breaks, sql: \"cast(record_id as integer) > 0\"}",
    ),
    "an attribute": (_ATTRIBUTE, "", f"{_HEAD.format(grain='person_id')}{_BROKEN_ATTRIBUTE}"),
    "an audience": ("5_segments/audiences/canary.yml", "", _BROKEN_AUDIENCE),
}  # fmt: skip


def change(project: Path, files: Mapping[str, str]) -> None:
    """Put files into a project folder."""
    for name, text in files.items():
        (project / name).write_text(text, encoding="utf-8")


def break_one(project: Path, name: str) -> None:
    """Break the project in the one way of SINGLES that is named."""
    file, found, instead = SINGLES[name]
    path = project / file
    text = path.read_text(encoding="utf-8") if found else ""
    assert found in text, f"{file} has no longer: {found}"
    path.write_text(text.replace(found, instead, 1) if found else instead, encoding="utf-8")


# ---- every asset, by Python ------------------------------------------------------------------


class PanicError(BaseException):
    """As Rust code in a library ends: no Exception, so that `except Exception` does not meet it."""


def leaking(value: str) -> Callable[..., NoReturn]:
    """A function that talks about `value` in every way at once, then dies of it."""
    count = 0

    def leak(*_: object, **__: object) -> NoReturn:
        nonlocal count
        count += 1
        print(f"printed {value}")
        print(f"printed {value}", file=sys.stderr)
        warnings.warn(f"warned of {value}", stacklevel=1)
        logging.getLogger("some.library").error("logged %s", value)
        logging.getLogger("some.library").warning("logged %s", value)
        kinds: list[BaseException] = [ValueError(value), KeyError(value), PanicError(value), OSError(2, value, value)]
        error = kinds[count % len(kinds)]
        error.add_note(f"a note on {value}")
        raise error from RuntimeError(f"because of {value}")

    return leak


def break_every_asset(project: Path, exports: Path, data: Path, value: str, at_most: int) -> int:
    """Run up to `at_most` assets of the project with `leaking` in the place of their work; returns how many.

    Assets that do not wait for each other are run together; each must end as failed.
    """
    from cdp_pipeline.definitions import build_definitions
    from cdp_pipeline.orchestration import assets as shell
    from cdp_pipeline.orchestration.instance import open_instance
    from cdp_pipeline.pipeline import build_pipeline
    from cdp_pipeline.project.project import read_project

    shell.perform = shell.evaluate = shell.build_warehouse = shell.publish = leaking(value)  # type: ignore[assignment]
    job = build_definitions(project).resolve_job_def("nightly")
    config = {"resources": {"run": {"config": {"exports": str(exports), "data": str(data), "as_of": "2026-06-30"}}}}
    failed = 0
    with open_instance(data) as instance:
        for together in _ranks(build_pipeline(read_project(project))):
            keys = [dg.AssetKey(name.split(".")) for name in together]
            result = job.execute_in_process(
                run_config=config, instance=instance, asset_selection=keys, raise_on_error=False
            )
            failed += sum(event.event_type_value == "STEP_FAILURE" for event in result.all_events)
            if failed >= at_most:
                break
    return failed


def _ranks(pipeline: Pipeline) -> list[list[str]]:
    """Tables in groups that do not wait for each other, the last of the pipeline first; publication before all."""
    rank: dict[str, int] = {}
    for step in pipeline.steps:
        rank.update(dict.fromkeys(step.names, max((rank[read] for read in step.inputs), default=0) + 1))
    groups = [[name for name in rank if rank[name] == n] for n in range(max(rank.values()), 0, -1)]
    return [["publish.warehouse_candidate"], ["publish.published"], *groups]


def main(arguments: list[str]) -> None:
    """exports, data, project, value, at most how many; prints how many assets failed."""
    project, exports, data = (Path(text) for text in arguments[:3])
    failed: Any = break_every_asset(project, exports, data, arguments[3], int(arguments[4]))
    print(f"assets that failed: {failed}")


if __name__ == "__main__":
    main(sys.argv[1:])
