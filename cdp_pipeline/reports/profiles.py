"""The sections on what is known of people: how complete profiles are, and what people bought.

What belongs here: fill rates and revenue. What does not: groups of people (groups.py).
"""

from __future__ import annotations

from datetime import date

from cdp_pipeline.pages.charts import Bar, Part, Stack, bars, columns, heat
from cdp_pipeline.pages.figures import (
    UNKNOWN,
    Number,
    count,
    drawn,
    listed,
    money,
    month,
    part,
    people,
    percent,
    share,
    things,
    title,
    words,
)
from cdp_pipeline.pages.page import Block, Section, section, table
from cdp_pipeline.reports.facts import Facts, Row

_MONTHS = 24
_BUYERS = (
    ("known customers", "net_amount_returning", "c1"),
    ("first-time buyers", "net_amount_new", "c2"),
    ("buyers nobody knows", "net_amount_anonymous", "c6"),
)


def profiles(facts: Facts) -> Section | None:
    """How complete the profiles are."""
    rows = sorted(facts.rows("fill_rates"), key=lambda r: (-r["share"], r["field"]))
    if not rows or not rows[0]["people"]:
        return None
    filled = [r for r in rows if r["filled"]]
    rows_drawn = [
        Bar(title(r["field"]), drawn(r["filled"], facts.floor), part(r["filled"], r["people"], facts.floor),
            mark=f"{people(r['filled'], facts.floor)} people")
        for r in filled
    ]  # fmt: skip
    empty = [words(r["field"]) for r in rows if not r["filled"]]
    text = f"No source delivers {listed(empty)}." if empty else ""
    chart = bars("Share of people for whom each field is known", rows_drawn, most=float(rows[0]["people"]))
    blocks = (Block("Known of how many people", chart, text), _by_system(facts, filled))
    return section("profiles", "How complete profiles are", "Profiles", _finding(facts, rows), *blocks)


def _finding(facts: Facts, rows: list[Row]) -> str:
    shares = {r["field"]: r["share"] for r in rows}
    fields = [f"{words(f)} for {percent(shares[f])}" for f in ("email", "phone", "postcode") if f in shares]
    weak = [words(r["field"]) for r in reversed(rows) if 0 < r["share"] < 0.25][:3]
    text = (
        f"Of all people we know {listed(fields)}." if fields else f"The best known field is {words(rows[0]['field'])}."
    )
    gain = _gain(facts, shares)
    return text + (f" {gain}" if gain else "") + (f" Little is known about {listed(weak)}." if weak else "")


def _gain(facts: Facts, shares: dict[str, float]) -> str:
    """What unifying brought for the phone number: profiles against the records they came from."""
    cells = [r for r in facts.rows("fill_rates_by_system") if r["field"] == "phone"]
    before = share(sum(r["filled"] for r in cells), sum(r["records"] for r in cells))
    after = float(shares.get("phone", 0))
    if not before or after <= before + 0.01:
        return ""
    raised = f"from {percent(before)} of the records to {percent(after)} of the people"
    return f"Putting records together raised phone numbers {raised}."


def _by_system(facts: Facts, rows: list[Row]) -> Block | None:
    cells = {(r["source"], r["field"]): r for r in facts.rows("fill_rates_by_system")}
    sources = sorted(
        {source for source, _ in cells}, key=lambda s: (-max(r["records"] for k, r in cells.items() if k[0] == s), s)
    )
    if not sources:
        return None
    body = []
    for row in rows:
        line: list[tuple[float, str] | None] = [(float(row["share"]), percent(row["share"]))]
        for source in sources:
            cell = cells.get((source, row["field"]))
            line.append((float(cell["share"]), percent(cell["share"])) if cell and cell["filled"] else None)
        body.append((title(row["field"]), line))
    across = ["All people", *(title(s) for s in sources)]
    grid = heat("Fill rate of every field, in profiles and in each system", across, body)
    text = "First column: unified profiles, as a share of people. Others: each system's own records."
    return Block("Who knows what", grid, text)


