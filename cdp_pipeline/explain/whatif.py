"""`cdp identity whatif`: what other settings would do to persons, segments and audiences.

What belongs here: solving identity again in a scratch folder, performing the steps that follow from
it, and comparing what comes out with what is published (difference.py). What does not: publishing anything; the
scratch folder is deleted, whatever happens, and the snapshot is only read.

The scratch folder is a hard-linked copy of the snapshot inside the data folder (one file system,
readable by its owner alone). A step replaces a table by a new file, so the snapshot keeps its own.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from duckdb import DuckDBPyConnection

from cdp_pipeline.errors import InputError
from cdp_pipeline.explain.difference import Difference, compare
from cdp_pipeline.explain.published import columns_of, open_tables
from cdp_pipeline.explain.settings import Blocked, changed_project, read_blocks, read_settings
from cdp_pipeline.identity.matching import Matching
from cdp_pipeline.pipeline import Pipeline, build_pipeline
from cdp_pipeline.project.project import read_project
from cdp_pipeline.run.lake import Run, open_duckdb, open_published
from cdp_pipeline.run.steps import Step, described, perform

GOAL = "segments.memberships"
START = "identity.records"
PAIRS = "identity.pairs"
_LEFT_OUT = ("raw", "warehouse*.duckdb", ".spill")


def what_if(
    project: Path, data: Path, assignments: Sequence[str], identifiers: Sequence[str], key: bytes
) -> Difference:
    """Solve identity again with other settings and compare; nothing in `data` changes.

    Raises InputError for a setting, a value or an identifier that does not exist.
    """
    changes, blocks = read_settings(assignments), read_blocks(identifiers)
    if not changes and not blocks:
        raise InputError("say what should be different: --set NAME=VALUE, or --block email:VALUE")
    published = open_published(read_project(project), data)
    open_tables(published.folder).close()
    scratch = _scratch(data)
    try:
        before, after = changed_project(project, changes, scratch / "project")
        left_out = shutil.ignore_patterns(*_LEFT_OUT, *published.project.layers_from("activation"))
        shutil.copytree(published.folder, scratch / "run", copy_function=os.link, ignore=left_out)
        settings = read_project(scratch / "project")
        run = Run(
            settings, published.exports, data, published.as_of, "whatif", key, published.folder, at=scratch / "run"
        )
        _perform(run, build_pipeline(settings), before, after, blocks)
        return replace(compare(published.folder, scratch / "run"), is_clean=_is_clean(published.folder, before))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _scratch(data: Path) -> Path:
    """A folder of this process; folders of processes that died are deleted."""
    os.umask(0o077)
    for left in data.glob(".whatif-*"):
        pid = left.name.rpartition("-")[2]
        if not pid.isdigit() or not _is_alive(int(pid)):
            shutil.rmtree(left, ignore_errors=True)
    scratch = data / f".whatif-{os.getpid()}"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(mode=0o700)
    return scratch


def _is_clean(snapshot: Path, matching: Matching) -> bool:
    from cdp_pipeline.identity.steps import basis

    con = open_tables(snapshot)
    if "basis" not in columns_of(con, "identity.passes"):
        return False
    last = con.execute("select basis from identity.passes order by as_of desc limit 1").fetchall()
    return bool(last) and last[0][0] == basis(matching)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


# ---- solving again -------------------------------------------------------------------------------


def _perform(run: Run, pipeline: Pipeline, before: Matching, after: Matching, blocks: Sequence[Blocked]) -> None:
    """Every step between the people records and the segments; records only when they would differ."""
    is_same_records = before.junk == after.junk and before.clean_sources == after.clean_sources and not blocks
    missing = [
        n for step in affected(pipeline) for n in step.inputs if not run.path(n).exists() and n not in _made(pipeline)
    ]
    if missing:
        raise InputError(f"published before {', '.join(sorted(set(missing)))} came to the project: run cdp run first")
    for step in affected(pipeline):
        if START in step.names and blocks:
            _write_records(run, after, blocks)
        elif START not in step.names or not is_same_records:
            perform(run, step)


def _made(pipeline: Pipeline) -> set[str]:
    return {name for step in affected(pipeline) for name in step.names}


def affected(pipeline: Pipeline) -> list[Step]:
    """The steps from the people records to the memberships, in order: what follows from the one and leads to the other."""
    below = {START, PAIRS}
    after = []
    for step in pipeline.steps:
        if below & {*step.names, *step.inputs}:
            below |= set(step.names)
            after.append(step)
    leading, steps = {GOAL}, []
    for step in reversed(after):
        if leading & set(step.names):
            leading |= set(step.inputs)
            steps.append(step)
    return steps[::-1]


# ---- records without the blocked identifiers ----------------------------------------------------------


def _write_records(run: Run, matching: Matching, blocked: Sequence[Blocked]) -> None:
    """identity.records with the blocked identifiers taken out, as the guard takes out over-shared ones."""
    from cdp_pipeline.identity.candidates import guard
    from cdp_pipeline.identity.clusters import hard_links
    from cdp_pipeline.identity.normalise.normalise import Inputs, normalise

    with run.connect("staging.people", "staging.identifiers", "identity.stated_verdicts") as con:
        normalise(con, Inputs(links=None), matching, run.project.settings.country, run.key)
        _block(con, blocked, matching, run.project.settings.country)
        guard.guard(con, matching, run.key)
        guard.collapse(con, (), run.key)
        hard_links.separate(con, matching, "identity.stated_verdicts")
        made_of = {"identity.records": "records", "identity.blocked_identifiers": "blocked_identifiers"}
        for table, relation in ((described(name), relation) for name, relation in made_of.items()):
            run.write(con, table.name, f"select {', '.join(table.columns)} from {relation}", table.grain)
            entry = run.manifest().tables[table.name]
            run.record({table.name: replace(entry, digest=run.digest(table.name), rows=run.count(table.name))})


def _block(con: DuckDBPyConnection, blocked: Sequence[Blocked], matching: Matching, country: str) -> None:
    for item in blocked:
        kind, value = item.kind, {"value": _spelt(item, matching, country)}
        records = con.execute(
            f"""select count(*) from records where {kind}_key = $value
                or coalesce(list_contains(other_{kind}s, $value), false)""",
            value,
        ).fetchall()[0][0]
        if not records:
            raise InputError(f"--block: no record is compared by this {kind}; write it as it is in the export")
        also = ", email_local = null" if kind == "email" else ""
        con.execute(f"update records set {kind}_key = null{also} where {kind}_key = $value", value)
        con.execute(
            f"""update records set other_{kind}s = list_filter(other_{kind}s, lambda v: v <> $value)
                where list_contains(other_{kind}s, $value)""",
            value,
        )


def _spelt(item: Blocked, matching: Matching, country: str) -> str | None:
    """The identifier in the spelling that is compared: that of a record which has nothing else."""
    from cdp_pipeline.identity.normalise.normalise import PEOPLE_COLUMNS, Inputs, normalise

    own = open_duckdb()
    times = {"created_at": "timestamp", "updated_at": "timestamp", "birth_date": "date", "is_email_verified": "boolean"}
    columns = ", ".join(f"{name} {times.get(name, 'varchar')}" for name in PEOPLE_COLUMNS)
    own.execute(f"create table asked ({columns})")
    own.execute(f"insert into asked (source, record_id, {item.kind}) values ('asked', '1', $1)", [item.value])
    normalise(own, Inputs("asked", None, None), matching, country, b"")
    return own.execute(f"select {item.kind}_key from records").fetchall()[0][0]  # type: ignore[no-any-return]
