"""The rights of people through `cdp`: access, restriction, correction, and who read what.

What belongs here: what a privacy officer types and gets, on a published data folder, and the next night.
What does not: erasure (test_erasure.py) and the gates on files (test_permissions.py).
"""

from __future__ import annotations

import csv
import json
import re
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner, Result

from cdp_pipeline.cli.main import main
from cdp_pipeline.ledgers.spreadsheet import unguard
from cdp_pipeline.pipeline import build_pipeline
from cdp_pipeline.privacy.door import reads
from cdp_pipeline.run.lock import hold
from cdp_pipeline.run.steps import perform
from cdp_pipeline_tests.acceptance.published import PROJECT, rows, start

RECEIVED = "2026-06-15"
_MAILS = """select distinct lower(email) from staging.people join identity.person_records using (source, record_id)
    where email is not null"""


def cdp(data: Path, *words: str | Path) -> Result:
    """One command on a data folder, in this process."""
    return CliRunner().invoke(main, [*map(str, words), "--data", str(data), "--project", str(PROJECT)])


def somebody(data: Path, condition: str = "true") -> tuple[str, str, str]:
    """(person, e-mail, a record of theirs) of the first customer with an own address who meets a condition."""
    found = rows(
        data,
        f"""select c.person_id, c.email, min(r.source || ':' || r.record_id) from profiles.customers c
            join identity.person_records r using (person_id)
            where c.email is not null and {condition}
              and (select count(distinct person_id) from profiles.identifiers i
                   where i.namespace = 'email' and i.value = c.email) <= 1
            group by 1, 2 having count(*) > 1 order by 1 limit 1""",
    )
    person, email, record = found[0]
    return str(person), str(email), str(record)


# ---- access --------------------------------------------------------------------------------------


