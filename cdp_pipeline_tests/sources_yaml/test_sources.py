"""Every source YAML: it fits the core tables, its SQL can be run, and it claims its vendor's files.

What belongs here: what holds for all of them. What does not: what single sources make of their rows
(test_shopify.py, test_shop.py, test_contacts.py, test_web.py).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Expression, Settings, Source
from cdp_pipeline.run.lake import Run
from cdp_pipeline.sources.arrivals import matches
from cdp_pipeline.sources.steps import steps as raw_steps
from cdp_pipeline.staging.mapping import candidates, open_source
from cdp_pipeline_tests.sources_yaml.exports import PROJECT, contracts, open_rows, sources, words

NAMES = sorted(sources())
SECRET = ("password", "rp_token", "credit_card")
CLAIMED_BY_NAME = {
    "night/hubspot/hubspot-crm-exports-contacts-2026-05-01.csv": "hubspot_contacts",
    "hubspot-crm-exports-all-contacts-2026-05-01.csv": "hubspot_contacts",
    "shop/customers_export_2026-05-01.csv": "shopify_customers",
    "customers_export.csv": "shopify_customers",
    "shop/orders_export_1.csv.gz": "shopify_orders",
    "shop/products_export_1.csv": "shopify_products",
    "zendesk/tickets-2026-05-01.csv": "zendesk_tickets",
    "zendesk/2026-05-01/tickets-1.csv": "zendesk_tickets",
    "subscribed_members_export_4ed33bb787.csv": "mailchimp_subscribed",
    "unsubscribed_members_export_4ed33bb787.csv": "mailchimp_unsubscribed",
    "cleaned_members_export_4ed33bb787.csv": "mailchimp_cleaned",
    "meta/leads_2026-05-01.csv": "meta_leads",
    "ga4/events_20260501.jsonl.gz": "ga4_events",
    "ga4_sync/event_data.csv": "ga4_flat_events",
    "hubspot_sync/contact_data.csv": "hubspot_api_contacts",
    "hubspot_sync/contact_merge_audit_data.csv": "hubspot_api_merges",
    "hubspot_sync/email_event_open_data.csv": "hubspot_api_email_events",
    "zendesk_sync/user_data.csv": "zendesk_api_users",
    "zendesk_sync/ticket_data.csv": "zendesk_api_tickets",
    "mailchimp_sync/member.csv": "mailchimp_api_members",
    "mailchimp_sync/campaign_recipient.csv": "mailchimp_api_sent",
    "mailchimp_sync/campaign_recipient_activity.csv": "mailchimp_api_activity",
    "salesforce/accountData.csv": "salesforce_accounts",
    "salesforce/Contact.csv": "salesforce_contacts",
    "salesforce/Lead.csv": "salesforce_leads",
    "shopify_order_line_data.csv": "shopify_api_orders",
    "shopify_customer_data.csv": "shopify_api_customers",
    "snowplow/snowplow_web_events.csv": "snowplow_web_events",
    "segment_out/calls.ndjson": "segment_events",
    "magento/customer_profile.csv": "magento_customers",
    "prestashop/customers_import.csv": "prestashop_customers",
    "prestashop/addresses_import.csv": "prestashop_addresses",
    "woocommerce_analytics_customers.csv": "woocommerce_customers",
    "wc-orders-report.csv": "woocommerce_orders",
    "orders-export-2026-05-01.csv": "woocommerce_suite_orders",
    "klaviyo_newsletter_list.csv": "klaviyo_profiles",
}


def expressions(source: Source) -> Iterator[str]:
    for mappings in source.into.values():
        for mapping in mappings:
            yield from filter(None, (mapping.where, *mapping.drop.values()))
            yield from (value.sql for value in mapping.columns.values() if isinstance(value, Expression))


@pytest.mark.parametrize("name", NAMES)
def test_columns_are_those_of_the_core_tables(name: str) -> None:
    """A source maps only columns the core tables have, all required ones, and never `source`."""
    for table, mappings in sources()[name].into.items():
        columns = contracts()[table].columns
        required = {c for c, spec in columns.items() if spec.required} - {"source"}
        for mapping in mappings:
            targets = {c for c in mapping.columns if not c.startswith("attributes.")}
            assert targets <= set(columns) - {"source", "attributes"}, (table, targets - set(columns))
            assert required <= targets, (table, required - targets)


@pytest.mark.parametrize("name", NAMES)
def test_sql_is_one_select_or_one_expression(name: str) -> None:
    """Every snippet parses, `prepare` reads only `file`, and nothing asks the clock or draws lots."""
    source = sources()[name]
    for sql in expressions(source):
        assert len(sqlglot.parse(sql, dialect="duckdb")) == 1, sql
    tree = sqlglot.parse_one(source.prepare or "select * from file", dialect="duckdb")
    made = {cte.alias for cte in tree.find_all(exp.CTE)}
    assert {t.name for t in tree.find_all(exp.Table)} - made == {"file"}
    functions = (source.prepare or "").lower() + " ".join(expressions(source)).lower()
    assert not [word for word in ("now(", "random(", "current_", "any_value(", " hash(", "first(") if word in functions]


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_export_gives_no_row(name: str) -> None:
    """An export with a header and nothing below binds in every mapping, typed, and gives no row."""
    source = sources()[name]
    with open_rows(name, []) as con:
        columns = {row[0] for row in con.execute("describe prepared").fetchall()}
        assert {"_file", "_line", "_delivered_at"} <= columns
        for table, mappings in source.into.items():
            for ordinal, mapping in enumerate(mappings):
                query = candidates(name, source.system or name, source, mapping, ordinal, contracts()[table])
                assert con.execute(query).fetchall() == []


@pytest.mark.parametrize("name", NAMES)
def test_secrets_are_not_read(name: str) -> None:
    """No source refers to a password, a token or a card."""
    text = (PROJECT / "1_sources" / f"{name}.yml").read_text(encoding="utf-8")
    named = [line for line in text.lower().splitlines() if any(word in line for word in SECRET)]
    assert all("never read" in line for line in named), named


@pytest.mark.parametrize("name", [name for name in NAMES if "permissions" in sources()[name].into])
def test_a_grant_names_its_basis_and_no_proof_that_it_has_not(name: str) -> None:
    """A grant has a basis. Where its moment is only that of the delivery it has no proof, so it can lift no stop."""
    for mapping in sources()[name].into["permissions"]:
        text = {column: value.sql if isinstance(value, Expression) else str(value)
                for column, value in mapping.columns.items()}  # fmt: skip
        if "granted" in text["status"] or not isinstance(mapping.columns["status"], Expression):
            assert "basis" in text
        if "double_opt_in" in text.get("basis", ""):
            assert "proof" in text
        if "_delivered_at" in text["changed_at"]:
            assert "is not null" in text.get("proof", "is not null")  # only beside a date of its own


@pytest.mark.parametrize(("file", "name"), CLAIMED_BY_NAME.items())
def test_the_vendors_file_name_is_claimed_once(file: str, name: str) -> None:
    """A file under the name its vendor gives it is claimed by the one source that is meant, at any depth."""
    for path in (file, f"deep/er/{file}"):
        assert [n for n, s in sources().items() if any(matches(path, p) for p in s.files)] == [name]


# ---- the vendors' own files ----------------------------------------------------------------------

# rows of a core table that the files of a source give; files of a source that hold no row are not here
REFERENCE = {
    "ga4_flat_events": {"events": 6},
    "hubspot_api_contacts": {"people": 22, "identifiers": 22, "links": 3},
    "hubspot_api_email_events": {"messages": 97, "people": 100},
    "hubspot_api_form_submissions": {"events": 5},
    "hubspot_api_merges": {"links": 4},
    "magento_customers": {"people": 1},
    "magento_orders": {"orders": 2, "order_lines": 2, "people": 2},
    "mailchimp_api_activity": {"messages": 25},
    "mailchimp_api_members": {"people": 9, "permissions": 10},
    "mailchimp_api_sent": {"messages": 10},
    "mailchimp_api_unsubscribes": {"messages": 1},
    "prestashop_addresses": {"people": 11},
    "prestashop_customers": {"people": 9, "permissions": 9},
    "salesforce_accounts": {},  # companies without a person
    "segment_engage_profiles": {"people": 11},
    "segment_events": {"people": 2, "events": 7, "identifiers": 1},
    "shopify_api_checkouts": {"people": 3, "events": 3},
    "shopify_api_customers": {"people": 4, "permissions": 4},
    "shopify_api_orders": {"orders": 8, "order_lines": 3, "people": 8, "links": 8},
    "shopify_api_products": {"products": 8},
    "snowplow_web_events": {"events": 160, "permissions": 64},
    "zendesk_api_tickets": {"tickets": 10},
    "zendesk_api_users": {"people": 9},
}
HEADERS_ONLY = {
    "hubspot_contacts",
    "mailchimp_subscribed",
    "meta_leads",
    "shopify_customers",
    "shopify_orders",
    "woocommerce_customers",
    "woocommerce_orders",
    "zendesk_tickets",
}


@pytest.fixture(scope="module")
def vendors_run(reference_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose raw tables hold every vendor file of the reference data that some source claims."""
    folder = reference_data / "vendors"
    if not folder.is_dir():
        pytest.skip("CDP_REFERENCE_DATA has no folder `vendors`")
    data = tmp_path_factory.mktemp("vendors")
    exports = shutil.copytree(folder, data / "exports")
    for path in exports.rglob("*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    project = Project(
        folder=PROJECT, settings=Settings(name="test"), sources=sources(), contracts=contracts(), words=words()
    )
    run = Run(project=project, exports=exports, data=data, as_of=date(2026, 11, 1), id="one", key=b"k" * 32)
    run.folder.mkdir(parents=True)
    for step in raw_steps(project):
        step.run(run)
    return run


