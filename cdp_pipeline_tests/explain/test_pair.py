"""`cdp explain A B`: the path inside a person, and what keeps two people apart."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from cdp_pipeline.errors import InputError
from cdp_pipeline.explain import pair, pair_layout
from cdp_pipeline.explain.pair import Comparison
from cdp_pipeline.privacy.door import Door
from cdp_pipeline_tests.identity.people import KEY, MATCHING


def explained(snapshot: Path, one: str, other: str) -> Comparison:
    return pair.compare(snapshot, (one, other), MATCHING, "NL", Door(snapshot.parents[1], "explain", KEY))


def test_one_person_shows_the_link_and_its_sum(snapshot: Path) -> None:
    """Two records of a person: the bars of prior, fields and rule add up to the published weight."""
    found = explained(snapshot, "crm:5", "news:6")
    assert found.is_one
    match = found.matches[0]
    assert sum(part.weight for part in match.parts) == pytest.approx(match.weight, abs=1e-4)
    assert [part.field for part in match.parts][:1] == ["before"]
    said = pair_layout.text(found)
    assert "are one person: P" in said
    assert "the e-mail rule: one equal address" in " ".join(said.replace("│", "").split())


def test_the_bars_are_what_the_run_scored(snapshot: Path) -> None:
    """For every pair that the model weighed, Splink gives the same weight again from the saved model."""
    con = duckdb.connect()
    rows = con.execute(
        f"""select a.source || ':' || a.record_id, b.source || ':' || b.record_id, p.model_weight
            from '{snapshot}/identity/pairs.parquet' p
            join '{snapshot}/identity/records.parquet' a on a.node_key = p.node_key_l
            join '{snapshot}/identity/records.parquet' b on b.node_key = p.node_key_r
            where p.model_weight is not null and a.source <> 'till' order by 1, 2 limit 6"""
    ).fetchall()
    assert rows
    for one, other, weight in rows:
        parts = explained(snapshot, one, other).matches[0].parts
        fields = [part.weight for part in parts if part.field not in {"rule", "together"}]
        assert sum(fields) == pytest.approx(weight, abs=1e-3)


def test_copies_have_nothing_to_weigh(snapshot: Path) -> None:
    """Equal records are said to be copies."""
    said = pair_layout.text(explained(snapshot, "crm:1", "shop:2"))
    assert "the two are copies" in said


def test_a_path_leads_over_other_records(snapshot: Path) -> None:
    """A person's id stands for one of its records, and the path ends at the other."""
    person = explained(snapshot, "crm:1", "shop:3").a.person
    found = explained(snapshot, person, "shop:3")
    assert found.is_one
    assert found.matches[-1].right.label == "shop:3"


def test_a_household_is_kept_apart_by_name(snapshot: Path) -> None:
    """The reason comes first, then what would change it, with the command to type."""
    found = explained(snapshot, "crm:4", "crm:1")
    said = pair_layout.text(found)
    assert not found.is_one
    assert found.why[0].startswith("Ruled out: their first names differ")
    assert "cdp identity judge crm:4 crm:1 same" in said
    assert "mend it in its source" in said
    assert said.index("Why they were kept apart") < said.index("How the evidence adds up")


def test_strangers_are_told_how_far_they_are(snapshot: Path) -> None:
    """A pair that no run compared is weighed now, and the distance to the cut is said."""
    found = explained(snapshot, "crm:7", "crm:5")
    assert any(line.startswith("Too little agrees: ") for line in found.why)
    assert "worked out just now" in " ".join(found.why) or len(found.why) == 1


def test_a_guarded_address_is_told_with_its_guard(snapshot: Path) -> None:
    """An identifier that was taken out is named, with the counts that took it out."""
    found = explained(snapshot, "till:100", "till:102")
    assert found.guards[0].startswith("The e-mail of till:100 counts for nothing: on 24 records with 12 last names")
    assert any("junk.records=" in cure for cure in found.cures)


def test_without_the_key_a_guard_is_told_without_counts(snapshot: Path) -> None:
    """Whoever lacks the key still learns that the address was not used."""
    found = pair.compare(snapshot, ("till:100", "till:102"), MATCHING, "NL", Door(snapshot.parents[1], "explain"))
    assert "too many records of too many people" in found.guards[0]


def test_a_retired_id_is_followed_and_said(snapshot: Path) -> None:
    """An old id stands for the living person, and the answer begins with that."""
    assert pair_layout.text(explained(snapshot, "Pended", "crm:4")).startswith("Pended ended on 2026-01-30")


def test_the_same_twice_is_told(snapshot: Path) -> None:
    """One record, or one person, cannot be held against itself."""
    with pytest.raises(InputError, match="are the same"):
        explained(snapshot, "crm:1", "crm:1")


def test_a_verdict_is_told_with_who_and_when(data: Path) -> None:
    """Whoever decided is named, with the day and the note."""
    verdicts = data / "current" / "identity" / "verdicts.parquet"
    duckdb.sql(f"""copy (select a.record_key as record_key_l, b.record_key as record_key_r, 'different' as verdict,
        timestamp '2026-02-01' as decided_at, 'ines' as reviewer, true as is_in_force, 'rang' as note, 2 as line
        from '{data}/current/identity/records.parquet' a, '{data}/current/identity/records.parquet' b
        where a.record_id = '4' and b.record_id = '1') to '{verdicts}'""")
    assert explained(data / "current", "crm:1", "crm:4").why[-1] == (
        "Judged two people by ines on 1 February 2026: rang."
    )
