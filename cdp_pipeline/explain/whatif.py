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

from cdp_pipeline.errors import InputError
from cdp_pipeline.explain import blocked
from cdp_pipeline.explain.difference import Difference, compare
from cdp_pipeline.explain.published import columns_of, open_tables
from cdp_pipeline.explain.settings import Blocked, changed_project, read_blocks, read_settings
from cdp_pipeline.identity.matching import Matching
from cdp_pipeline.pipeline import Pipeline, build_pipeline
from cdp_pipeline.project.project import read_project
from cdp_pipeline.run.lake import Run, open_published
from cdp_pipeline.run.steps import Step, perform

GOAL = "segments.memberships"
START = "identity.records"
PAIRS = "identity.pairs"
_LEFT_OUT = ("raw", "warehouse*.duckdb", ".spill")


def what_if(project: Path, data: Path, said: Sequence[str], identifiers: Sequence[str], key: bytes) -> Difference:
    """Solve identity again with other settings and compare; nothing in `data` changes.

    Raises InputError for a setting, a value or an identifier that does not exist.
    """
    changes, blocks = read_settings(said), read_blocks(identifiers)
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
            blocked.write_records(run, after, blocks)
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
    wanted, found = {GOAL}, []
    for step in reversed(after):
        if wanted & set(step.names):
            wanted |= set(step.inputs)
            found.append(step)
    return found[::-1]
