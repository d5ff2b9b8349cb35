"""A published snapshot of few invented people, solved by the engine itself.

What belongs here: making it. What does not: assertions.

crm:1 and shop:2 are copies, shop:3 the same person with an initial; crm:4 shares her household;
crm:5 and news:6 are joined by their e-mail alone; crm:7 is a stranger; till:* share one e-mail.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from cdp_pipeline.identity.model import saved_model
from cdp_pipeline.run.lake import fingerprint
from cdp_pipeline.run.manifest import Manifest, write_manifest
from cdp_pipeline_tests.identity import people as invented
from cdp_pipeline_tests.identity.people import KEY, LAST, PERSON, Row

SHARED = "desk@till.example"
ELSEWHERE = {"city": "Groningen", "postcode": "9711 AA", "street": "Dorpsweg 1", "country": "NL"}
TABLES = ("records", "pairs", "persons", "person_records", "changes", "redirects", "blocked_identifiers", "passes")


def rows() -> list[Row]:
    """The people as their sources deliver them."""
    daan: Row = {**ELSEWHERE, "first_name": "Daan", "last_name": "Visser", "email": "daan.v@mail.example"}
    till: list[Row] = [
        {"source": "till", "record_id": str(100 + at), "first_name": "Kim", "last_name": LAST[at % 12].title(),
         "email": SHARED, "street": f"Laan {at}", "postcode": f"{1000 + at} ZZ", "city": "Delft"}
        for at in range(24)
    ]  # fmt: skip
    return [
        {**PERSON, "record_id": "1"},
        {**PERSON, "record_id": "2", "source": "shop"},
        {**PERSON, "record_id": "3", "source": "shop", "first_name": "A.", "street": "Kerkstr. 7"},
        {**PERSON, "record_id": "4", "first_name": "Koen", "email": "koen.b@mail.example"},
        {**daan, "record_id": "5"},
        {"record_id": "6", "source": "news", "email": "daan.v@mail.example"},
        {**ELSEWHERE, "record_id": "7", "first_name": "Femke", "last_name": "Smit", "email": "femke@mail.example"},
        *till,
    ]


def publish(data: Path) -> Path:
    """`data` with one snapshot; returns the snapshot."""
    snapshot = data / "snapshots" / "one"
    for layer in ("identity", "staging"):
        (snapshot / layer).mkdir(parents=True)
    con = invented.con_with(rows())
    solved = invented.resolve(con)
    saved_model.save(solved.model, snapshot / "identity")
    person = con.execute("select person_id from person_records where record_id = '1'").fetchall()[0][0]
    con.execute("insert into redirects values ('Pended', ?, ?)", [person, date(2026, 1, 30)])
    con.execute("""insert into changes by name
        select date '2026-01-30' as as_of, 'retired' as change, 'Pgone' as person_id, 0 as records,
               'no record is left' as cause""")
    for table in TABLES:
        con.execute(f"copy {table} to '{snapshot}/identity/{table}.parquet'")
    con.execute(f"""copy (select *, 'people.csv' as _file, row_number() over (order by record_id) as _line
        from staging.people) to '{snapshot}/staging/people.parquet'""")
    write_manifest(snapshot, Manifest(run_id="one", as_of="2026-01-31", key_fingerprint=fingerprint(KEY)))
    (data / "current").symlink_to(Path("snapshots") / "one")
    return snapshot
