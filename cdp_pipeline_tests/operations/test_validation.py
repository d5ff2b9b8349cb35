"""Every mistake of a project folder is told at once, with its file, its line and the nearest name."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from cdp_pipeline.cli.main import main
from cdp_pipeline.errors import ProjectError
from cdp_pipeline.operations.validation import readable, settings_of, validate
from cdp_pipeline.project.shapes import Alerts

PROJECT = Path(__file__).parents[2] / "dbt_like_sql"


class Mistake(NamedTuple):
    """A slip of the pen: in `file`, `right` became `wrong`; what is told of it, with the line of `wrong` or of `at`."""

    file: str
    right: str
    wrong: str
    words: str
    at: str = ""


MISTAKES = (
    Mistake("project.yml", "keep_snapshots: 7", "keep_snapshot: 7", "did you mean keep_snapshots?"),
    Mistake("1_sources/zendesk_tickets.yml", "subject: Subject", "subjct: Subject", "did you mean subject?"),
    Mistake("1_sources/klaviyo_profiles.yml", "phone: telephone", "phone: telephon", "did you mean telephone?"),
    Mistake("1_sources/prestashop_customers.yml", "into:\n  people:", "into:\n  peopel:", "did you mean people?"),
    Mistake("1_sources/hubspot_api_email_events.yml", "not_sent: \"happened", "not_sent: \"hapened", "did you mean happened?"),
    Mistake("1_sources/ga4_events.yml", "owner: analytics team", "onwer: analytics team", "did you mean owner?"),
    Mistake("1_sources/magento_orders.yml", "kinds: row_kind", "kinds: row_kinds", "did you mean row_kind?"),
    Mistake("1_sources/segment_events.yml", "filled: [value]", "filled: [values]", "did you mean value?"),
    Mistake("1_sources/shopify_orders.yml", "from file\n", "from files\n", "file that it was not given", "prepare:"),
    Mistake("2_staging/tickets.yml", "solved_at >= opened_at", "solvd_at >= opened_at", "did you mean solved_at?"),
    Mistake("2_staging/products.yml", "owner:", "ownr:", "did you mean owner?"),
    Mistake("2_staging/orders.yml", "references: people", "references: peple", "did you mean people?"),
    Mistake("2_staging/permissions.yml", "least(_delivered_at, as_of)", "least(_deliverd_at, as_of)", "_delivered_at?"),
    Mistake("3_identity/matching.yml", "  - [full_name, postcode]", "  - [full_name, postcod]", "postcode", "blocking:"),
    Mistake("3_identity/placeholders.yml", "crowded_birth_date:", "crowded_birth_dates:", "did you mean crowded_birth_date?"),
    Mistake("4_profiles/attributes/service.sql", "max(opened_at)", "max(openedd_at)", "did you mean opened_at?"),
    Mistake("4_profiles/survivorship.yml", "trust:", "trusts:", "did you mean trust?"),
    Mistake("5_segments/lifecycle.yml", "recency_days > 365", "recency_day > 365", "did you mean recency_days?"),
    Mistake("5_segments/audiences/win_back_high_value.yml", "net_revenue >=", "net_revenu >=", "did you mean net_revenue?"),
    Mistake("5_segments/audiences/win_back_high_value.yml", "plain_csv]", "plain_cvs]", "did you mean plain_csv?"),
    Mistake("6_activation/plain_csv.yml", "normalise: email", "normalise: emails", "did you mean email?"),
    Mistake("6_activation/klaviyo_sms.yml", "purpose: sms_marketing", "purpose: sms_marketin", "did you mean sms_marketing?"),
    Mistake("7_reports/audience_funnels.sql", "from activation.receipts", "from activation.receipt", "activation.receipts?"),
    Mistake("checks/refusals_are_applied.sql", "outcome in (", "outcom in (", "did you mean outcome?"),
    Mistake("checks/revenue_adds_up.sql", "-- severity: error", "-- severity: eror", "severity is error or warn"),
)  # fmt: skip


def make(folder: Path, mistakes: tuple[Mistake, ...]) -> Path:
    """A copy of the project with these mistakes in it."""
    project = Path(shutil.copytree(PROJECT, folder / "dbt_like_sql"))
    for mistake in mistakes:
        path = project / mistake.file
        text = path.read_text(encoding="utf-8")
        assert mistake.right in text, mistake
        path.write_text(text.replace(mistake.right, mistake.wrong, 1), encoding="utf-8")
    return project


def place(project: Path, mistake: Mistake) -> str:
    """`file:line` of the mistake."""
    path = project / mistake.file
    before, _, _ = path.read_text(encoding="utf-8").partition(mistake.at or mistake.wrong)
    extra = mistake.wrong.count("\n") if mistake.wrong.startswith("into:") else 0
    return f"{path}:{before.count(chr(10)) + 1 + extra}"


def told(project: Path) -> tuple[str, ...]:
    """Every problem that is told of a project."""
    with pytest.raises(ProjectError) as error:
        validate(project)
    return error.value.problems


def test_the_shipped_project_has_no_mistake() -> None:
    """And it has every step and check that a night runs."""
    project, pipeline = validate(PROJECT)
    assert len(project.sources) >= 39
    assert {"staging.people", "profiles.customers"} <= set(pipeline.tables)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: f"{mistake.file}: {mistake.wrong.split()[0]}")
def test_a_mistake_is_told_with_its_place(tmp_path: Path, mistake: Mistake) -> None:
    """One problem, with file and line, and the name that was meant."""
    project = make(tmp_path, (mistake,))
    problems = told(project)
    assert len([problem for problem in problems if mistake.words in problem]) == 1, problems
    assert all(problem.startswith(str(project / mistake.file)) for problem in problems)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Those of one file do not hide those of another, and a file that cannot be read makes no mistake of its readers."""
    project = make(tmp_path, MISTAKES)
    problems = told(project)
    for mistake in MISTAKES:
        assert [p for p in problems if p.startswith(str(project / mistake.file)) and mistake.words in p], mistake
    assert len(problems) < len(MISTAKES) + 5, problems  # where a kind of row is misspelt, so is each `where` over it