def revenue(facts: Facts) -> Section | None:
    """Revenue by month, by who bought."""
    rows = [r for r in facts.rows("revenue_by_month") if r["currency"] == facts.currency][-_MONTHS:]
    if not rows:
        return _no_revenue(facts)
    currency = facts.currency
    months = [
        Stack(
            month(row["month"]),
            [Part(name, float(row[column]), money(row[column], currency), tone) for name, column, tone in _BUYERS],
            f"{money(row['net_amount'], currency)} in {things(row['orders'], 'order')}",
        )
        for row in rows
    ]
    axis = [_tick(row["month"], position) for position, row in enumerate(rows)]
    head = ("Month", "Orders", "Buyers", "Charged", "Paid back", "Net")
    cells = [
        (month(r["month"]), count(r["orders"]), people(r["buyers"], facts.floor),
         *(_amount(facts, r[c]) for c in ("gross_amount", "refunded_amount", "net_amount")))
        for r in reversed(rows)
    ]  # fmt: skip
    name = f"Net revenue of the last {len(rows)} months"
    chart = columns(name, months, axis, lambda value: money(value, currency, short=True))
    top = max(rows, key=lambda r: (r["net_amount"], r["month"]))
    text = f"Highest: {money(top['net_amount'], currency)} in {month(top['month'])}."
    return section(
        "revenue", "What customers bought", "Revenue", _revenue_finding(facts, rows),
        Block(f"Net revenue by month, {currency}", chart, text, wide=True),
        table("The months in numbers", head, cells, range(1, 6), caption="Months", folded=True),
    )  # fmt: skip


def _no_revenue(facts: Facts) -> Section | None:
    """What is said instead of revenue when orders are in other currencies only."""
    others = _other_currencies(facts)
    if not others:
        return None
    text = f"All orders are in {listed(others)}, none in {facts.currency}. {_left_out(facts)}"
    return section("revenue", "What customers bought", "Revenue", text.strip())


def _amount(facts: Facts, value: Number | None) -> str:
    return UNKNOWN if value is None else money(value, facts.currency)


def _left_out(facts: Facts) -> str:
    """How many buyers have no revenue, and what follows from that."""
    buyers = facts.headline.get("buyers_without_revenue") or 0
    if not buyers:
        return ""
    return (
        f"Of {people(buyers, facts.floor)} buyers the revenue is not known, since they were charged in another currency or "
        "a refund does not say how much: they have no score for money, and no rule about revenue finds them."
    )


def _other_currencies(facts: Facts) -> list[str]:
    return sorted({r["currency"] for r in facts.rows("revenue_by_month")} - {facts.currency})


def _tick(value: date, position: int) -> str:
    """Text under a column: the year in January and first, else now and then the month."""
    if value.month == 1:
        return str(value.year)
    return f"{value:%b}" if value.month in {4, 7, 10} or position == 0 else ""


def _revenue_finding(facts: Facts, rows: list[Row]) -> str:
    year = rows[-12:]
    total = sum(r["net_amount"] for r in year)
    returning = sum(r["net_amount_returning"] for r in year)
    anonymous = sum(r["net_amount_anonymous"] for r in year)
    text = f"{money(total, facts.currency)} net came in over the last {things(len(year), 'month')}"
    text += f"; {percent(share(returning, total))} of it from customers who had bought before." if total > 0 else "."
    before = rows[-24:-12]
    if len(before) == 12 and sum(r["net_amount"] for r in before) > 0:
        change = share(total, sum(r["net_amount"] for r in before)) - 1
        more = "more" if change >= 0 else "less"
        text += f" That is {percent(abs(change))} {more} than in the 12 months before."
    if total > 0 and share(anonymous, total) >= 0.005:
        text += f" {percent(share(anonymous, total))} cannot be tied to anybody."
    others = _other_currencies(facts)
    text += f" Orders in {listed(others)} are not counted here." if others else ""
    return f"{text} {_left_out(facts)}".rstrip()
