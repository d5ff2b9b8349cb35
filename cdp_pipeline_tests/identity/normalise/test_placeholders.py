"""3_identity/placeholders.yml and what is wrong with it."""

from __future__ import annotations

import pytest

from cdp_pipeline.errors import ProjectError
from cdp_pipeline.identity.normalise.placeholders import Placeholders, load_placeholders
from cdp_pipeline_tests.identity import people as invented


def test_the_shipped_file_is_read_with_the_matching_file():
    """Its lists are part of the settings the engine is given."""
    assert "noreply" in invented.MATCHING.placeholders.email_names


def test_no_file_is_no_placeholders(tmp_path):
    """A project may do without."""
    assert load_placeholders(tmp_path / "placeholders.yml") == Placeholders()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("emailnames: [test]", "did you mean email_names"),
        ("birth_dates: 3", "birth_dates"),
        ("- test", "must be a mapping"),
        ("a: [", "not readable as YAML"),
    ],
)
def test_mistakes_are_named(tmp_path, text, words):
    """Unknown keys, wrong kinds and broken YAML name the file and the key."""
    path = tmp_path / "3_identity" / "placeholders.yml"
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(ProjectError, match=words) as error:
        load_placeholders(path)
    assert error.value.problems[0].startswith(f"{path}:1: ")
