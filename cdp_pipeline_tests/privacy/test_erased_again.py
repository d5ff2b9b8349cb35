"""Erased people who are delivered again in odd spellings: in cells of their own, and in texts of strangers.

One night reads all spellings at once, a record and a ticket each; a test looks at one of them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp_pipeline_tests.privacy import town as place
from cdp_pipeline_tests.privacy.town import Town

MAILS = {
    "capitals": "ANN@Mail.Example", "tag": "ann+shop@mail.example", "mailto": "mailto:ann@mail.example",
    "semicolon": "ann@mail.example;", "name before": "Ann Bos <ann@mail.example>", "dot after": "ann@mail.example.",
    "first of two": "ann@mail.example; desk@office.example", "second of two": "desk@office.example, ann@mail.example",
    "zero width": "ann\u200b@mail.example", "soft hyphen": "ann@mail.ex\u00adample", "full width": "ann＠mail.example",
    "quotes": "'ann@mail.example'", "double quotes": '"ann@mail.example"',
}  # fmt: skip
PHONES = {
    "as before": "+31687654321",
    "national": "06-8765 4321", "with 00": "0031 6 87654321", "zero in brackets": "+31 (0)6 87654321",
    "without plus": "31687654321", "decimals": "31687654321.0", "with a word": "tel. 0687654321",
    "second of two": "0201234567 / 0687654321", "zero width": "06\u200b87654321", "no-break spaces": "06\u00a08765\u00a04321",
}  # fmt: skip
SPELLINGS = [("email", name, text) for name, text in MAILS.items()] + [("phone", n, text) for n, text in PHONES.items()]
NEVER_IN_TEXTS = {("phone", "decimals")}  # what a spreadsheet makes of a number stands in cells, not in sentences


def spelled(left_out: set[tuple[str, str]]) -> list[object]:
    """The spellings by their number, but for some."""
    return [
        pytest.param(at, id=f"{kind} {name}")
        for at, (kind, name, _) in enumerate(SPELLINGS)
        if (kind, name) not in left_out
    ]


@pytest.fixture(scope="module")
def again(first: Town, tmp_path_factory: pytest.TempPathFactory) -> Town:
    """The town after the night in which Ann and Cor, who were erased, came again in every spelling."""
    made = first.copy(tmp_path_factory.mktemp("again") / "town")
    made.forget("ann@mail.example")
    made.forget("cor@mail.example")
    made.night()
    made.publish()
    with pytest.MonkeyPatch.context() as patched:
        contacts = [
            (str(500 + at), "Some", "Body", text if kind == "email" else "", text if kind == "phone" else "", "Yes")
            for at, (kind, _, text) in enumerate(SPELLINGS)
        ]
        tickets = [
            (str(800000 + at), str(900500 + at), "Dee Ree", f"dee{at}@mail.example", f"ask {text} on 3 June, ref 14")
            for at, (_, _, text) in enumerate(SPELLINGS)
        ]
        patched.setattr(
            place, "CONTACTS", [*contacts, ("599", "Eve", "Fox", "eve@mail.example", "+31687654322", "Yes")]
        )
        patched.setattr(place, "TICKETS", [*tickets, ("800999", "900999", "Dee Ree", "dee@mail.example",
                                           "ann@mail.example.org, 06876543210 and 106-87654321 are others")])  # fmt: skip
        made.deliver()
    made.night()
    return made


@pytest.mark.parametrize("at", spelled(set()))
def test_nobody_erased_returns_in_a_cell(again: Town, at: int) -> None:
    """The record is not there, whatever its address or number is dressed in."""
    assert (str(500 + at),) not in again.rows("staging.people", "record_id")


@pytest.mark.parametrize("at", spelled(NEVER_IN_TEXTS))
def test_nobody_erased_stays_in_a_text(again: Town, at: int) -> None:
    """A stranger's ticket stays, and what stood of the erased in it is a mark."""
    subjects = dict(again.rows("staging.tickets", "ticket_id, subject"))
    subject = str(subjects[str(800000 + at)])
    assert "•••" in subject
    assert subject.startswith("ask ")
    assert subject.endswith(" on 3 June, ref 14")
    assert "".join(sign for sign in subject.casefold() if sign.isalnum()).find("annmail") < 0
    assert "87654321" not in "".join(sign for sign in subject if sign.isdigit())


def test_strangers_stay_as_they_are(again: Town) -> None:
    """Whoever has a like address or number keeps it, in cells and in texts."""
    assert ("eve@mail.example", "+31687654322") in again.rows("staging.people", "email, phone")
    assert dict(again.rows("staging.tickets", "ticket_id, subject"))["800999"] == (
        "ann@mail.example.org, 06876543210 and 106-87654321 are others"
    )


def test_no_layer_holds_an_erased_number(again: Town) -> None:
    """The parts of raw are scrubbed too, not only what is made of them."""
    raw = again.texts("raw")
    assert "ask •••" in raw
    assert not [line for line in raw.splitlines() if "dee" in line and "687654321" in line]
    assert Path(again.data / "privacy" / "tombstones.parquet").exists()