def test_vendor_files_are_claimed_and_loaded(vendors_run: Run) -> None:
    """No vendor file is refused, and every source that has a file loads it."""
    with vendors_run.connect("raw.files") as con:
        found = dict(con.execute("select status, count(*) from raw.files group by status").fetchall())
        loaded = {row[0] for row in con.execute("select source from raw.files where status = 'loaded'").fetchall()}
    assert set(found) == {"loaded", "unclaimed"}
    assert loaded == HEADERS_ONLY | set(REFERENCE)


@pytest.mark.parametrize("name", sorted({*REFERENCE, *HEADERS_ONLY}))
def test_vendor_rows_reach_the_core_tables(vendors_run: Run, name: str) -> None:
    """The vendors' rows give as many rows of each core table as are in them; a bare header gives none."""
    source = sources()[name]
    given: dict[str, int] = {}
    with vendors_run.connect() as con:
        has_rows = open_source(vendors_run, con, name, source)
        assert has_rows == (name not in HEADERS_ONLY)
        for table, mappings in source.into.items() if has_rows else ():
            given[table] = sum(_mapped(con, name, source, table, n) for n in range(len(mappings)))
    expected = REFERENCE.get(name, {})
    assert {
        table: rows for table, rows in given.items() if rows and (table in expected or name in HEADERS_ONLY)
    } == expected


def _mapped(con: duckdb.DuckDBPyConnection, name: str, source: Source, table: str, ordinal: int) -> int:
    mapping = source.into[table][ordinal]
    query = candidates(name, source.system or name, source, mapping, ordinal, contracts()[table])
    counted = con.execute(f"select count(*) from ({query}) where _outcome = 'mapped'").fetchall()
    return int(counted[0][0])
