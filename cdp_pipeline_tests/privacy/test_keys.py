"""The secret key: where it comes from, and when it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp_pipeline.errors import KeyMismatchError
from cdp_pipeline.privacy.keys import DEMO_KEY, NEXT, secret_key
from cdp_pipeline.publishing.snapshots import publish
from cdp_pipeline_tests.small_run import KEY, put, small_run

VARIABLE = "CDP_KEY_OF_THESE_TESTS"


@pytest.fixture
def exports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(VARIABLE, raising=False)
    folder = tmp_path / "exports"
    folder.mkdir()
    return folder


def test_the_environment_comes_first(tmp_path: Path, exports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key in the variable that the project names is the key, and no file is made."""
    monkeypatch.setenv(VARIABLE, "a key")
    assert secret_key(VARIABLE, tmp_path / "data", exports) == b"a key"
    assert not (tmp_path / "data").exists()


def test_without_a_key_one_is_made_and_kept(tmp_path: Path, exports: Path) -> None:
    """A random key of 64 digits, the same in every later run, readable by its owner alone."""
    first = secret_key(VARIABLE, tmp_path / "data", exports)
    assert len(first) == 64
    assert secret_key(VARIABLE, tmp_path / "data", exports) == first
    assert secret_key(VARIABLE, tmp_path / "other", exports) != first
    assert (tmp_path / "data" / ".key").stat().st_mode & 0o777 == 0o600


def test_demo_exports_use_the_public_key(tmp_path: Path, exports: Path) -> None:
    """Invented people need no secret: two machines make the same ids of them."""
    (exports / "_demo.json").write_text("{}")
    assert secret_key(VARIABLE, tmp_path / "data", exports) == DEMO_KEY
    assert not (tmp_path / "data").exists()


def test_the_public_key_is_refused_on_anything_else(
    tmp_path: Path, exports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real people's ids are never made with a key that everybody knows."""
    monkeypatch.setenv(VARIABLE, DEMO_KEY.decode())
    with pytest.raises(KeyMismatchError, match="public demo key"):
        secret_key(VARIABLE, tmp_path / "data", exports)


def test_a_run_waits_for_an_exchange_to_be_finished(
    tmp_path: Path, exports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a planned key lies there, neither the folder's key nor one of the environment is given out."""
    secret_key(VARIABLE, tmp_path, exports)
    (tmp_path / NEXT).write_text("planned")
    with pytest.raises(KeyMismatchError, match=r"finish with cdp key rotate$"):
        secret_key(VARIABLE, tmp_path, exports)
    monkeypatch.setenv(VARIABLE, "a key")
    with pytest.raises(KeyMismatchError, match=f"without {VARIABLE}"):
        secret_key(VARIABLE, tmp_path, exports)


def test_another_key_than_the_published_one_is_refused(
    tmp_path: Path, exports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Published ids stay what they are: a different key is told by its fingerprint, never itself."""
    data = tmp_path / "data"
    run = small_run(data)
    put(run, "identity.persons", "select 'p' as person_id")
    publish(run, [])
    monkeypatch.setenv(VARIABLE, KEY.decode())
    assert secret_key(VARIABLE, data, exports) == KEY
    monkeypatch.setenv(VARIABLE, "quite another key")
    with pytest.raises(KeyMismatchError) as refused:
        secret_key(VARIABLE, data, exports)
    assert run.key_fingerprint in str(refused.value)
    assert "quite another key" not in str(refused.value)
    assert KEY.decode() not in str(refused.value)
