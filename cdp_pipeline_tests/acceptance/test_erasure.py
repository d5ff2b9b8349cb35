"""Erased is erased: twenty people of the demo, delivered again, and a night gone back to."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cdp_pipeline.errors import GateError
from cdp_pipeline.project.project import read_project
from cdp_pipeline.publishing.rollback import roll_back
from cdp_pipeline.publishing.snapshots import rollback
from cdp_pipeline.run.lake import DELIVERED, published_snapshot
from cdp_pipeline.run.manifest import read_manifest
from cdp_pipeline_tests.acceptance.published import PROJECT
from cdp_pipeline_tests.trust import erased, erasure


def test_nothing_of_the_erased_is_left(exports: Path, data: Path, tmp_path: Path) -> None:
    """Twenty people, erased and delivered again in capitals, leave no row and no byte; everybody else is as before."""
    mine = shutil.copytree(exports, tmp_path / "exports")
    figures = erasure.prove(mine, data, deliveries=1, through_cdp=False)
    assert not [(figure.promise, figure.broken, figure.words) for figure in figures if figure.broken]
    assert {figure.promise: figure.tried for figure in figures}[
        "Erased people of whom a byte is left"
    ] == erasure.PEOPLE


def test_going_back_brings_nobody_back(data: Path) -> None:
    """A night from before an erasure is refused as it was, and made again without the person and without audiences.

    Only what the next removal files must say is kept, until the next publication.
    """
    before = published_snapshot(data)
    assert before is not None
    as_of = read_manifest(before).as_of
    (one,) = erased.choose(before, 1)
    erased.ask(data, one, 0)
    with pytest.raises(GateError, match="erased since"):
        rollback(data, before.name)
    assert published_snapshot(data) == before
    went = roll_back(read_project(PROJECT), data, before.name)
    now = published_snapshot(data)
    assert now is not None
    assert (went.snapshot, went.published, went.erasures) == (before.name, now.name, 1)
    left = {place for places in erased.search(data, [one]).values() for place in places}
    assert all(f"/{now.name}/{DELIVERED}/" in place for place in left)
    assert list(now.glob(f"{DELIVERED}/*/*.csv"))
    assert (read_manifest(now).as_of, erased.rows_of(now, [one])) == (as_of, 0)
    assert not list((now / "activation").rglob("*.csv"))
    assert [folder.name for folder in (data / "snapshots").iterdir()] == [now.name]
    assert (data / "privacy" / "certificates").is_dir()
    assert not (data / ".nothing_new").exists()
