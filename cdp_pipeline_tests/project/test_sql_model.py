"""Reading a model or a check: header, tables, columns, version, and every mistake with its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp_pipeline.project.sql_model import Check, Model, read_check, read_model

MODEL = """\
-- What a person has bought,
-- and when.
-- grain: person_id, day
-- owner: crm team
-- check: spent >= 0
-- check: day is not null
-- empty previous.profiles.spending: person_id varchar, spent decimal(18,4)
with paid as (
  select person_id, total, ordered_at from staging.orders, config.run where ordered_at <= as_of
)
select
  paid.person_id,            -- the person
  ordered_at::date as day,   -- day of purchase
  email,                     -- [personal] newest address
  sum(total)::decimal(18, 4) as spent
from paid
join identity.persons using (person_id)
left join previous.profiles.spending as before using (person_id)
group by all
"""
CHECK = """\
-- Nobody spends less than nothing
-- asset: profiles.spending
-- severity: warn
-- owner: crm team
-- fix: Look at the refunds
select person_id from profiles.spending where spent < 0
"""


def model(folder: Path, text: str | bytes, layer: str = "profiles") -> tuple[Model | None, list[str]]:
    path = folder / "spending.sql"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    problems: list[str] = []
    found = read_model(path, layer, problems)
    return found, [problem.removeprefix(f"{folder}/") for problem in problems]


def check(folder: Path, text: str) -> tuple[Check | None, list[str]]:
    path = folder / "no_debts.sql"
    path.write_text(text)
    problems: list[str] = []
    return read_check(path, problems), [problem.removeprefix(f"{folder}/") for problem in problems]


def test_a_model_is_read_whole(tmp_path: Path) -> None:
    """Name, words, grain, conditions, tables, columns and what is personal come from the one file."""
    found, problems = model(tmp_path, MODEL)
    assert problems == []
    assert found is not None
    assert (found.name, found.layer, found.owner) == ("profiles.spending", "profiles", "crm team")
    assert found.description == "What a person has bought, and when."
    assert found.grain == ("person_id", "day")
    assert found.conditions == ("spent >= 0", "day is not null")
    assert set(found.inputs) == {"staging.orders", "identity.persons", "previous.profiles.spending"}
    assert found.uses_as_of
    assert found.columns == {
        "person_id": "the person",
        "day": "day of purchase",
        "email": "newest address",
        "spent": "",
    }
    assert found.personal == {"email"}
    assert found.empty == {"previous.profiles.spending": "person_id varchar, spent decimal(18,4)"}


def test_a_step_of_the_query_is_no_table(tmp_path: Path) -> None:
    """A CTE has no layer, so it is not read from anywhere."""
    found, _ = model(tmp_path, MODEL)
    assert found is not None
    assert "paid" not in found.reads


def test_the_version_is_the_meaning_of_the_sql(tmp_path: Path) -> None:
    """Layout, case of keywords and comments leave a version as it is; another condition does not."""
    first, _ = model(tmp_path, MODEL)
    second, _ = model(tmp_path, MODEL.replace("select\n", "SELECT ").replace("-- the person", "-- who"))
    third, _ = model(tmp_path, MODEL.replace("<= as_of", "< as_of"))
    assert first is not None
    assert second is not None
    assert third is not None
    assert first.version == second.version != third.version


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("select 1 as a", "missing a description"),
        ("-- words\nselect 1 as a", "missing -- grain:"),
        ("-- words\n-- grain: a\nselect (1 as a", "spending.sql:3:"),
        ("-- words\n-- grain: a\nselect 'open as a", "opened and never closed"),
        ("-- words\n-- grain: a\nselect 1 as a /* open", "opened and never closed"),
        ("-- words\n-- grain: a\nselect 1 as a; select 2 as b", "exactly one SELECT"),
        ("-- words\n-- grain: a\ndelete from staging.orders", "exactly one SELECT"),
        ("-- words\n-- grain: a\nselect * from staging.orders", "names its columns"),
        ("-- words\n-- grain: a\n-- no profiling: a\nselect 1 as a", "spending.sql:3: no profiling: only a theme in"),
        ("-- words\n-- grain: a\n-- profiling: no\nselect 1 as a", "spending.sql:3: profiling: found no; name the"),
        ("", "exactly one SELECT"),
        (b"-- \xff\n-- grain: a\nselect 1 as a", "UTF-8"),
    ],
)
def test_a_mistake_is_a_message(tmp_path: Path, text: str | bytes, said: str) -> None:
    """Whatever a .sql file holds, a mistake is told with its file and never raised."""
    _, problems = model(tmp_path, text)
    assert said in "\n".join(problems)
    assert all(problem.startswith("spending.sql") for problem in problems)


THEME = """\
-- words
-- grain: a
-- no profiling: b,
-- no profiling: c
select 1 as a, 2 as b, 3 as c, 4 as d
"""


def theme(folder: Path, text: str) -> tuple[Model | None, list[str]]:
    (folder / "attributes").mkdir(exist_ok=True)
    return model(folder / "attributes", text)


def test_a_theme_names_its_columns_that_are_no_profiling(tmp_path: Path) -> None:
    """Several lines add up, and a column that no line names is profiling, as one that is added later."""
    found, problems = theme(tmp_path, THEME)
    assert problems == []
    assert found is not None
    assert found.no_profiling == {"b", "c"}


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("e", "spending.sql:4: no profiling: unknown column e; allowed: b, c, d"),
        ("a", "spending.sql:4: no profiling: unknown column a; allowed: b, c, d"),
        ("", "spending.sql:4: no profiling: names no column; allowed: b, c, d"),
    ],
)
def test_no_profiling_names_columns_that_there_are(tmp_path: Path, named: str, said: str) -> None:
    """A misspelt column, the key or none at all is a mistake: nobody would notice that it has no effect."""
    _, problems = theme(tmp_path, THEME.replace("profiling: c", f"profiling: {named}"))
    assert problems == [said]


def test_a_check_is_read_whole(tmp_path: Path) -> None:
    """The table that carries a check, its severity, owner and remedy come from its header."""
    found, problems = check(tmp_path, CHECK)
    assert problems == []
    assert found is not None
    assert (found.name, found.asset, found.severity) == ("no_debts", "profiles.spending", "warn")
    assert (found.owner, found.fix, found.reads) == ("crm team", "Look at the refunds", ("profiles.spending",))
    assert found.description == "Nobody spends less than nothing"


def test_a_check_blocks_unless_it_says_otherwise(tmp_path: Path) -> None:
    """A check without a severity stands between a run and publication."""
    found, _ = check(tmp_path, CHECK.replace("-- severity: warn\n", ""))
    assert found is not None
    assert found.severity == "error"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("severity: warn", "severity: warning", "severity is error or warn, found warning"),
        ("-- asset: profiles.spending\n", "", "missing -- asset"),
        ("select", "selec", "no_debts.sql"),
        ("-- owner: crm team", "-- no profiling: a", "no_debts.sql:4: no profiling: only a theme in"),
    ],
)
def test_a_wrong_check_is_a_message(tmp_path: Path, old: str, new: str, said: str) -> None:
    """A check that nobody could run or place is refused with its file."""
    _, problems = check(tmp_path, CHECK.replace(old, new, 1))
    assert said in "\n".join(problems)
