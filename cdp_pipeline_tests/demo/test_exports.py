"""The demo's files: what a vendor would deliver, and the same bytes whoever writes them."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import phonenumbers
import pytest

from cdp_pipeline.demo.exports import write_exports
from cdp_pipeline.errors import InputError

FIRST, LAST = date(2026, 6, 29), date(2026, 6, 30)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo")
    write_exports(out, people=1000, days=2, seed=7, threads=2)
    return out


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("larger")
    write_exports(out, people=1500, days=2, seed=7, threads=1)
    return out


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".done")


def text(path: Path) -> str:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return content.decode("utf-8-sig")


def table(path: Path) -> Iterator[dict[str, str]]:
    """Rows with as many cells as the header; wrong lines of other lengths are left out."""
    header, *rows = csv.reader(io.StringIO(text(path)))
    return (dict(zip(header, row, strict=True)) for row in rows if len(row) == len(header))


def found(demo: Path, day: date, pattern: str) -> Path:
    (path,) = (demo / f"{day}").glob(pattern)
    return path


def good_orders(demo: Path) -> list[dict[str, str]]:
    rows = table(found(demo, FIRST, "shopify/orders*.csv"))
    return [row for row in rows if not row["Name"].startswith("#9900000")]


def truth(demo: Path, query: str) -> list[tuple[object, ...]]:
    con = duckdb.connect()
    con.execute(f"set file_search_path = '{demo / '_truth'}'")
    return con.execute(query).fetchall()


def test_a_day_alone_is_the_same_bytes(demo: Path, tmp_path: Path) -> None:
    """A day written by itself, with another number of threads, is the day of the whole run."""
    write_exports(tmp_path, people=1000, days=2, seed=7, only_day=FIRST, threads=1)
    assert {path.name: path.read_bytes() for path in files(demo / f"{FIRST}")} == {
        path.name: path.read_bytes() for path in files(tmp_path / f"{FIRST}")
    }


def test_more_people_change_nobody(demo: Path, larger: Path) -> None:
    """Every line about the first thousand people is in the exports of a larger population too."""
    for path in files(demo / f"{FIRST}") + files(demo / f"{LAST}"):
        lines = Counter(text(path).splitlines())
        assert not lines - Counter(text(larger / path.relative_to(demo)).splitlines()), path.name


def test_more_people_change_no_truth(demo: Path, larger: Path) -> None:
    """The truth about the first thousand people does not depend on how many follow."""
    for name in ("people", "record_person", "orders", "erasures"):
        query = f"select * from '{name}.parquet' where person_id < 1000 order by all"
        assert truth(demo, query) == truth(larger, query), name


def test_every_file_has_its_marker(demo: Path) -> None:
    """A done-marker lies beside every delivered file, and the folder says that it is a demo."""
    delivered = files(demo / f"{FIRST}") + files(demo / f"{LAST}")
    assert len(delivered) == 20
    assert all(path.with_name(f"{path.name}.done").exists() for path in delivered)
    assert json.loads((demo / "_demo.json").read_text()) == {"seed": 7, "people": 1000, "days": 2}


@pytest.mark.parametrize(
    ("pattern", "reference"),
    [
        ("shopify/customers*.csv", "shopify_customers_export.csv"),
        ("shopify/orders*.csv", "shopify_orders_export.csv"),
        ("zendesk/*.csv", "zendesk_tickets_export.csv"),
        ("meta/*.csv", "meta_lead_ads_export.csv"),
        ("mailchimp/subscribed*.csv", "mailchimp_subscribed_members_export.csv"),
        ("hubspot/*.csv", "hubspot_contacts_export.csv"),
    ],
)
def test_headers_are_the_vendors(demo: Path, pattern: str, reference: str) -> None:
    """The header line is the one seen in real exports (HubSpot's may go on: users choose columns)."""
    folder = os.environ.get("CDP_REFERENCE_DATA")
    if not folder:
        pytest.skip("CDP_REFERENCE_DATA does not name the folder of reference data")
    expected = (Path(folder) / "vendors" / "header_only" / reference).read_text("utf-8-sig").splitlines()[0]
    header = text(found(demo, LAST, pattern)).splitlines()[0]
    if reference.startswith("hubspot"):
        assert header.replace('"', "").startswith(expected + ",")
    else:
        assert header == expected


def test_orders_add_up(demo: Path) -> None:
    """Lines less discount are the subtotal, subtotal and shipping the total; refunds stay within it."""
    heads: dict[str, dict[str, str]] = {}
    goods: Counter[str] = Counter()
    for row in good_orders(demo):
        heads.setdefault(row["Name"], row)
        goods[row["Name"]] += int(Decimal(row["Lineitem price"]) * 100) * int(row["Lineitem quantity"])
    for name, row in heads.items():
        subtotal, total = Decimal(row["Subtotal"]), Decimal(row["Total"])
        assert Decimal(goods[name]) / 100 - Decimal(row["Discount Amount"]) == subtotal
        assert subtotal + Decimal(row["Shipping"]) == total
        assert 0 <= Decimal(row["Refunded Amount"]) <= total
        assert 0 < Decimal(row["Taxes"]) < total


def test_lines_after_the_first_are_blank(demo: Path) -> None:
    """Only the first row of an order carries the order; the others carry name, e-mail and their item."""
    seen: set[str] = set()
    kept = {"Name", "Email", "Vendor"}
    for row in good_orders(demo):
        if row["Name"] in seen:
            filled = {column for column, cell in row.items() if cell}
            assert all(column in kept or column.startswith("Lineitem") for column in filled)
        seen.add(row["Name"])


def test_truth_knows_every_record(demo: Path) -> None:
    """Each record in a file has its person in record_person, once."""
    records = truth(demo, "select system, record_id from 'record_person.parquet'")
    known = set(records)
    assert len(known) == len(records)
    written = {
        *(("hubspot", row["Record ID"]) for row in table(found(demo, FIRST, "hubspot/*.csv"))),
        *(("shopify", row["Customer ID"][1:]) for row in table(found(demo, FIRST, "shopify/cust*.csv"))),
        *(("shopify", f"order:{row['Name']}") for row in good_orders(demo)),
        *(("zendesk", row["Requester id"]) for row in table(found(demo, FIRST, "zendesk/*.csv"))),
        *(("meta_leads", row["id"].removeprefix("l:")) for row in table(found(demo, FIRST, "meta/*.csv"))),
        *(
            ("mailchimp", f"member:{row['Email Address'].strip().lower()}")
            for path in (demo / f"{FIRST}" / "mailchimp").glob("*.csv")
            for row in table(path)
        ),
    }
    wrong = {record for _, record in written if record in ("99000000001", "999", "999999999999999")}
    assert {pair for pair in written - known if pair[1] not in wrong} == set()


def test_nobody_can_be_reached(demo: Path) -> None:
    """E-mail addresses lie under reserved domains, and phone numbers are well-formed."""
    people = truth(demo, "select email, phone from 'people.parquet'")
    assert all(
        str(email).endswith((".example", ".test", "example.org", "example.com", "example.net")) for email, _ in people
    )
    valid = [phonenumbers.is_valid_number(phonenumbers.parse(str(phone))) for _, phone in people]
    assert sum(valid) >= 0.98 * len(valid)


def test_wrong_lines_are_counted(demo: Path) -> None:
    """The wrong lines of the first day are in the truth; later days have none."""
    counts = dict(truth(demo, "select file, lines from 'bad_lines.parquet'"))
    assert sum(int(str(lines)) for lines in counts.values()) == 8
    assert all(str(name).startswith(f"{FIRST}") and (demo / str(name)).exists() for name in counts)


def test_buyers_are_like_real_ones(larger: Path) -> None:
    """About half buy once, the best tenth brings near half of the revenue, 6 % goes back."""
    ((once, top, back),) = truth(
        larger,
        """
        with buyers as (select person_id, count(*) as orders, sum(total)::double as spent,
                               sum(refunded)::double as back
                        from 'orders.parquet' where cancelled_at is null group by person_id)
        select avg((orders = 1)::int), sum(spent) filter (place <= all_buyers / 10) / sum(spent),
            sum(back) / sum(spent)
        from (select *, row_number() over (order by spent desc, person_id) as place,
                     count(*) over () as all_buyers from buyers)""",
    )
    assert 0.42 < float(str(once)) < 0.60
    assert 0.35 < float(str(top)) < 0.60
    assert 0.03 < float(str(back)) < 0.10


def test_nonsense_is_refused_at_once(tmp_path: Path) -> None:
    """All impossible numbers are named together, and nothing is written."""
    with pytest.raises(InputError) as refused:
        write_exports(tmp_path, people=0, days=5000, seed=7, only_day=date(2030, 1, 1))
    assert len(refused.value.problems) == 3
    assert not list(tmp_path.iterdir())
