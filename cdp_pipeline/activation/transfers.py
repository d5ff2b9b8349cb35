"""Whether personal data may go to a recipient on a day: its country, its basis, the dates of both.

What belongs here: the judgement of one transfer. What does not: the dated lists of countries (countries.py), the
permissions of people (gate.py), and other mistakes in a destination file (destinations.py).

Default deny: without a transfer, outside its dates, or on an adequacy decision that does not hold on
the day, nothing is written, and the receipt says why.
"""

from __future__ import annotations

from datetime import date

from cdp_pipeline.project.countries import ADEQUACY, EEA, holds, read_list
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Destination


def transfer_problem(project: Project, destination: Destination, as_of: date) -> str | None:
    """Why nothing may be sent to this destination on `as_of`, or None when it may."""
    transfer = destination.transfer
    if transfer is None:
        return "the destination names no transfer: recipient, country, basis and document"
    place = f"{transfer.recipient} ({transfer.country})"
    if as_of < transfer.valid_from:
        return f"the transfer to {place} is allowed only from {transfer.valid_from}"
    if transfer.valid_until is not None and as_of > transfer.valid_until:
        return f"the transfer to {place} was allowed until {transfer.valid_until}"
    if transfer.basis not in ("none_needed", "adequacy") or holds(project, EEA, transfer.country, as_of):
        return None
    if transfer.basis == "none_needed":
        return f"the transfer to {place} leaves the European Economic Area and names no basis"
    if holds(project, ADEQUACY, transfer.country, as_of):
        return None
    ends = [d.valid_until for d in read_list(project, ADEQUACY)[0] if d.country == transfer.country and d.valid_until]
    ended = max((day for day in ends if day < as_of), default=None)
    if ended:
        return f"the transfer to {place} rests on an adequacy decision that ended on {ended}"
    return f"the transfer to {place} rests on adequacy, and {ADEQUACY} has no decision that holds on {as_of}"
