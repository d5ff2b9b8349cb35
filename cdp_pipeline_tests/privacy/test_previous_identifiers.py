"""Erased after a correction or a change: an earlier address brings nobody back, and takes nobody along."""

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


def changed(text: str) -> str:
    """A later delivery in which Cor has an address of his own that is new."""
    return text.replace("cor@mail.example", "cor@new.example")


def test_the_address_of_an_earlier_version_is_kept_out(bos: Town) -> None:
    """A record that came with another address before keeps that one out too, when its holder is erased."""
    bos.deliver(changed)
    bos.night()
    bos.publish()
    assert ("cor@mail.example",) not in bos.rows("staging.people", "email")
    bos.forget("hubspot:53")
    bos.night()
    bos.publish()
    bos.deliver(redelivered)
    bos.night()
    assert "cor@mail" not in bos.texts("raw")
    assert not [row for row in bos.rows("staging.people", "record_id") if row[0] in ("53", "63")]


def test_who_has_an_earlier_address_now_keeps_it(bos: Town) -> None:
    """Bart took over the address that Cor had: it keeps out Cor by the name with it, and Bart stays."""
    bos.deliver(lambda text: changed(text).replace("bart@mail.example", "cor@mail.example"))
    bos.night()
    bos.publish()
    bos.forget("hubspot:53")
    bos.night()
    bos.publish()
    bos.deliver(lambda text: redelivered(text).replace("bart@mail.example", "cor@mail.example"))
    bos.night()
    people = bos.rows("staging.people", "record_id, email")
    assert [row for row in people if row[0] in ("52", "53", "63")] == [("52", "cor@mail.example")]


def test_who_uses_an_erased_address_later_loses_nothing_else(bos: Town) -> None:
    """The line with it stays out; the other addresses on it are of somebody who was never erased."""
    bos.forget("hubspot:53")
    bos.night()
    bos.publish()
    newcomer = "64,Eva,Eik,{},+31699999999,2024-01-01 10:00,2024-01-01 10:00,Yes,2024-01-01 10:00,1011AB,Dam 1\n"
    for mail in ("cor@mail.example", "eva@mail.example"):
        line = newcomer.format(mail).replace("64", "64" if mail.startswith("cor") else "65")
        bos.deliver(lambda text, line=line: text + line if text.startswith("Record ID") else text)  # type: ignore[misc]
        bos.night()
        bos.publish()
    assert [row[0] for row in bos.rows("staging.people", "record_id") if row[0] in ("64", "65")] == ["65"]
