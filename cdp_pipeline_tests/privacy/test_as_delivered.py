"""Erased after a correction: what the source still delivers brings nobody back, and takes nobody along."""

from __future__ import annotations

from datetime import date

from cdp_pipeline.privacy.corrections import correct
from cdp_pipeline_tests.privacy.town import Town


def corrected(made: Town, delivered: str) -> None:
    """A published night in which Cor's record comes with the address `delivered`, and is corrected to his own new one."""
    people = made.project.contracts["people"]
    correct(made.data, people, [("hubspot", "53")], "email", "cor@new.example", date(2026, 6, 2), "me")
    made.deliver(lambda text: text.replace("cor@mail.example", delivered))
    made.night()
    made.publish()


def redelivered(text: str) -> str:
    """Cor's line under another record id and number, so that only his name and the address in it are his."""
    return text.replace("53,Cor", "63,Cor").replace("+31687654321", "+31611111111")


def test_the_address_before_a_correction_is_kept_out(bos: Town) -> None:
    """Erased after a correction, the person is kept out by the address that the source still has."""
    corrected(bos, "cor@mail.example")
    assert ("cor@new.example",) in bos.rows("staging.people", "email")
    bos.forget("hubspot:53")
    bos.night()
    bos.publish()
    bos.deliver(redelivered)
    bos.night()
    assert "cor@mail" not in bos.texts("raw")
    assert not [row for row in bos.rows("staging.people", "record_id") if row[0] in ("53", "63")]


def test_the_address_of_somebody_else_before_a_correction_stays_theirs(bos: Town) -> None:
    """Where the wrong address is another person's, it keeps out the erased by the name with it, and nobody else."""
    corrected(bos, "bart@mail.example")
    bos.forget("hubspot:53")
    bos.night()
    bos.publish()
    bos.deliver(lambda text: redelivered(text).replace("cor@mail.example", "bart@mail.example"))
    bos.night()
    assert [row[0] for row in bos.rows("staging.people", "record_id") if row[0] in ("52", "53", "63")] == ["52"]
