"""Which lines are about the erased: what a column of an unmapped line refers to."""

from __future__ import annotations

import pytest

from cdp_pipeline.privacy.scan import _refers_to, systems_of
from cdp_pipeline_tests.privacy.town import Town


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("Ticket ID", "ticket_id"),
        ("ticket order id", "ticket_id"),
        ("Order Number", "order_id"),
        ("order key", "order_id"),
        ("customer_id", "record_id"),
        ("VID", "record_id"),
        ("Requester id", "record_id"),
        ("order total", None),
        ("customer", None),
        ("campaign id", None),
        ("_order_id", None),
    ],
)
def test_a_column_is_named_after_what_it_refers_to(column: str, kind: str | None) -> None:
    """Only names that end as an id does refer to something; a ticket comes before an order, an order before a person."""
    assert _refers_to(column) == kind


def test_systems_with_people_issue_accounts(bos: Town) -> None:
    """Each system once, sorted; one without people is none of them."""
    assert bos.run is not None
    with_people = {bos.project.system(n) for n, source in bos.project.sources.items() if "people" in source.into}
    assert systems_of(bos.run) == sorted(with_people)
