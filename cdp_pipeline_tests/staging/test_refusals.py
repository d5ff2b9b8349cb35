"""Whatever is not plainly a grant denies what it is about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cdp_pipeline_tests.staging.permission_rows import DATED, STATE, newsletter

JO, ANN, CY = "jo@shop.example", "ann@shop.example", "cy@shop.example"


@pytest.mark.parametrize("answer", ["no", "FALSE", "nee", "0", "FALSCH", "N", "perhaps", "#NV", "-"])
def test_a_state_that_is_not_plainly_yes_denies(tmp_path: Path, answer: str) -> None:
    """After a yes, in any word, known or not; an unknown one is listed."""
    made = newsletter(tmp_path, STATE)
    made.deliver(1, ("1", JO, "yes"))
    made.deliver(2, ("1", JO, answer))
    assert made.staged() == [([JO], "denied", "2026-06-02"), ([JO], "granted", "2026-06-01")]
    assert [outcome for outcome, _ in made.kept_out()] == (["mended"] if answer in {"perhaps", "#NV", "-"} else [])


def test_an_unchanged_state_says_nothing_new(tmp_path: Path) -> None:
    """In whatever word it comes again, it keeps the day of the first delivery that showed it."""
    made = newsletter(tmp_path, STATE)
    for day, answer in enumerate(["yes", "JA", "no", "nee", "Oui"], 1):
        made.deliver(day, ("1", JO, answer))
    assert made.staged("status, changed_at::date::varchar") == [
        ("denied", "2026-06-03"), ("granted", "2026-06-01"), ("granted", "2026-06-05")
    ]  # fmt: skip
    assert made.kept_out() == [("superseded", "the state of an earlier delivery, unchanged")] * 2


def test_a_state_that_is_emptied_after_an_answer_denies(tmp_path: Path) -> None:
    """It is listed; a cell that was always blank says nothing and is no row."""
    made = newsletter(tmp_path, STATE)
    made.deliver(1, ("1", JO, "yes"), ("2", ANN, None))
    made.deliver(2, ("1", JO, None), ("2", ANN, ""))
    assert made.staged("value_keys, status") == [([JO], "denied"), ([JO], "granted")]
    assert made.kept_out() == [("mended", "status: emptied after an answer; status: missing")]


@pytest.mark.parametrize("mail", ["jo@other.example", None])
def test_a_state_emptied_beside_another_address_denies(tmp_path: Path, mail: str | None) -> None:
    """For every address that the record had; a stranger's state says nothing about it."""
    made = newsletter(tmp_path, STATE)
    made.deliver(1, ("1", JO, "yes"), ("2", ANN, "yes"), ("3", CY, None))
    made.deliver(2, ("1", mail, None), ("2", "ann@other.example", "yes"), ("3", "cy@other.example", None))
    assert sorted(made.staged("status, list_sort(value_keys)")) == sorted([
        ("denied", sorted([JO, *([mail] if mail else [])])),
        *(("granted", [address]) for address in (JO, ANN, "ann@other.example")),
    ])  # fmt: skip


def test_a_word_that_nobody_knows_denies_for_every_address_of_its_record(tmp_path: Path) -> None:
    """As a plain no does."""
    made = newsletter(tmp_path, STATE)
    made.deliver(1, ("1", JO, "yes"))
    made.deliver(2, ("1", "jo@other.example", "perhaps"))
    assert ("denied", sorted([JO, "jo@other.example"])) in made.staged("status, list_sort(value_keys)")


@pytest.mark.parametrize("moment", [None, "01.06.2025", "2031-01-01", "soon"])
def test_a_refusal_counts_without_a_readable_date(tmp_path: Path, moment: str | None) -> None:
    """From the day on which it was delivered."""
    made = newsletter(tmp_path, DATED)
    made.deliver(2, ("1", JO, "Withdrawn", moment))
    assert made.staged() == [([JO], "withdrawn", "2026-06-02")]


@pytest.mark.parametrize("moment", [None, "01.06.2025", "2031-01-01"])
def test_a_grant_without_a_readable_date_denies(tmp_path: Path, moment: str | None) -> None:
    """It is not plainly a grant; it is listed."""
    made = newsletter(tmp_path, DATED)
    made.deliver(2, ("1", JO, "granted", moment))
    assert made.staged() == [([JO], "denied", "2026-06-02")]
    assert [outcome for outcome, _ in made.kept_out()] == ["mended"]


def test_an_answer_emptied_beside_its_date_denies(tmp_path: Path) -> None:
    """The date alone says that something was asked."""
    made = newsletter(tmp_path, DATED)
    made.deliver(2, ("1", JO, None, "2026-06-01"), ("2", ANN, None, None))
    assert made.staged("value_keys, status") == [([JO], "denied")]


@pytest.mark.parametrize("mail", ["jo at shop", "jo@@shop.example", "12", None])
def test_a_refusal_of_nobody_is_told(tmp_path: Path, mail: str | None) -> None:
    """Nobody can read who said no: the row is in quarantine with a reason of its own."""
    made = newsletter(tmp_path, DATED)
    made.deliver(2, (None, mail, "no", "2026-06-01"))
    assert made.staged() == []
    ((outcome, reasons),) = made.kept_out()
    assert outcome == "quarantined"
    assert "refusal_not_applied" in reasons


