"""Published tables as a night reads them, without the people who were erased since."""

from __future__ import annotations

from pathlib import Path

import duckdb

from cdp_pipeline.privacy.previous_state import _is_involved, _without


def test_who_split_off_from_an_erased_person_has_simply_begun(tmp_path: Path) -> None:
    """Lines with an erased person go whichever column names them; of a split the other side stays as a beginning."""
    path = tmp_path / "changes.parquet"
    with duckdb.connect() as con:
        con.execute("create table lost_people as select 'Pdead' as person_id")
        con.execute(f"""copy (select * from (values
            ('split', 'Pdead', 'Pnew', 'x'), ('split', 'Pdead', 'Pdead', 'x'), ('merged', 'Pdead', 'Pother', 'x'),
            ('merged', 'Plives', 'Pdead', 'x'), ('split', 'Plives', 'Ptoo', 'x'), ('created', 'Plives', null, 'x'))
            t(change, person_id, other_person_id, cause)) to '{path}'""")
        columns = ["change", "person_id", "other_person_id", "cause"]
        changes = con.execute(f"from ({_without(path, 'identity', columns)}) order by all").fetchall()
        elsewhere = con.execute(f"from ({_without(path, 'profiles', columns)}) order by all").fetchall()
    kept = [("created", "Plives", None, "x"), ("split", "Plives", "Ptoo", "x")]
    assert elsewhere == kept
    assert changes == sorted([*kept, ("created", "Pnew", None, "new records")], key=str)


def test_only_a_table_that_names_an_erased_person_is_written_anew(tmp_path: Path) -> None:
    """By any of the columns that hold a person; a table without one is never involved."""
    path = tmp_path / "redirects.parquet"
    with duckdb.connect() as con:
        con.execute("create table lost_people as select 'Pdead' as person_id")
        con.execute(f"copy (select 'Pa' as person_id, 'Pdead' as to_person_id) to '{path}'")
        assert _is_involved(con, path, ["person_id", "to_person_id"])
        assert not _is_involved(con, path, ["person_id"])
        assert not _is_involved(con, path, ["source"])
