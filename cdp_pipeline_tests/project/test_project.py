"""A folder of YAML and SQL is read whole, or every mistake in it is told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp_pipeline.errors import ProjectError
from cdp_pipeline.project.project import CHECKS, layer_folders, read_project

FILES = {
    "project.yml": "name: small\n",
    "1_sources/shop_orders.yml": """\
description: Orders
owner: shop
files: "*.csv"
system: shop
legal_basis: contract
into:
  orders: {columns: {order_id: Name, total: Total, attributes.note: Note}}
""",
    "2_staging/orders.yml": """\
description: Orders
owner: shop
grain: [source, order_id]
columns:
  source: {type: text, required: true, description: a}
  order_id: {type: text, required: true, description: a}
  total: {type: money, description: a}
""",
    "4_profiles/survivorship.yml": "trust: [shop]\nfields: {}\n",
    "4_profiles/attributes/spending.sql": """\
-- What was spent
-- grain: order_id
select order_id, total from staging.orders
""",
    "5_segments/audiences/all.yml": """\
description: All
owner: crm
purpose: email_marketing
where: "true"
destinations: [mail]
""",
    "6_activation/mail.yml": """\
description: Mail
owner: crm
needs: [{purpose: email_marketing, channel: email}]
keys: [[email]]
columns: [{name: Email, value: email}]
""",
    "checks/no_debts.sql": """\
-- No debts
-- asset: profiles.spending
select 1 as a from profiles.spending where total < 0
""",
}


def folder(root: Path, **changed: str | None) -> Path:
    """The small project with some files changed, added or, where None, left out."""
    (root / "7_reports").mkdir(parents=True, exist_ok=True)
    for name, text in (FILES | changed).items():
        if text is not None:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
    return root


def told(root: Path, **changed: str | None) -> str:
    with pytest.raises(ProjectError) as error:
        read_project(folder(root, **changed))
    assert error.value.exit_code == 2
    return "\n".join(error.value.problems)


def test_a_right_folder_is_read_whole(tmp_path: Path) -> None:
    """Every file is in its place, under the name of its stem; folders below a layer count as the layer."""
    project = read_project(folder(tmp_path))
    assert list(project.sources) == ["shop_orders"]
    assert list(project.contracts) == ["orders"]
    assert list(project.models) == ["profiles.spending"]
    assert list(project.audiences) == ["all"]
    assert list(project.destinations) == ["mail"]
    assert list(project.checks) == ["no_debts"]
    assert project.system("shop_orders") == "shop"


def test_a_source_without_a_system_is_one(tmp_path: Path) -> None:
    """Then the name of its file is the value of the column `source`."""
    text = FILES["1_sources/shop_orders.yml"].replace("system: shop\n", "")
    assert read_project(folder(tmp_path, **{"1_sources/shop_orders.yml": text})).system("shop_orders") == "shop_orders"


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    """Pointed at the wrong place, the message says what it looked for."""
    with pytest.raises(ProjectError, match=r"project\.yml not found"):
        read_project(tmp_path)


SOURCE, CONTRACT = FILES["1_sources/shop_orders.yml"], FILES["2_staging/orders.yml"]
MISTAKES = {
    "core table": ("1_sources/shop_orders.yml", SOURCE.replace("orders:", "ordres:"), "did you mean orders?"),
    "mapped column": (
        "1_sources/shop_orders.yml",
        SOURCE.replace("total:", "totl:"),
        "unknown column totl (did you mean total?)",
    ),
    "required column": (
        "1_sources/shop_orders.yml",
        SOURCE.replace("order_id: Name, ", ""),
        "required column order_id is not mapped",
    ),
    "file name": ("1_sources/shop-orders.yml", SOURCE, "a table is named after the file"),
    "grain": (
        "2_staging/orders.yml",
        CONTRACT.replace("[source, order_id]", "[source, ordr_id]"),
        "did you mean order_id?",
    ),
    "reference": (
        "2_staging/orders.yml",
        CONTRACT.replace("type: money", "type: money, references: order"),
        "no core table (did you mean orders?)",
    ),
    "later layer": (
        "4_profiles/late.sql",
        "-- Late\n-- grain: a\nselect a from reports.sizes",
        "a model reads its own or an earlier layer, not reports",
    ),
    "no layer": (
        "4_profiles/late.sql",
        "-- Late\n-- grain: a\nselect a from profile.sizes",
        "no layer profile (did you mean profiles?)",
    ),
    "same table twice": (
        "4_profiles/spending.sql",
        "-- Twice\n-- grain: a\nselect 1 as a",
        "profiles.spending is also made by",
    ),
    "destination": (
        "5_segments/audiences/all.yml",
        FILES["5_segments/audiences/all.yml"].replace("[mail]", "[mial]"),
        "unknown destination mial (did you mean mail?)",
    ),
    "project.yml": ("project.yml", "name: small\nzone_: UTC\n", "project.yml:2: unknown key 'zone_'"),
    "no survivorship": ("4_profiles/survivorship.yml", None, "survivorship.yml: file not found"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_its_file(tmp_path: Path, mistake: str) -> None:
    """Names that are looked up in other files are checked, and the nearest is offered."""
    name, text, said = MISTAKES[mistake]
    problems = told(tmp_path, **{name: text})
    assert said in problems
    assert name in problems


def test_every_mistake_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    """One run of the command shows all there is to mend."""
    chosen = ("mapped column", "grain", "later layer", "destination", "project.yml")
    problems = told(tmp_path, **{MISTAKES[name][0]: MISTAKES[name][1] for name in chosen})
    for name in chosen:
        assert MISTAKES[name][2] in problems


def test_previous_tables_may_be_of_any_layer(tmp_path: Path) -> None:
    """What was published last night is there whole, so a model may read any of it."""
    sql = "-- Before\n-- grain: a\nselect a from previous.segments.history"
    assert "profiles.before" in read_project(folder(tmp_path, **{"4_profiles/before.sql": sql})).models


def test_the_folders_are_those_of_the_readme() -> None:
    """Every folder the engine reads is there in dbt_like_sql."""
    real = Path(__file__).parents[2] / "dbt_like_sql"
    assert {path for path in real.iterdir() if path.is_dir()} == {*layer_folders(real).values(), real / CHECKS}
    layers = ("raw", "staging", "quarantine", "identity", "profiles", "segments", "activation", "reports")
    assert read_project(real).layers == layers
    assert read_project(real).layers_from("activation") == layers[-2:]
    assert read_project(real).layers_from("nowhere") == layers
