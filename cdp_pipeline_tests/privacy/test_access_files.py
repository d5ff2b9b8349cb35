"""The page of an access request: everything that is held, in cards, and nothing taken for HTML."""

from __future__ import annotations

import re
from datetime import date

from cdp_pipeline.privacy.access_files import RIGHTS, page

FACTS = {
    "as_of": "2026-06-30",
    "records_withheld": 2,
    "sources": [{"source": "crm", "what": "Contacts <b>", "owner": ""}],
    "purposes": [],
    "recipients": [],
    "exports": [{"destination": "mail", "day": date(2026, 1, 2)}],
    "kept_for": "Exports stay for 3 days.",
    "profiling": "No decision is made.",
}
TABLES = {
    "raw.crm": [{"a": "1"}, {"b": "2"}],
    "profiles.customers": [{"person_id": "P1", "name": "A & B", "tags": [1, {"a": "ü"}], "none": None}],
}


def section(html: str, anchor: str) -> str:
    """One part of the page as text, cells parted by a bar."""
    found = re.search(rf'<section id="{re.escape(anchor)}".*?</section>', html, re.DOTALL)
    assert found
    text = re.sub(r"</t[hd]><t[hd][^>]*>", " | ", found[0])
    return " ".join(re.sub("<[^>]+>", " ", text).split())


def test_the_page_tells_everything_in_its_order() -> None:
    """What is told beside the data, then the tables layer by layer."""
    html = page(FACTS, TABLES)
    assert re.findall(r'<h2 id="[^"]*">(.*?)</h2>', html) == [
        "Sources", "Purposes", "Recipients", "Exports", "How long", "Profiling", "Your rights", "raw.crm",
        "profiles.customers",
    ]  # fmt: skip
    assert "<h1>What is held on you</h1>" in html
    assert section(html, "purposes") == "Purposes None."
    assert section(html, "how-long") == "How long Exports stay for 3 days."
    assert section(html, "profiling") == "Profiling No decision is made."
    assert section(html, "rights") == " ".join(["Your rights", *RIGHTS])


def test_tables_leave_out_what_is_empty_in_every_row() -> None:
    """Columns of any row, without those that nobody has; values as text, escaped."""
    html = page(FACTS, TABLES)
    assert section(html, "sources") == "Sources source | what crm | Contacts &lt;b&gt;"
    assert section(html, "exports") == "Exports destination | day mail | 2026-01-02"
    assert section(html, "raw.crm") == "raw.crm a | b 1 | | 2"
    assert section(html, "profiles.customers") == (
        "profiles.customers person_id | name | tags P1 | A &amp; B | [1, {&#34;a&#34;: &#34;ü&#34;}]"
    )


def test_records_that_only_look_alike_are_counted() -> None:
    """How many are left out, and nothing about them when there are none."""
    assert "2 records are not in here: they only look like yours, and nothing proves it." in page(FACTS, TABLES)
    assert "not in here" not in page({**FACTS, "records_withheld": 0}, TABLES)
