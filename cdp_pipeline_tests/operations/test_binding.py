"""SQL that names what is not there is told with its file, its line and the nearest name; SQL that is right is not.

What belongs here: one small project, and one slip of the pen each. What does not: the shipped project
(test_validation.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from cdp_pipeline.operations.binding import binding_mistakes
from cdp_pipeline.project.project import read_files
from cdp_pipeline.run.steps import Table

FILES = {
    "project.yml": "name: small\n",
    "4_profiles/survivorship.yml": "trust: [shop]\nfields: {}\n",
    "1_sources/shop.yml": """\
description: Orders
owner: shop
files: "*.csv"
system: shop
legal_basis: contract
withhold: {void: "state = 'void'"}
prepare: |
  select upper("code") as order_code, 'order' as row_kind, "amount", _file, _line, _delivered_at from file
continuation: row_kind = 'more'
kinds: row_kind
into:
  orders:
    where: "row_kind = 'order'"
    drop: {tests: "order_code = 'test'"}
    columns:
      order_id: order_code
      total: {sql: "amount"}
""",
    "2_staging/orders.yml": """\
description: Orders
owner: shop
grain: [source, order_id]
columns:
  source: {type: text, required: true, description: a}
  order_id: {type: text, required: true, description: a}
  total: {type: money, description: a, fallback: "0.0"}
  placed_on: {type: date, description: a, fallback: "as_of"}
when_broken: {total: "null"}
rules:
  - {name: not_negative, sql: "total >= 0"}
  - {name: has_number, sql: "order_id <> ''"}
""",
    "4_profiles/attributes/spending.sql": """\
-- What was spent
-- grain: order_id
select order_id, total * 2 as doubled
from staging.orders, config.run
where placed_on <= as_of
""",
    "4_profiles/attributes/again.sql": """\
-- What is made of a model, which is bound after it
-- grain: order_id
select order_id, doubled + 1 as more from profiles.spending
""",
    "checks/no_debts.sql": """\
-- No debts
-- asset: profiles.spending
select 1 as a from profiles.spending s join previous.profiles.spending p using (order_id)
where s.doubled < 0
""",
}
MADE = (Table("staging.orders", "Orders", dict.fromkeys(("source", "order_id", "total", "placed_on"), "")),)


def problems(root: Path, file: str = "", right: str = "", wrong: str = "", made: Sequence[Table] = MADE) -> list[str]:
    """What is told of the small project with one passage replaced; paths are those inside of it."""
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        assert name != file or text.count(right) == 1
        (root / name).write_text(text.replace(right, wrong) if name == file else text)
    project, mistakes = read_files(root)
    assert file or not mistakes
    models = [Table(name, "A model", dict.fromkeys(columns, "")) for name, columns in MODELS.items()]
    return [problem.removeprefix(f"{root}/") for problem in binding_mistakes(project, [*made, *models])]


MODELS = {"profiles.spending": ("order_id", "doubled"), "profiles.again": ("order_id", "more")}
SOURCE, CONTRACT, CHECK = "1_sources/shop.yml", "2_staging/orders.yml", "checks/no_debts.sql"
MODEL, MODEL_AFTER = "4_profiles/attributes/spending.sql", "4_profiles/attributes/again.sql"


def test_a_right_project_is_bound_without_a_word(tmp_path: Path) -> None:
    """Also a model of a model, the state of the night before, and what a run knows of itself."""
    assert problems(tmp_path) == []


@pytest.mark.parametrize(
    ("file", "right", "wrong", "problem"),
    [
        (CONTRACT, '"total >= 0"', '"totl >= 0"', ":11: rule not_negative: unknown column totl (did you mean total?)"),
        (CONTRACT, "order_id <> ''", "ordr_id <> ''", ":12: rule has_number: unknown column ordr_id (did you mean order_id?)"),
        (CONTRACT, 'fallback: "as_of"', 'fallback: "as_off"', ":8: placed_on: unknown column as_off (did you mean as_of?)"),
        (CONTRACT, 'total: "null"', 'total: "order_i"', ":9: total: unknown column order_i (did you mean order_id?)"),
        (SOURCE, "row_kind = 'order'\"\n", "rowkind = 'order'\"\n",
         ":13: into orders: where: unknown column rowkind (did you mean row_kind?)"),
        (SOURCE, "order_code = 'test'", "ordercode = ''",
         ":14: into orders: drop tests: unknown column ordercode (did you mean order_code?)"),
        (SOURCE, "order_id: order_code", "order_id: order_cod",
         ":16: into orders: order_id: unknown column order_cod (did you mean order_code?)"),
        (SOURCE, "row_kind = 'more'", "rowkind = 'more'", ":9: continuation: unknown column rowkind (did you mean row_kind?)"),
        (SOURCE, "kinds: row_kind", "kinds: row_kin", ":10: kinds: unknown column row_kin (did you mean row_kind?)"),
        (SOURCE, "_file, _line, _delivered_at", "_file",
         ":7: prepare: gives no _delivered_at, _line: name them in its last SELECT"),
        (MODEL, "total * 2", "totl * 2", ":3: unknown column totl (did you mean total?)"),
        (MODEL, "placed_on <= as_of", "placed_on <= as_off", ":5: unknown column as_off (did you mean as_of?)"),
        (MODEL_AFTER, "doubled + 1", "double + 1", ":3: unknown column double (did you mean doubled?)"),
        (CHECK, "s.doubled < 0", "s.doubld < 0", ":4: unknown column doubld"),
    ],
)  # fmt: skip
def test_a_slip_is_told_once_with_its_place(tmp_path: Path, file: str, right: str, wrong: str, problem: str) -> None:
    """File, line, the key it stands under, the unknown name and the nearest one; nothing else is wrong because of it."""
    assert problems(tmp_path, file, right, wrong) == [f"{file}{problem}"]


def test_what_the_parser_says_comes_through_in_one_line(tmp_path: Path) -> None:
    """Without the class of DuckDB's error, and without the drawing below it."""
    (problem,) = problems(tmp_path, CONTRACT, '"total >= 0"', '"year(order_id, total)"')
    assert problem.startswith(f"{CONTRACT}:11: rule not_negative: No function matches the given name")
    assert "\n" not in problem


def test_a_table_that_is_not_there_is_told_elsewhere(tmp_path: Path) -> None:
    """Whether a table is made is asked when the pipeline is put together: here it is no second message."""
    assert problems(tmp_path, made=()) == []


@pytest.mark.parametrize(
    ("file", "right", "wrong"), [(MODEL, "total * 2", "sum(placed_on)"), (MODEL_AFTER, "doubled + 1", "year(doubled)")]
)
def test_types_are_known(tmp_path: Path, file: str, right: str, wrong: str) -> None:
    """A function that does not go with the type of a core table's column, or of a model's, is a mistake of its file."""
    (problem,) = problems(tmp_path, file, right, wrong)
    assert problem.startswith(f"{file}:3: No function matches the given name")
