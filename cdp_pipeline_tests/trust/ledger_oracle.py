"""Who may be exported, once more: the rules of permissions as a plain program that shares no line with the product.

What belongs here: the right answer for a world (ledger_world.py). What does not: SQL, and anything imported
from the product that decides.

The ledger is told as a story, day by day, for one identifier, purpose, channel and recipient.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from cdp_pipeline.project.shapes import Audience, Destination, Needs
from cdp_pipeline_tests.trust.ledger_world import AS_OF, START, World

STOPS = {"withdrawn", "complaint", "bounced", "objected"}
REFUSALS = {"pending": 1, "denied": 2}
MESSAGES = {"email_marketing", "sms_marketing", "whatsapp_marketing", "phone_marketing"}
RANKS = {"double_opt_in": 1, "consent": 2, "existing_customer": 3}
ADEQUATE = {"US": (date(2023, 7, 10), None), "GB": (date(2021, 6, 28), date(2031, 12, 27))}
EUROPE = {"DE"}
Identifier = tuple[str, str]


@dataclass(frozen=True)
class Event:
    """One change of a permission."""

    at: datetime
    status: str
    basis: str | None
    is_proven: bool


@dataclass(frozen=True)
class State:
    """How a permission stands: permitted or not, since when, by a refusal or not, on which basis."""

    is_permitted: bool
    since: datetime
    is_refusal: bool
    basis: str | None
    status: str


def clean(namespace: str, value: str, own_phone: str | None = None) -> str:
    """An identifier in one spelling; a national number is that of its own record."""
    if namespace == "email":
        bare = value.replace("\u200b", "").replace("\uff20", "@").lower().removeprefix("mo ")
        return bare.removeprefix("mailto:").strip(" <>';")
    digits = "".join(sign for sign in value.replace("(0)", "") if sign.isdigit() or sign == "+")
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    if digits.startswith("0") and own_phone and own_phone[-8:] == digits[-8:]:
        return own_phone
    return digits


class Oracle:
    """The right answers for one world."""

    def __init__(self, world: World) -> None:
        self.world = world

    # ---- the ledger --------------------------------------------------------------------------

    @cached_property
    def events(self) -> dict[tuple[Identifier, str, str], dict[str | None, list[Event]]]:
        """Identifier, purpose, channel -> recipient -> what happened."""
        found: dict[tuple[Identifier, str, str], dict[str | None, list[Event]]] = defaultdict(lambda: defaultdict(list))
        records = {(row["source"], row["record_id"]): row for row in self.world.people}
        for row in self.world.permissions:
            own = records[row["source"], row["record_id"]]["phone"]
            identifier = (row["namespace"], clean(row["namespace"], row["value"], own))
            recipient = (row["recipient"] or "").strip().lower() or None
            event = Event(row["changed_at"], row["status"], row["basis"], bool((row["proof"] or "").strip()))
            found[identifier, row["purpose"], row["channel"]][recipient].append(event)
        for row in self.world.messages:
            if row["event_type"] not in ("unsubscribed", "complained"):
                continue
            channel = row["channel"] or "email"
            namespace = "email" if channel == "email" else "phone"
            value = records[row["source"], row["record_id"]][namespace]
            if value:
                status = "withdrawn" if row["event_type"] == "unsubscribed" else "complaint"
                identifier = (namespace, clean(namespace, value))
                found[identifier, f"{channel}_marketing", channel][None].append(
                    Event(row["occurred_at"], status, None, False)
                )
        return found

    @cached_property
    def buyers(self) -> set[Identifier]:
        """Identifiers of records that ordered in the last two years."""
        records = {(row["source"], row["record_id"]): row for row in self.world.people}
        found: set[Identifier] = set()
        for order in self.world.orders:
            record = records[order["source"], order["record_id"]]
            if order["is_sale"] and order["order_date"] >= AS_OF - timedelta(days=730):
                found |= {(n, clean(n, record[n])) for n in ("email", "phone") if record[n]}
        return found

    def state(self, identifier: Identifier, purpose: str, channel: str, recipient: str | None) -> State | None:
        """How a permission stands after the last day of its story; None when there is no story."""
        told = self.events.get((identifier, purpose, channel), {})
        if recipient not in told:
            return None
        story = list(told[recipient])
        if recipient is not None:
            story += [event for event in told.get(None, ()) if event.status in STOPS]
        return self._last(identifier, purpose, story)

    def _last(self, identifier: Identifier, purpose: str, story: Iterable[Event]) -> State | None:
        by_day: dict[datetime, list[Event]] = defaultdict(list)
        for event in story:
            by_day[event.at].append(event)
        standing: State | None = None
        grants: list[Event] = []
        is_stopped = False
        for day in sorted(by_day):
            today = by_day[day]
            if any(event.status in STOPS for event in today):
                is_stopped, grants = True, []
                standing = State(False, day, True, None, "stopped")
                continue
            if is_stopped and not any(self._is_opt_in(event) for event in today):
                continue
            is_stopped = False
            refusals = [event for event in today if event.status in REFUSALS]
            if refusals:
                grants = []
                worst = max(refusals, key=lambda event: REFUSALS[event.status])
                standing = State(False, day, True, None, worst.status)
                continue
            grants += today
            held = sorted(
                (not self._is_enough(event, identifier, purpose), RANKS.get(event.basis or "", 4), event.basis or "")
                for event in grants
            )
            standing = State(not held[0][0], day, False, held[0][2] or None, "granted")
        return standing

    @staticmethod
    def _is_opt_in(event: Event) -> bool:
        return event.status == "granted" and event.is_proven and event.basis in ("consent", "double_opt_in")

    def _is_enough(self, event: Event, identifier: Identifier, purpose: str) -> bool:
        """The conditions of a basis."""
        if event.basis == "consent":
            return True
        if event.basis == "double_opt_in":
            return event.is_proven
        if event.basis == "existing_customer":
            return purpose != "advertising" and identifier in self.buyers and event.is_proven
        return event.basis is not None and purpose not in MESSAGES | {"advertising"}

    # ---- the people --------------------------------------------------------------------------

    @cached_property
    def identifiers(self) -> dict[str, set[Identifier]]:
        """Person -> the e-mails and phones of all records."""
        found: dict[str, set[Identifier]] = defaultdict(set)
        for row in self.world.people:
            person = self.world.persons[row["source"], row["record_id"]]
            found[person] |= {(n, clean(n, row[n])) for n in ("email", "phone") if row[n]}
        return found

    @cached_property
    def out_of_everything(self) -> set[str]:
        """People who are restricted, objected, or under age by any record."""
        young = {
            self.world.persons[row["source"], row["record_id"]]
            for row in self.world.people
            if row["birth_date"] and row["birth_date"] > date(AS_OF.year - 18, AS_OF.month, AS_OF.day)
        }
        return young | {row["person_id"] for row in self.world.restrictions}

    def objects_to_profiling(self, person: str) -> bool:
        """An identifier of the person stands at no for profiling, and names nobody."""
        states = (self.state(i, "profiling", "web", None) for i in self.identifiers[person])
        return any(s is not None and s.is_refusal and s.status != "pending" for s in states)

    def members(self, name: str) -> list[str]:
        """People of an audience, by id."""
        inside = []
        for person, row in sorted(self.world.golden.items()):
            if person in self.out_of_everything:
                continue
            if name == "spenders" and (row["net_revenue"] < 100 or self.objects_to_profiling(person)):
                continue
            if name == "readers" and not self._reads(person, row["email"]):
                continue
            inside.append(person)
        return inside

    def _reads(self, person: str, mail: str | None) -> bool:
        identifier = ("email", clean("email", mail or ""))
        state = self.state(identifier, "email_marketing", "email", None) if mail else None
        return state is not None and state.is_permitted and identifier in self.identifiers[person]

    # ---- the files ---------------------------------------------------------------------------

    def may_leave(self, identifier: Identifier, destination: Destination, audience: Audience) -> bool:
        """Every need holds for this identifier; an existing customer is told of similar goods only."""
        bases = []
        for need in destination.needs:
            state = self._answer(identifier, need, destination)
            if state is None or not state.is_permitted or (need.bases and state.basis not in need.bases):
                return False
            bases.append(state.basis)
        return bool(bases) and (audience.similar_goods or "existing_customer" not in bases)

    def _answer(self, identifier: Identifier, need: Needs, destination: Destination) -> State | None:
        general = self.state(identifier, need.purpose, need.channel, None)
        named = None
        if need.recipient:
            named = self.state(identifier, need.purpose, need.channel, need.recipient.lower())
        if named is not None:
            overruled = general is not None and general.is_refusal and general.since >= named.since
            return general if named.is_permitted and overruled else named
        must_be_named = destination.transfer is not None and destination.transfer.basis == "consent"
        return None if must_be_named else general

    def is_transfer_allowed(self, destination: Destination) -> bool:
        """There is a basis, it holds on the day, and adequacy is decided for that country."""
        transfer = destination.transfer
        if transfer is None or transfer.valid_from > AS_OF or (transfer.valid_until or AS_OF) < AS_OF:
            return False
        if transfer.basis != "adequacy" or transfer.country in EUROPE:
            return True
        begun, ended = ADEQUATE.get(transfer.country, (date.max, None))
        return begun <= AS_OF <= (ended or AS_OF)

    def _best(self, person: str, namespace: str, golden: str, destination: Destination, audience: Audience) -> str:
        """The identifier under which a person goes there: the golden one, else the best that may; empty when none may."""
        may = [
            i
            for i in sorted(self.identifiers[person])
            if i[0] == namespace and self.may_leave(i, destination, audience)
        ]
        if (namespace, golden) in may or not may:
            return golden if may else ""
        return max(may, key=lambda identifier: self._standing(person, identifier))[1]

    def _standing(self, person: str, identifier: Identifier) -> tuple[bool, datetime, int]:
        """Verified by somebody, the newest record that carries it, and how many do."""
        namespace, value = identifier
        own = [
            row
            for row in self.world.people
            if self.world.persons[row["source"], row["record_id"]] == person
            and row[namespace]
            and clean(namespace, row[namespace]) == value
        ]
        is_verified = namespace == "email" and any(row["is_email_verified"] for row in own)
        return is_verified, max(row["updated_at"] or START - timedelta(days=1) for row in own), len(own)

    def file(self, destination: Destination, audience: str) -> list[list[str]]:
        """The lines of an audience file: person, e-mail, phone; sorted, one for people with the same keys."""
        if not self.is_transfer_allowed(destination):
            return []
        lines: list[list[str]] = []
        seen: set[tuple[str, ...]] = set()
        keyed = {column for key in destination.keys for column in key}
        for person in self.members(audience):
            row = self.world.golden[person]
            cells = {}
            for namespace in ("email", "phone"):
                golden = clean(namespace, row[namespace]) if row[namespace] else ""
                cells[namespace] = self._best(person, namespace, golden, destination, self.world.audiences[audience])
            keys = tuple(cells[column] for column in sorted(keyed))
            if not any(all(cells[column] for column in key) for key in destination.keys) or keys in seen:
                continue
            seen.add(keys)
            lines.append([person, cells["email"], cells["phone"]])
        return lines if len(lines) >= destination.minimum_size else []
