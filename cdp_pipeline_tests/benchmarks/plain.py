"""The yardstick: the night's work as a script of one evening, DuckDB and Splink after Splink's documentation.

What belongs here: what an engineer would write who wants people, orders, segments and one audience out
of the demo's exports, tonight, with libraries only. What does not: anything of `cdp_pipeline`, and
whatever takes a second evening: checks, refused rows, ids that survive a run, history, erasure.

    python plain.py EXPORTS OUT      prints `stage.table: N rows` as tables are done
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import duckdb
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

AS_OF = "date '2026-06-30'"
FILES = {
    "contacts": "hubspot/*contacts*.csv",
    "accounts": "shopify/customers*.csv",
    "order_rows": "shopify/orders*.csv",
    "products": "shopify/products*.csv",
    "subscribed": "mailchimp/subscribed*.csv",
    "unsubscribed": "mailchimp/unsubscribed*.csv",
    "cleaned": "mailchimp/cleaned*.csv",
    "leads": "meta/leads*.csv",
    "ticket_rows": "zendesk/tickets*.csv",
}

# One row a record of a person, with the columns that Splink compares. split_part makes two names of one.
PEOPLE = """
with shop as (from order_rows where "Created at" is not null), raw_people as (
  select 'hubspot' as source, "Record ID" as record_id, "First Name" as first_name, "Last Name" as last_name,
    "Email" as email, coalesce("Phone Number", "Mobile Phone Number") as phone, "Date of birth" as dob,
    "Street Address" as street, "Postal Code" as postcode, "City" as city, "Last Modified Date" as updated_at
  from contacts
  union all
  select 'shopify', ltrim("Customer ID", ''''), "First Name", "Last Name", "Email",
    coalesce("Phone", "Default Address Phone"), null, "Default Address Address1", "Default Address Zip",
    "Default Address City", null from accounts
  union all
  select 'shopify', 'order:' || "Name", split_part("Billing Name", ' ', 1),
    substr("Billing Name", strpos("Billing Name", ' ') + 1), "Email", coalesce("Phone", "Billing Phone"),
    null, "Billing Address1", "Billing Zip", "Billing City", "Created at"[:19] from shop
  union all
  select 'mailchimp', 'member:' || lower("Email Address"), "First Name", "Last Name", "Email Address", null,
    null, null, null, null, "LAST_CHANGED" from members
  union all
  select 'meta_leads', ltrim(id, 'l:'), split_part(full_name, ' ', 1),
    substr(full_name, strpos(full_name, ' ') + 1), email, phone_number, null, null, null, null,
    created_time[:19]
  from leads
  union all
  select 'zendesk', "Requester id", split_part("Requester", ' ', 1),
    substr("Requester", strpos("Requester", ' ') + 1), "Requester email", null, null, null, null, null,
    max("Updated at") from ticket_rows group by all
)
select source || '|' || record_id as unique_id, source, record_id,
  nullif(lower(trim(first_name)), '') as first_name, nullif(lower(trim(last_name)), '') as last_name,
  nullif(lower(trim(email)), '') as email,
  nullif(right(regexp_replace(phone, '[^0-9]', '', 'g'), 9), '') as phone,
  try_cast(dob as date) as dob, nullif(trim(street), '') as street, nullif(trim(city), '') as city,
  nullif(upper(regexp_replace(postcode, '[^0-9A-Za-z]', '', 'g')), '') as postcode,
  coalesce(try_cast(updated_at as timestamp), timestamp '2000-01-01') as updated_at
from raw_people where record_id is not null
qualify row_number() over (partition by source, record_id order by updated_at desc) = 1
"""

ORDERS = """
select o."Name" as order_id, p.person_id, try_cast(o."Created at"[:19] as timestamp) as ordered_at,
  o."Currency" as currency,
  try_cast(o."Total" as decimal(18, 2)) - coalesce(try_cast(o."Refunded Amount" as decimal(18, 2)), 0) as net
from order_rows o left join person_records p on p.source = 'shopify' and p.record_id = 'order:' || o."Name"
where o."Created at" is not null and o."Cancelled at" is null and o."Financial Status" <> 'voided'
"""

CUSTOMERS = f"""
with golden as (
  select person_id, count(*) as records, max_by(first_name, updated_at) as first_name,
    max_by(last_name, updated_at) as last_name, max_by(email, updated_at) as email,
    max_by(phone, updated_at) as phone, max_by(dob, updated_at) as birth_date,
    max_by(street, updated_at) as street, max_by(postcode, updated_at) as postcode,
    max_by(city, updated_at) as city
  from people join person_records using (source, record_id) group by 1
), bought as (
  select person_id, count(*) as orders, sum(net) as revenue, max(ordered_at)::date as last_order
  from orders where person_id is not null group by 1
), rfm as (
  select *, ntile(5) over (order by last_order) as r, ntile(5) over (order by orders) as f,
    ntile(5) over (order by revenue) as m, {AS_OF} - last_order as recency from bought
), served as (
  select person_id, count(*) as tickets
  from ticket_rows t join person_records p on p.source = 'zendesk' and p.record_id = t."Requester id"
  group by 1
), devices as (
  select user_pseudo_id, min(user_id) as user_id from events where user_id is not null
  group by 1 having count(distinct user_id) = 1
), visited as (
  select person_id, count(*) as sessions,
    max(to_timestamp(try_cast(event_timestamp as bigint) / 1000000)) as last_visit
  from events join devices using (user_pseudo_id)
  join person_records p on p.source = 'shopify' and p.record_id = devices.user_id
  where event_name = 'session_start' group by 1
), opted_in as (
  select lower("Email Address") as email from subscribed
  union select lower("Email") from accounts where "Accepts Email Marketing" = 'yes'
), opted_out as (
  select lower("Email Address") as email from unsubscribed union select lower("Email Address") from cleaned
  union select lower("Email") from contacts where "Unsubscribed from all email" = 'true'
)
select *,
  email in (from opted_in) and email not in (from opted_out where email is not null) as may_mail,
  case when orders is null then 'prospect' when orders = 1 and recency <= 90 then 'new'
    when recency <= 180 then 'active' when recency <= 365 then 'at risk' else 'lapsed' end as segment
from golden left join rfm using (person_id) left join served using (person_id)
left join visited using (person_id)
"""


def match(con: duckdb.DuckDBPyConnection) -> None:
    """Fill person_records: Splink's tutorial on our columns, clusters at 0.95."""
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[
            cl.NameComparison("first_name"),
            cl.NameComparison("last_name"),
            cl.EmailComparison("email"),
            cl.DateOfBirthComparison("dob", input_is_string=False),
            cl.ExactMatch("phone"),
            cl.ExactMatch("postcode").configure(term_frequency_adjustments=True),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("email"),
            block_on("phone"),
            block_on("first_name", "last_name"),
            block_on("last_name", "postcode"),
        ],
    )
    api = DuckDBAPI(connection=con)
    linker = Linker(api.register("people", dataset_display_name="people"), settings, log_level=logging.ERROR)
    linker.training.estimate_probability_two_random_records_match(
        [block_on("first_name", "last_name", "postcode"), block_on("email")], recall=0.7
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("first_name", "last_name"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("email"))
    pairs = linker.inference.predict(threshold_match_probability=0.5)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, 0.95)
    con.execute(
        "create table person_records as select source, record_id, cluster_id as person_id "
        f"from {clusters.physical_name}"
    )


def main(exports: Path, out: Path) -> None:
    """Read the exports, write Parquet tables and one audience."""
    out.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect()

    def done(table: str, stage: str) -> None:
        path = out / f"{table}.parquet"
        ((rows,),) = con.execute(f"copy (from {table}) to '{path}' (format parquet, compression zstd)").fetchall()
        print(f"{stage}.{table}: {rows} rows", flush=True)

    for table, files in FILES.items():
        reader = f"read_csv('{exports}/*/{files}', all_varchar = true, ignore_errors = true)"
        con.execute(f"create table {table} as from {reader}")
        done(table, "raw")
    con.execute(f"create table events as from read_json('{exports}/*/ga4/*.jsonl.gz')")
    done("events", "raw")
    con.execute(
        "create view members as from subscribed union all by name from unsubscribed union all by name from cleaned"
    )
    con.execute(f"create table people as {PEOPLE}")
    done("people", "staging")
    match(con)
    done("person_records", "identity")
    for table, select in {"orders": ORDERS, "customers": CUSTOMERS}.items():
        con.execute(f"create table {table} as {select}")
        done(table, "profiles")
    con.execute("create table segments as select segment, count(*) as people from customers group by 1")
    done("segments", "segments")
    con.execute("create table audience as select email, first_name, last_name from customers where may_mail and f >= 4")
    con.execute(f"copy audience to '{out / 'audience.csv'}' (header)")
    done("audience", "activation")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