def test_access_hands_out_every_layer_and_nobody_else(data: Path, tmp_path: Path) -> None:
    """All rows of the person are there as JSON, CSV and a page, with sources; no other person's address is."""
    person, email, _ = somebody(data, "c.orders_count > 0 and c.email like '%@%'")
    out = tmp_path / "handed"
    done = cdp(data, "access", person, "--out", out, "--include-lookalikes", "--received", RECEIVED)
    assert done.exit_code == 0, done.output
    said = json.loads((out / "access.json").read_text())
    layers = {name.split(".")[0] for name in said["data"]}
    assert {"raw", "staging", "identity", "profiles"} <= layers
    expected = rows(
        data,
        f"""select count(*) from staging.orders join identity.person_records using (source, record_id)
            where person_id = '{person}'""",
    )
    assert len(said["data"]["staging.orders"]) == expected[0][0] > 0
    assert said["sources"]
    assert all(source["legal_basis"] for source in said["sources"])
    assert said["rights"]
    own = {row[0] for row in rows(data, f"{_MAILS} and person_id = '{person}'")}
    everybody = {
        row[0] for row in rows(data, "select distinct lower(email) from staging.people where email is not null")
    }
    text = (out / "access.json").read_text().lower() + (out / "access.html").read_text().lower()
    assert email.lower() in text
    assert not {str(other) for other in everybody - own if str(other) in re.split(r"[\s\"<>,;']+", text)}
    for path in (out, *out.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


def test_access_as_csv_is_json_but_for_formulas(data: Path, tmp_path: Path) -> None:
    """Each CSV gives back, once its guards are taken away, the texts of the JSON; a phone's + is guarded there only."""
    person, _, _ = somebody(data, "c.phone is not null")
    out = tmp_path / "handed"
    assert cdp(data, "access", person, "--out", out, "--include-lookalikes", "--received", RECEIVED).exit_code == 0
    said = json.loads((out / "access.json").read_text())["data"]
    phone = said["profiles.contacts"][0]["phone"]
    with (out / "csv" / "profiles.contacts.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert phone.startswith("+")
    assert row["phone"] == f"'{phone}"
    assert unguard(row["phone"]) == phone


def test_lookalikes_are_withheld(data: Path, tmp_path: Path) -> None:
    """Records that only likeness joins stay out unless asked for, and the answer says how many."""
    found = rows(
        data,
        """select person_id, count(*) from identity.person_records join identity.records using (source, record_id)
           group by 1 having count(*) > 1 and count(distinct coalesce(email_key, record_id)) > 1 order by 1""",
    )
    withheld = {}
    for number, (person, _) in enumerate(found[:12]):
        out = tmp_path / f"handed{number}"
        done = cdp(data, "access", str(person), "--out", out, "--received", RECEIVED)
        assert done.exit_code == 0, done.output
        said = json.loads((out / "access.json").read_text())
        withheld[person] = said["records_withheld"]
        if said["records_withheld"]:
            assert "profiles.contacts" not in said["data"]
            assert "--include-lookalikes" in done.output
    assert any(withheld.values())


def test_access_is_logged_without_a_name(data: Path, tmp_path: Path) -> None:
    """Access, explain and reading in clear each leave a line: who, when, what, and a keyed hash of the person."""
    person, email, record = somebody(data)
    assert cdp(data, "access", email, "--out", tmp_path / "a", "--received", RECEIVED).exit_code == 0
    assert cdp(data, "explain", record).exit_code == 0
    shown = CliRunner().invoke(main, ["show", "profiles.customers", "--clear", "--limit", "1", "--data", str(data)])
    assert shown.exit_code == 0
    found = reads(data)
    assert [line["command"] for line in found] == ["access", "explain", "show --clear"]
    assert set(found[0]["subject_keys"]) <= set(found[1]["subject_keys"])
    assert found[2]["table"] == "profiles.customers"
    text = (data / "privacy" / "reads.jsonl").read_text()
    assert email not in text
    assert person not in text


# ---- restriction and objection -------------------------------------------------------------------


def next_night(exports: Path, data: Path) -> Callable[[str], list[tuple[object, ...]]]:
    """The tables of the night after, up to the segments; asks them."""
    lock = hold(data)
    try:
        begun = start(exports, data)
        pipeline = build_pipeline(begun.project)
        wanted = {"segments.memberships", "profiles.customers", "profiles.golden_values", "profiles.restrictions"}
        for step in reversed(pipeline.steps):
            if wanted & set(step.names):
                wanted |= {*step.names, *step.inputs}
        for step in pipeline.steps:
            if wanted & set(step.names):
                perform(begun, step)
    finally:
        lock.release()

    def ask(sql: str) -> list[tuple[object, ...]]:
        with begun.connect(*sorted(wanted)) as con:
            return con.execute(sql).fetchall()

    return ask


def test_restriction_correction_and_objection_hold_the_next_night(exports: Path, data: Path) -> None:
    """The restricted stay in the tables and leave segments and audiences; a corrected cell wins against its export."""
    in_audience = "c.person_id in (select person_id from segments.memberships where kind = 'audience')"
    person, email, _ = somebody(data, in_audience)
    other, _, _ = somebody(data, f"{in_audience} and c.person_id <> '{person}'")
    assert cdp(data, "restrict", email, "--received", RECEIVED).exit_code == 0
    assert cdp(data, "restrict", other, "--object", "--received", RECEIVED).exit_code == 0
    cell = str(rows(data, f"""select source || ':' || record_id from staging.people
        join identity.person_records using (source, record_id)
        where city is not null and person_id not in ('{person}', '{other}') order by 1 limit 1""")[0][0])  # fmt: skip
    assert cdp(data, "correct", cell, "city", "Nieuwstad aan Zee", "--received", RECEIVED).exit_code == 0
    assert cdp(data, "correct", cell, "birth_date", "1999-99-99", "--received", RECEIVED).exit_code == 3
    ask = next_night(exports, data)
    assert ask("select person_id, kind from profiles.restrictions order by kind") == [
        (other, "objected"),
        (person, "restricted"),
    ]
    for someone in (person, other):
        assert ask(f"select count(*) from profiles.customers where person_id = '{someone}'") == [(1,)]
        assert ask(
            f"select count(*) from segments.memberships where person_id = '{someone}' and kind = 'audience'"
        ) == [(0,)]
    assert ask("select value, rule from profiles.golden_values where source = 'correction' and field = 'city'") == [
        ("Nieuwstad aan Zee", "correction")
    ]
    assert ask(f"select city from staging.people where source || ':' || record_id = '{cell}'") == [
        ("Nieuwstad aan Zee",)
    ]
    listed = cdp(data, "requests").output.splitlines()  # the night is not published yet
    assert sorted(line.split()[1] for line in listed if "waiting for the night" in line) == [
        "correct",
        "object",
        "restrict",
    ]
    assert cdp(data, "restrict", email, "--lift").exit_code == 0
    assert cdp(data, "restrict", email, "--lift").exit_code == 3
    assert email not in (data / "requests.csv").read_text()


def test_every_request_reaches_the_second_place(data: Path, tmp_path: Path) -> None:
    """After access, correction, restriction and its lift, the folder of `register_copy` says what the data folder says."""
    project, place = tmp_path / "project", tmp_path / "place"
    shutil.copytree(PROJECT, project)
    with (project / "project.yml").open("a") as settings:
        settings.write(f"\nregister_copy: {place}\n")
    person, _, record = somebody(data)
    for number, words in enumerate(
        (
            ("access", person, "--out", str(tmp_path / "handed")),
            ("correct", record, "city", "Nieuwstad aan Zee"),
            ("restrict", person),
            ("restrict", person, "--lift"),
        ),
        1,
    ):
        told = [*words, "--received", RECEIVED, "--data", str(data), "--project", str(project)]
        done = CliRunner().invoke(main, told)
        assert done.exit_code == 0, done.output
        assert (place / "requests.csv").read_bytes() == (data / "requests.csv").read_bytes()
        assert len((place / "requests.csv").read_text().splitlines()) == 1 + min(number, 3)
    kept = Path("privacy") / "restrictions.parquet"
    assert (place / kept).read_bytes() == (data / kept).read_bytes()


def test_the_record_of_processing_names_every_part(tmp_path: Path) -> None:
    """Every source, audience and destination of the project stands in the record, as Markdown and as a page."""
    page = tmp_path / "record.html"
    words = ["processing", "--project", str(PROJECT)]
    markdown = CliRunner().invoke(main, words)
    assert markdown.exit_code == 0
    assert CliRunner().invoke(main, [*words, "--out", str(page)]).exit_code == 0
    for folder in ("1_sources", "5_segments/audiences", "6_activation", "2_staging"):
        for path in (PROJECT / folder).glob("*.yml"):
            assert f"| {path.stem} |" in markdown.output, path.stem
            assert f"<td>{path.stem}</td>" in page.read_text()
