"""What a steward is shown: questions with their answers, and how right everything is."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from cdp_pipeline.errors import InputError
from cdp_pipeline.explain import review, verdict
from cdp_pipeline.privacy.door import Door

DAY = date(2026, 2, 1)


def key(data: Path, record_id: str) -> int:
    sql = f"select record_key from '{data}/current/identity/records.parquet' where record_id = '{record_id}'"
    return int(duckdb.sql(sql).fetchall()[0][0])


def queue(data: Path) -> None:
    """A review queue of one question: are crm:5 and crm:7 one person?"""
    duckdb.sql(f"""copy (select 1 as rank, 'merge' as decision, {key(data, "5")} as record_key_l,
        {key(data, "7")} as record_key_r, 0.5 as match_weight, 'same town' as reason, 2 as contradictions,
        1 as records_l, 1 as records_r, 3 as orders_l, 0 as orders_r)
        to '{data}/current/identity/review_queue.parquet'""")


def test_a_question_comes_with_its_answers(data: Path) -> None:
    """Both records, what speaks for and against, and the three commands."""
    queue(data)
    said = review.review(data / "current", Door(data, "identity review"), 5)
    assert "1 doubtful pair waiting" in said
    assert "Daan Visser" in said
    assert "1 record, 3 orders" in said
    assert "same town; " in said
    assert "2 other pairs of their records cannot be one person" in said
    for command in ("explain crm:5 crm:7", "identity judge crm:5 crm:7 same", "identity judge crm:5 crm:7 different"):
        assert f"cdp {command}" in said


def test_a_judged_pair_is_not_asked_again(data: Path) -> None:
    """A verdict written since the run takes its pair off the list at once."""
    queue(data)
    verdict.judge(data / "current", Door(data, "identity judge"), ("crm:7", "crm:5"), "different", DAY, "somebody", "")
    assert review.review(data / "current", Door(data, "identity review"), 5).startswith("Nothing to review")


def test_a_sampled_pair_is_shown_without_an_opinion(data: Path) -> None:
    """Whoever labels must not be led by what the engine thinks."""
    duckdb.sql(f"""copy (select 'joined: weight 6 to 12' as stratum, 1 as place, {key(data, "5")} as record_key_l,
        {key(data, "7")} as record_key_r, null::varchar as verdict)
        to '{data}/current/identity/label_sample.parquet'""")
    said = review.sample(data / "current", Door(data, "identity review"), 5)
    assert "1 sampled pair waiting" in said
    assert "weight" not in said
    assert "chance" not in said


@pytest.mark.parametrize("asked", [review.review, review.sample])
def test_a_missing_table_is_told(data: Path, asked: object) -> None:
    """Before the first run that makes the table, the message says to run."""
    with pytest.raises(InputError, match="was not published yet: run cdp run"):
        asked(data / "current", Door(data, "identity review"), 5)  # type: ignore[operator]


def test_accuracy_is_told_with_its_bounds(data: Path) -> None:
    """The newest day only, shares in per cent, bounds where they are known."""
    with pytest.raises(InputError, match="was not published yet"):
        review.accuracy(data / "current")
    columns = "as_of, labels, part, measure, value, low, high, judged, note"
    duckdb.sql(f"""copy (select * from (values
        (date '2026-01-30', 'file', 'all', 'precision', 0.1, null, null, 5, ''),
        (date '2026-01-31', 'file', 'all', 'precision', 0.995, null, null, 50, ''),
        (date '2026-01-31', 'sample', 'all', 'pair_recall', 0.9, 0.85, 0.95, 80, '')) as t({columns}))
        to '{data}/current/identity/accuracy.parquet'""")
    said = review.accuracy(data / "current")
    assert "99.5%" in said
    assert "10.0%" not in said
    assert "between 85.0% and 95.0% (95 % sure)" in said


def test_no_accuracy_is_said_with_the_way_to_get_it(data: Path) -> None:
    """Without labels the command says what to do."""
    duckdb.sql(f"""copy (select date '2026-01-30' as as_of, '' as labels, '' as part, '' as measure, 0.1 as value,
        0.1 as low, 0.1 as high, 1 as judged, '' as note where false)
        to '{data}/current/identity/accuracy.parquet'""")
    assert "cdp identity review --sample" in review.accuracy(data / "current")
