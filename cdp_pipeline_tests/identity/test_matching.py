"""3_identity/matching.yml: every mistake, with the nearest name."""

from __future__ import annotations

import pytest

from cdp_pipeline.errors import ProjectError
from cdp_pipeline.identity.accuracy.score import accuracy
from cdp_pipeline.identity.matching import load_matching


def _load(tmp_path, text: str):
    (tmp_path / "matching.yml").write_text(text, encoding="utf-8")
    return load_matching(tmp_path)


def test_unknown_words_are_named(tmp_path):
    """A misspelt field is an error that suggests the right one."""
    with pytest.raises(ProjectError) as error:
        _load(tmp_path, "blocking: [[emial], [phone]]\ncompare: [nam]\n")
    assert "did you mean email?" in error.value.problems[0]
    assert "did you mean name?" in error.value.problems[1]


def test_unknown_keys_and_wrong_types_come_together(tmp_path):
    """All shape problems are listed at once."""
    with pytest.raises(ProjectError) as error:
        _load(tmp_path, "blocking: [[email]]\njoinin: {}\nlargest_block: many\n")
    assert len(error.value.problems) == 2
    assert "did you mean joining?" in "".join(error.value.problems)


def test_not_yaml(tmp_path):
    """Broken YAML is one line with its place, not a traceback."""
    with pytest.raises(ProjectError, match=r"matching\.yml:"):
        _load(tmp_path, "blocking: [[email]\n- x: {")


def test_accuracy_of_a_known_case():
    """Three records of one person split two and one: precision 1, recall a third, B-cubed 5/9."""
    import duckdb

    con = duckdb.connect()
    con.execute("create table f as select * from (values ('a', 1), ('b', 1), ('c', 2)) t(record, person)")
    con.execute("create table t as select * from (values ('a', 1), ('b', 1), ('c', 1)) t(record, person)")
    found = accuracy(con, "f", "t")
    assert (found["precision"], found["recall"], found["b3_recall"]) == (1.0, 0.333333, 0.555556)
