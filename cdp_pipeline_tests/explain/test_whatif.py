"""`cdp identity whatif`: what it compares, what it performs again, and that it leaves no trace."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import duckdb
import pytest

from cdp_pipeline.errors import InputError
from cdp_pipeline.explain import whatif
from cdp_pipeline.pipeline import build_pipeline
from cdp_pipeline.privacy.keys import DEMO_KEY
from cdp_pipeline_tests.acceptance.conftest import shared
from cdp_pipeline_tests.whole_project import ROOT, project

__all__ = ["shared"]  # the published demo, made once for every test that looks at one


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder and its digest; links as where they lead."""
    return {
        str(path.relative_to(folder)): str(path.readlink())
        if path.is_symlink()
        else hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def test_what_follows_from_identity_is_performed_again() -> None:
    """From the records to the memberships, every step in between and no other."""
    found = [name for step in whatif.affected(build_pipeline(project())) for name in step.names]
    assert {"identity.pairs", "identity.person_records", "profiles.customers", "segments.memberships"} <= set(found)
    assert found.index("identity.person_records") < found.index("segments.memberships")
    assert not [name for name in found if name.split(".")[0] in {"raw", "staging", "activation", "reports"}]


@pytest.mark.slow
def test_other_settings_change_people_and_leave_no_trace(shared: Path) -> None:
    """A forbidding cut splits people and shrinks segments, and no byte of the data folder changes."""
    before = tree(shared / "data")
    found = whatif.what_if(ROOT / "dbt_like_sql", shared / "data", ["joining.cut=60"], [], DEMO_KEY)
    assert found.counts[1] > 0
    assert found.persons[1] > found.persons[0]
    assert sum(size.after for size in found.sizes) != sum(size.before for size in found.sizes)
    assert tree(shared / "data") == before


@pytest.mark.slow
def test_a_blocked_address_joins_nobody(shared: Path) -> None:
    """Without the e-mail that alone holds them a person falls apart; an unknown one is told, not repeated."""
    snapshot = shared / "data" / "current"
    address = duckdb.sql(f"""select r.email_key from '{snapshot}/identity/pairs.parquet' p
        join '{snapshot}/identity/records.parquet' r on r.node_key = p.node_key_l
        where p.provenance = 'email_rule' and p.is_kept order by r.email_key limit 1""").fetchall()[0][0]
    before = tree(shared / "data")
    blocks = [f"email:{address.upper()}"]
    found = whatif.what_if(ROOT / "dbt_like_sql", shared / "data", [], blocks, DEMO_KEY)
    assert found.counts[1] >= 1
    with pytest.raises(InputError) as caught:
        whatif.what_if(ROOT / "dbt_like_sql", shared / "data", [], ["email:canary@nowhere.example"], DEMO_KEY)
    assert "no record is compared by this email" in str(caught.value)
    assert "canary" not in str(caught.value)
    assert tree(shared / "data") == before


def test_a_scratch_folder_left_behind_is_deleted(tmp_path: Path) -> None:
    """Folders of processes that died go; those of living ones stay."""
    umask = os.umask(0o022)
    try:
        for name in (".whatif-999999999", f".whatif-{os.getppid()}"):
            (tmp_path / name).mkdir()
        made = whatif._scratch(tmp_path)
        names = {path.name for path in tmp_path.iterdir()}
    finally:
        os.umask(umask)
    assert names == {f".whatif-{os.getppid()}", made.name}
    assert made.stat().st_mode & 0o777 == 0o700


def test_nothing_to_change_is_told(tmp_path: Path) -> None:
    """Without --set and --block there is nothing to ask."""
    with pytest.raises(InputError, match="say what should be different"):
        whatif.what_if(ROOT / "dbt_like_sql", tmp_path, [], [], DEMO_KEY)