def test_an_unreadable_grant_grants_nothing(tmp_path: Path) -> None:
    """And is no refusal that could not be applied."""
    made = newsletter(tmp_path, DATED)
    made.deliver(2, ("1", "jo at shop", "yes", "2026-06-01"), ("2", None, "yes", "2026-06-01"))
    assert made.staged() == []
    assert made.kept_out() == [
        ("dropped", "grant_without_identifier"),
        ("quarantined", "value: missing; value: not an identifier of its namespace"),
    ]


def test_a_refusal_without_an_address_is_about_those_of_its_record(tmp_path: Path) -> None:
    """Whatever the record was ever granted under; of a record without any, there is nothing to stop."""
    made = newsletter(tmp_path, STATE)
    made.deliver(1, ("1", JO, "yes"), ("2", None, "no"))
    made.deliver(2, ("1", None, "no"))
    assert made.staged("value_keys, status") == [([JO], "denied"), ([JO], "granted")]
    assert [outcome for outcome, _ in made.kept_out()] == ["dropped", "mended"]
    assert ("dropped", "nothing_to_stop") in made.kept_out()


def test_what_a_record_refuses_it_refuses_for_every_address_it_had(tmp_path: Path) -> None:
    """Also where another spelling or another address stands beside the refusal; a bounce is of that one mailbox."""
    made = newsletter(tmp_path, DATED)
    made.deliver(1, ("1", JO, "yes", "2026-05-01"), ("2", ANN, "yes", "2026-05-01"))
    made.deliver(2, ("1", "jo@other.example", "no", "2026-05-02"), ("2", "ann@other.example", "bounced", "2026-05-02"))
    assert made.staged("value_keys, status") == [
        (["ann@other.example"], "bounced"), ([ANN], "granted"), (["jo@other.example", JO], "denied"), ([JO], "granted"),
    ]  # fmt: skip


@pytest.mark.parametrize("mail", ["jo at shop", "Jo", "jo@@shop.example"])
def test_a_refusal_that_names_nobody_readable_stops_its_record_and_is_told(tmp_path: Path, mail: str) -> None:
    """What the record had is stopped; that more may have been meant stays to be looked at."""
    made = newsletter(tmp_path, DATED)
    made.deliver(1, ("1", JO, "yes", "2026-05-01"))
    made.deliver(2, ("1", mail, "no", "2026-05-02"))
    assert made.staged("value, value_keys, status") == [(JO, [JO], "denied"), (JO, [JO], "granted")]
    ((outcome, reasons),) = made.kept_out()
    assert outcome == "mended"
    assert "refusal_not_applied" in reasons


def test_two_addresses_in_a_cell_are_both_stopped(tmp_path: Path) -> None:
    """Each has its key."""
    made = newsletter(tmp_path, DATED)
    made.deliver(2, ("1", f"Jo <{JO}>, {ANN}", "unsubscribed", "2026-06-01"))
    assert made.staged("value_keys, status") == [([ANN, JO], "withdrawn")]


@pytest.mark.parametrize("mapping", [DATED, STATE])
def test_a_cell_with_fewer_addresses_takes_no_refusal_from_one_with_more(
    tmp_path: Path, mapping: dict[str, Any]
) -> None:
    """Records that refuse at the same moment, whose cells begin with one address, refuse for the addresses of all."""
    made = newsletter(tmp_path, mapping)
    made.deliver(2, ("1", f"{JO}; {ANN}", "no", "2026-06-01"), *((n, JO, "no", "2026-06-01") for n in "23"))
    assert made.staged("value_keys, status") == [([ANN, JO], "denied")]
    assert made.kept_out() == [("superseded", "a newer row of the same key")] * 2


def test_a_refusal_of_two_records_is_about_the_addresses_of_both(tmp_path: Path) -> None:
    """Neither names one, and both had one in common."""
    made = newsletter(tmp_path, STATE)
    made.deliver(1, ("1", ANN, "yes"), ("2", ANN, "yes"), ("2", JO, "yes"))
    made.deliver(2, ("2", None, "no"), ("1", None, "no"))
    assert ([ANN, JO], "denied") in made.staged("value_keys, status")


def test_a_line_that_could_not_be_cut_denies_for_the_addresses_in_it(tmp_path: Path) -> None:
    """For all that the source could have said; where no address can be read, and none beside it, nobody knows who."""
    made = newsletter(tmp_path, DATED, STATE)
    made.deliver(1, ("1", JO, "yes", "2026-05-01"))
    made.set_aside((1, 3, f"2;{JO};yes"), (1, 4, "the rest of a note"), (1, 9, "torn"))
    assert ([JO], "denied", "2026-06-01") in made.staged()
    (row,) = [row for row in made.kept_out("file, line, outcome, reasons") if row[2] == "quarantined"]
    assert row[:2] == ("1.csv", 9)
    assert "refusal_not_applied" in row[3]


def test_a_line_that_could_not_be_cut_denies_for_all_the_addresses_in_it(tmp_path: Path) -> None:
    """Nobody knows which of them was meant."""
    made = newsletter(tmp_path, DATED)
    made.deliver(1, ("1", JO, "yes", "2026-05-01"))
    made.set_aside((1, 3, f"2;{JO};no;asked by {ANN}"), (1, 5, f"3;{JO};no"))
    assert ([ANN, JO], "denied", "2026-06-01") in made.staged()


def test_a_year_of_grants_is_not_listed(tmp_path: Path) -> None:
    """What is plainly granted is staged, and quarantine is empty."""
    made = newsletter(tmp_path, DATED)
    made.deliver(2, *((str(n), f"p{n}@shop.example", "yes", "2026-05-01") for n in range(300)))
    assert len(made.staged()) == 300
    assert made.kept_out() == []
