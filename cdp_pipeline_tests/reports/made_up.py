"""A made-up run: every table that the report models read, small, with known oddities.

What belongs here: rows by arithmetic, nothing random, nobody real. What does not: assertions.

1,200 people have 2,104 records in three systems; one file is refused and one has a name that is HTML;
`klaviyo_sms` may not write any file; segment `tiny` is smaller than the floor.
"""

# ruff: noqa: E501  (a row of a table reads best as one line)

from __future__ import annotations

from datetime import date
from functools import reduce
from graphlib import TopologicalSorter
from pathlib import Path

from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Settings
from cdp_pipeline.project.sql_model import Model, read_model
from cdp_pipeline.reports.steps import steps
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.manifest import Entry, Verdict
from cdp_pipeline.run.run_folder import open_run

FOLDER = Path(__file__).parents[2] / "dbt_like_sql"
AS_OF = date(2026, 6, 30)
CORE = (
    "people",
    "identifiers",
    "links",
    "permissions",
    "products",
    "orders",
    "order_lines",
    "events",
    "tickets",
    "messages",
)

TABLES = {
    "raw.arrivals": """
        select * from (values
            ('2026-06/orders.csv', 'shop_orders', 'f1', timestamp '2026-06-30 01:00:00'),
            ('contacts.csv', 'crm_contacts', 'f3', timestamp '2026-06-29 01:00:00')
        ) as arrivals(file, source, fingerprint, delivered_at)""",
    "raw.files": """
        select *, []::varchar[] as missing_columns, if(fingerprint = 'f3', 30, 0) as rows_withheld from (values
            ('2026-06/orders.csv', 'shop_orders', 'f1', 'loaded', 5200, 5196, 4, ['Notes', 'Tags'], null),
            ('2026-05/orders.csv', 'shop_orders', 'f2', 'loaded', 4800, 4800, 0, ['Notes'], null),
            ('contacts.csv', 'crm_contacts', 'f3', 'loaded', 1130, 1100, 0, []::varchar[], null),
            ('members.csv', 'news_members', 'f4', 'loaded', 900, 900, 0, ['LEID'], null),
            ('copy/members.csv', 'news_members', 'f5', 'duplicate', 0, 0, 0, []::varchar[], 'the same as members.csv'),
            ('<img src=x>.csv', 'crm_contacts', 'f6', 'refused', 0, 0, 0, []::varchar[], 'required column Email is missing'),
            ('holiday.jpg', null, null, 'unclaimed', 0, 0, 0, []::varchar[], 'no source claims it')
        ) as files(file, source, fingerprint, status, rows_read, rows_loaded, rows_rejected, unmapped_columns, reason)""",
    "staging.reconciliation": """
        select * from (values
            ('shop_orders', '2026-06/orders.csv', 'orders', 5196, 0, 1190, 10, 6, 40, 150, 3800, 0),
            ('shop_orders', '2026-05/orders.csv', 'orders', 4800, 0, 1000, 0, 0, 0, 0, 3800, 0),
            ('shop_orders', '2026-06/orders.csv', 'people', 5196, 0, 4392, 0, 0, 0, 0, 804, 0),
            ('crm_contacts', 'contacts.csv', 'people', 1100, 0, 0, 0, 0, 90, 10, 1000, 7),
            ('news_members', 'members.csv', 'people', 900, 0, 0, 0, 0, 600, 0, 300, 0)
        ) as rows(source_name, file, table_name, rows_read, rows_erased, rows_not_mapped, rows_empty, rows_dropped, rows_superseded, rows_quarantined, rows_staged, rows_mended)""",
    "quarantine.orders": """
        select 'shop_orders' as source_name, if(i < 150, 'quarantined', 'superseded') as outcome,
            if(i < 150, if(i % 3 = 0, 'currency: not an allowed value; ordered_at: missing', 'currency: not an allowed value'), 'a newer row of the same key') as reasons
        from range(190) as r(i)""",
    "identity.person_records": """
        select 'shop' as source, 's' || i as record_id, 'p' || lpad(i::varchar, 4, '0') as person_id, 0.9 as confidence from range(804) as r(i)
        union all select 'crm', 'c' || i, 'p' || lpad((i + 200)::varchar, 4, '0'), 0.9 from range(1000) as r(i)
        union all select 'news', 'n' || i, 'p' || lpad((i * 4)::varchar, 4, '0'), 0.9 from range(300) as r(i)""",
    "identity.pairs": """
        select i as record_key_l, i + 1 as record_key_r, 8.0 as match_weight, if(i % 5 = 0, 'login', 'model') as provenance, i % 7 <> 0 as is_kept
        from range(900) as r(i)""",
    "identity.changes": """
        select date '2026-06-30' as as_of, if(i < 30, 'created', 'merged') as change, 'p' as person_id from range(42) as r(i)
        union all select date '2026-05-31', 'created', 'p' from range(500)""",
    "identity.blocked_identifiers": "select 'email' as kind, 'x' as value_hash, 45 as records, 'carried by strangers' as reason",
    "identity.model_weights": """
        select * from (values
            ('email', 2, 'same e-mail', 0.5, 0.0001, 12.29), ('email', 1, 'e-mails alike', 0.05, 0.001, 5.64), ('email', 0, 'other e-mail', 0.45, 0.9989, -1.15),
            ('name', 2, 'same full name', 0.6, 0.001, 9.23), ('name', 1, 'same last name', 0.2, 0.01, 4.32), ('name', 0, 'other name', 0.2, 0.989, -2.31),
            ('birth date', 1, 'same birth date', 0.9, 0.0003, 11.55), ('birth date', 0, 'other birth date', 0.02, 0.9997, -5.64)
        ) as weights(comparison, level, label, m, u, match_weight)""",
    "identity.guards": """
        select * from (values
            ('average_linkage', 'pairs', null, 53, 'Pairs whose groups do not fit'), ('junk_email', 'identifiers', null, 0, 'E-mail addresses blocked'),
            ('large_persons', 'persons', 1200, 3, 'Persons of more than 50 records'), ('veto_first_name', 'pairs', 145, 1155, 'Pairs whose first names differ')
        ) as guards(guard, unit, before, affected, words)""",
    "identity.passes": """
        select date '2026-06-30' - i::integer as as_of, if(i = 3, 'full', 'incremental') as kind, 'few are new' as why, 2104 as records,
            10 + i as new_nodes, 1000 * i as pairs_scored, if(i = 3, 0.9998, null) as f1_against_incremental
        from range(12) as r(i)""",
    "identity.accuracy": """
        select * from (values
            (date '2026-06-30', 'file', 'precision', 'all', 0.9876, null, null, 800, 800, '4 labelled records are not there'),
            (date '2026-06-30', 'file', 'recall', 'all', 0.9321, null, null, 800, 800, ''),
            (date '2026-06-30', 'sample', 'pair_precision', 'all', null, 0.8, 1.0, 50, 900, 'nobody judged: joined: weight below 6'),
            (date '2026-06-30', 'sample', 'share_same', 'joined: weight 12 or more', 1.0, 0.93, 1.0, 50, 500, ''),
            (date '2026-06-29', 'file', 'recall', 'all', 0.1234, null, null, 800, 800, '')
        ) as accuracy(as_of, labels, measure, part, value, low, high, judged, "of", note)""",
    "identity.review_queue": """
        select if(i < 30, 'merge', 'split') as decision, 2 as records_moved, 1 as orders_moved, 50::decimal(18, 4) as revenue_moved from range(41) as r(i)""",
    "identity.households": """
        select 'p' || i as person_id, 'H' || if(i < 400, i, i // 2) as household_id, if(i < 400, 1, 2) as people from range(430) as r(i)""",
    "staging.people": """
        select source, record_id, if(source <> 'shop', 'x', null) as full_name, 'x' as email, if(source = 'crm', '1', null) as phone,
            null as attributes, null as is_email_verified, null as created_at, null as updated_at, 'f' as _file, 1 as _line
        from {identity.person_records}""",
    "profiles.contacts": """
        select 'p' || lpad(i::varchar, 4, '0') as person_id, 'x' as full_name, if(i % 50 = 0, null, 'p' || i) as email, if(i % 3 = 0, null, '1') as phone,
            if(i % 9 = 0, 'x', null) as company
        from range(1200) as r(i)""",
    "profiles.permissions": """
        select person_id, 'email' as namespace, email as value, 'email_marketing' as purpose, 'email' as channel, null as recipient,
            rank % 3 = 0 as is_permitted, case rank % 3 when 0 then 'granted' when 1 then 'pending' else 'withdrawn' end as reason
        from (select *, row_number() over (order by person_id) - 1 as rank from {profiles.contacts} where email is not null)
        where rank < 900
        union all
        select person_id, 'phone', phone, 'sms_marketing', 'sms', null, true, 'granted' from {profiles.contacts} where phone is not null and person_id < 'p0045'""",
    "profiles.order_facts": """
        select if(i % 20 = 0, null, 'p' || lpad((i % 600)::varchar, 4, '0')) as person_id, date '2026-06-30' - (i % 900)::integer as order_date,
            true as is_sale, false as is_returned, false as is_cancelled, if(i % 100 = 1, 'USD', 'EUR') as currency, 100::decimal(18, 4) as gross_amount, (i % 2 * 5)::decimal(18, 4) as refunded_amount,
            (100 - i % 2 * 5)::decimal(18, 4) as net_amount
        from range(3600) as r(i)""",
    "profiles.customers": """
        select c.*, 2 as records_count, coalesce(o.orders, 0) as orders_count, if(o.currencies > 1, null, 100)::decimal(18, 4) as net_revenue,
            p.person_id is not null as is_reachable_by_email
        from {profiles.contacts} as c
        left join (select person_id, count(*) as orders, count(distinct currency) as currencies from {profiles.order_facts} group by all) as o using (person_id)
        left join (select person_id from {profiles.permissions} where is_permitted and channel = 'email') as p using (person_id)""",
    "segments.sizes": """
        select * from (values
            ('lifecycle', 'prospect', 'exclusive', 630, 640, 0, 10), ('lifecycle', 'active', 'exclusive', 463, 465, 35, 37),
            ('lifecycle', 'at_risk', 'exclusive', 100, 70, 40, 10), ('lifecycle', 'tiny', 'exclusive', 7, 7, 0, 0), ('lifecycle', 'unclassified', 'exclusive', 0, 0, 0, 0),
            ('audience', 'win_back', 'audience', 100, 70, 40, 10), ('audience', 'vip', 'audience', 400, 400, 0, 0), ('audience', 'idle', 'audience', 60, 60, 0, 0)
        ) as sizes(segmentation, segment, kind, people, previous_people, entered, "left")
        cross join lateral (select if(segment = 'vip', 33, 0) as unknown)""",
    "segments.overlaps": "select 'vip' as segment_a, 'win_back' as segment_b, 40 as people, 0.1 as share_of_a, 0.4 as share_of_b",
    "activation.receipts": """
        select *, 0 as removed, 'email_marketing through email' as needs, 'Newsletter Ltd (NL, none_needed)' as recipient from (values
            ('newsletter', 'vip', 400, 390, 160, 160, 160, 158, 'written: 158; kept back: 10 without a usable key, 230 without permission'),
            ('newsletter', 'win_back', 100, 97, 45, 45, 45, 45, 'written: 45; kept back: 52 without permission'),
            ('klaviyo_sms', 'vip', 400, 260, 12, 12, 0, 0, 'nothing written: fewer different people than the minimum of 50 are permitted')
        ) as receipts(destination, audience, in_rule, has_key, permitted, transfer_allowed, above_minimum, written, reason)""",
    "activation.reasons": """
        select * from (values
            ('newsletter', 'vip', 'written', 158), ('newsletter', 'vip', 'never asked', 180), ('newsletter', 'vip', 'withdrawn', 50),
            ('newsletter', 'vip', 'no usable key', 10), ('newsletter', 'vip', 'same key as another person', 2),
            ('newsletter', 'win_back', 'written', 45), ('newsletter', 'win_back', 'never asked', 52), ('newsletter', 'win_back', 'no usable key', 3),
            ('klaviyo_sms', 'vip', 'no usable key', 140), ('klaviyo_sms', 'vip', 'never asked', 248), ('klaviyo_sms', 'vip', 'below the minimum size', 12)
        ) as reasons(destination, audience, reason, people)""",
}  # fmt: skip


