"""One change, one file: a source, a rule, an attribute, an audience and a destination, each by one new file.

What belongs here: a copy of dbt_like_sql with one file more, and a published value that only this file
can cause. What does not: changes of the engine; cdp_pipeline is the installed one throughout.
"""

from __future__ import annotations

import csv
import os
import shutil
from pathlib import Path

import pytest

from cdp_pipeline_tests.acceptance.published import PROJECT, assert_one_state, cdp, manifest_of, publish_next, rows


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of dbt_like_sql to which a test adds its one file."""
    return Path(shutil.copytree(PROJECT, tmp_path / "dbt_like_sql"))


def test_a_source_is_one_file(exports: Path, data: Path, project: Path, tmp_path: Path) -> None:
    """A YAML for an export nobody knew before makes its rows people."""
    drop_zone = Path(shutil.copytree(exports, tmp_path / "exports"))
    delivered = drop_zone / "loyalty" / "members.csv"
    delivered.parent.mkdir()
    delivered.write_text(
        "card,mail,born,points\nL1,ottoline.quillfeather@example.org,1971-02-03,120\nL2,,1980-01-01,5\n"
    )
    os.utime(delivered, (1_780_000_000, 1_780_000_000))  # a file that is still warm may still grow
    (project / "1_sources" / "loyalty_members.yml").write_text("""\
description: Members of the loyalty card
owner: shop team
files: "loyalty/members*.csv"
system: loyalty
legal_basis: contract
into:
  people:
    filled: email
    columns: {record_id: card, email: mail, birth_date: born, attributes.points: points}
""")
    publish_next(drop_zone, data, project)
    member = rows(data, """
        select r.record_id, c.email, c.birth_date::varchar from identity.person_records as r
        join profiles.contacts as c using (person_id) where r.source = 'loyalty'
    """)  # fmt: skip
    assert member == [("L1", "ottoline.quillfeather@example.org", "1971-02-03")]
    ledger = rows(data, """
        select file, rows_read, rows_empty, rows_staged from staging.reconciliation
        where source_name = 'loyalty_members'
    """)  # fmt: skip
    assert ledger == [("loyalty/members.csv", 2, 1, 1)]


def test_a_word_is_one_line(exports: Path, data: Path, project: Path, tmp_path: Path) -> None:
    """A word of words.csv grants from the next run on; one that stands nowhere refuses, is listed, and stops nobody else."""
    drop_zone = Path(shutil.copytree(exports, tmp_path / "exports"))
    delivered = drop_zone / "market" / "answers.csv"
    delivered.parent.mkdir()
    delivered.write_text(
        "card,mail,answer,day\n"
        "M1,Ottoline <ottoline@stall.example>,Gladly.,2026-05-03\n"
        "M2,'peregrine@stall.example',not really,2026-05-03\n"
    )
    os.utime(delivered, (1_780_000_000, 1_780_000_000))
    (project / "1_sources" / "market_answers.yml").write_text("""\
description: Answers given at the stall
owner: shop team
files: "market/answers*.csv"
system: market
legal_basis: consent
into:
  people:
    filled: email
    columns: {record_id: card, email: mail}
  permissions:
    columns:
      record_id: card
      namespace: {sql: "'email'"}
      value: mail
      purpose: {sql: "'email_marketing'"}
      channel: {sql: "'email'"}
      status: answer
      basis: {sql: "'consent'"}
      changed_at: day
""")
    words = project / "2_staging" / "words.csv"
    words.write_text(f"{words.read_text(encoding='utf-8').rstrip()}\ngladly,en,true,granted\n", encoding="utf-8")
    publish_next(drop_zone, data, project)
    answered = rows(data, """
        select value, status, is_permitted from profiles.identifier_permissions
        where value like '%@stall.example' order by value
    """)  # fmt: skip
    assert answered == [("ottoline@stall.example", "granted", True), ("peregrine@stall.example", "denied", False)]
    ((line, outcome, reasons, status),) = rows(data, """
        select line, outcome, reasons, status from quarantine.permissions where source_name = 'market_answers'
    """)  # fmt: skip
    assert (line, outcome, status) == (3, "mended", "not really")
    assert str(reasons).startswith("status: not one of granted")


def test_a_rule_is_one_file(exports: Path, data: Path, project: Path) -> None:
    """A SELECT of failing rows is a check of the next run, and its verdict is published with the tables."""
    (project / "checks" / "orders_are_not_huge.sql").write_text("""\