@pytest.mark.parametrize(
    "mistake", [m for m in MISTAKES if m.file.endswith(".yml")], ids=lambda m: f"{m.file}: {m.wrong.split()[0]}"
)
def test_the_line_is_that_of_the_mistake(tmp_path: Path, mistake: Mistake) -> None:
    """Of YAML, the line of the key that is wrong."""
    project = make(tmp_path, (mistake,))
    assert [p for p in told(project) if p.startswith(f"{place(project, mistake)}:") and mistake.words in p]


def test_the_command_tells_them_and_ends_with_2(tmp_path: Path) -> None:
    """Each on a line of its own; a project without a mistake ends well and says what was read."""
    project = make(tmp_path, MISTAKES[:3])
    said = CliRunner().invoke(main, ["validate", "--project", str(project)])
    assert said.exit_code == 2
    assert len(said.output.splitlines()) == 3
    said = CliRunner().invoke(main, ["validate", "--project", str(PROJECT)])
    assert said.exit_code == 0
    assert "39 sources" in said.output


def test_who_is_told_is_known_when_the_project_is_broken(tmp_path: Path) -> None:
    """A mistake in any other file leaves the alerts of project.yml readable; one in project.yml leaves the defaults."""
    (tmp_path / "project.yml").write_text("name: test\nalerts: {owner: night team}\n")
    (tmp_path / "1_sources").mkdir()
    (tmp_path / "1_sources" / "orders.yml").write_text("nonsense: true\n")
    project, pipeline, problems = readable(tmp_path)
    assert (project.settings.alerts.owner, pipeline) == ("night team", None)
    assert problems
    (tmp_path / "project.yml").write_text("name: [\n")
    assert settings_of(tmp_path).alerts == Alerts()
    assert settings_of(tmp_path / "nowhere").alerts == Alerts()