def made_up_run(folder: Path, extra: Path | None = None) -> Run:
    """A run with every table of TABLES and every report table written, and its page."""
    problems: list[str] = []
    paths = [*sorted((FOLDER / "7_reports").glob("*.sql")), *([extra] if extra else [])]
    models = {model.name: model for path in paths if (model := read_model(path, "reports", problems))}
    assert not problems, problems
    project = Project(FOLDER, Settings(name="shop"), models=models)
    run = open_run(Run(project, folder / "exports", folder / "data", AS_OF, "run-1", b"key"))
    write_inputs(run)
    for name in TopologicalSorter(
        {model.name: set(model.inputs) & set(models) for model in models.values()}
    ).static_order():
        write_model(run, models[name])
    run.record({"raw.files": Entry("k", "d", 7, seconds=1.5), "identity.pairs": Entry("k", "d", 9, seconds=4.25)})
    run.record({"segments.sizes": Entry("k", "d", 7, is_reused=True)})
    run.record_checks({"orders_refer_to_people": Verdict(passed=False, is_blocking=False, failing_rows=3)})
    (step,) = steps(project)
    step.run(run)
    return run


def write_inputs(run: Run) -> None:
    with run.connect() as con:
        empty = {f"quarantine.{t}": "select '' as source_name, '' as outcome, '' as reasons where false" for t in CORE}
        paths = {f"{{{table}}}": f"read_parquet('{run.path(table)}')" for table in TABLES}
        for table, select in (empty | TABLES).items():
            run.write(con, table, reduce(lambda sql, name: sql.replace(name, paths[name]), paths, select), ())


def write_model(run: Run, model: Model) -> None:
    with run.connect(*model.inputs, empty=model.empty) as con:
        run.write(con, model.name, model.sql.rstrip().rstrip(";"), model.grain)