-- No order is above a hundred.
-- asset: profiles.order_facts
-- severity: warn
-- owner: webshop team
-- fix: Look at the order
select source, order_id from profiles.order_facts where gross_amount > 100
""")
    assert "orders_are_not_huge" not in manifest_of(data).checks
    publish_next(exports, data, project)
    verdict = manifest_of(data).checks["orders_are_not_huge"]
    huge = rows(data, "select count(*) from profiles.order_facts where gross_amount > 100")[0][0]
    assert (verdict.passed, verdict.is_blocking, verdict.failing_rows) == (False, False, huge)
    assert isinstance(huge, int)
    assert huge > 0
    told = cdp("check", "--data", data, "--project", project)
    assert told.returncode == 0
    assert f"warn: orders_are_not_huge: {huge} rows; Look at the order (owner: webshop team)" in told.stderr


def test_an_attribute_is_one_file(exports: Path, data: Path, project: Path) -> None:
    """A theme of one row a person is a column of profiles.customers, filled for those who have it."""
    (project / "4_profiles" / "attributes" / "big_spender.sql").write_text("""\
-- The biggest single order of a person.
-- grain: person_id
-- owner: crm team
select
    person_id, -- Person
    max(gross_amount) as biggest_order -- Highest charge of one order
from profiles.order_facts
where person_id is not null
group by person_id
""")
    publish_next(exports, data, project)
    assert_one_state(data)
    both = rows(data, """
        select count(*), count(biggest_order), count(*) filter (biggest_order is distinct from highest)
        from profiles.customers
        left join (select person_id, max(gross_amount) as highest from profiles.order_facts group by person_id)
        using (person_id)
    """)  # fmt: skip
    people, filled, different = both[0]
    assert different == 0
    assert isinstance(filled, int)
    assert isinstance(people, int)
    assert 0 < filled < people


def test_an_audience_is_one_file(exports: Path, data: Path, project: Path) -> None:
    """A rule in a YAML becomes memberships, a file of those who may be written to, and its receipt."""
    (project / "5_segments" / "audiences" / "dutch_buyers.yml").write_text("""\
description: Everybody in the Netherlands who ever bought
owner: crm team
purpose: email_marketing
where: country = 'NL' and orders_count >= 1
destinations: [plain_csv]
""")
    publish_next(exports, data, project)
    assert_one_state(data)
    members = rows(data, "select person_id from segments.memberships where segment = 'dutch_buyers' order by 1")
    meant = rows(data, "select person_id from profiles.customers where country = 'NL' and orders_count >= 1 order by 1")
    assert members == meant != []
    receipt = rows(data, "select in_rule, written from activation.receipts where audience = 'dutch_buyers'")
    with (data / "current" / "activation" / "plain_csv" / "dutch_buyers.csv").open(newline="") as file:
        written = [line["person_id"] for line in csv.DictReader(file)]
    assert receipt == [(len(members), len(written))]
    assert 0 < len(written) < len(members)
    assert set(written) < {person for (person,) in members}


def test_a_destination_is_one_file(exports: Path, data: Path, project: Path) -> None:
    """A YAML that names its audiences becomes their files, through the same gates, with receipts."""
    (project / "6_activation" / "post_house.yml").write_text("""\
description: Hashed addresses for a mailing house
owner: crm team
audiences: [win_back_high_value]
needs: [{purpose: email_marketing, channel: email}]
transfer:
  recipient: own organisation
  country: NL
  basis: none_needed
  document: Used inside the organisation only
  valid_from: 2020-01-01
keys: [[digest]]
columns:
  - {name: digest, value: email, normalise: email, hash: sha256}
""")
    publish_next(exports, data, project)
    assert_one_state(data)
    told = rows(data, """
        select destination, written from activation.receipts
        where audience = 'win_back_high_value' and destination in ('post_house', 'plain_csv') order by 1
    """)  # fmt: skip
    with (data / "current" / "activation" / "post_house" / "win_back_high_value.csv").open(newline="") as file:
        digests = [line["digest"] for line in csv.DictReader(file)]
    assert told == [("plain_csv", len(digests)), ("post_house", len(digests))]
    assert digests
    assert all(len(digest) == 64 for digest in digests)
