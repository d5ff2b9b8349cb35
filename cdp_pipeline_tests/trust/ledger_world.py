"""Random people, ledgers of permissions, audiences and destinations: the question that export and oracle both answer.

What belongs here: drawing a world from a source of chance. What does not: what the right answer is
(ledger_oracle.py), and asking the product (permissions.py).

Everything is drawn from few values on purpose: days, addresses, bases and recipients have to collide, or a
wrong tie-break would never be seen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from cdp_pipeline.project.shapes import Audience, Basis, Destination, Needs, OutputColumn, Transfer

AS_OF = date(2026, 6, 30)
START = datetime(2026, 1, 1)  # noqa: DTZ001 - the ledger holds UTC without a zone
USES = (("email_marketing", "email"), ("sms_marketing", "sms"), ("advertising", "ads"), ("profiling", "web"))
STATUSES = ("granted",) * 9 + ("denied", "withdrawn", "complaint", "bounced", "pending", "objected")
BASES = (*("consent",) * 3, *("double_opt_in",) * 3, *("existing_customer",) * 2, "legitimate_interest", None)
RECIPIENTS = (None, None, None, "Google", "google ", "meta")
PROOFS = (None, " ", "form 7", "form 7", "form 7")
Row = dict[str, Any]


@dataclass(frozen=True)
class World:
    """Tables as rows. `persons` says whose each record is, `golden` which contact of a person is in use."""

    people: list[Row]
    persons: dict[tuple[str, str], str]
    golden: dict[str, Row]
    permissions: list[Row]
    messages: list[Row]
    orders: list[Row]
    restrictions: list[Row]
    audiences: dict[str, Audience]
    destinations: dict[str, Destination]


def draw_world(chance: Random, size: int) -> World:
    """A world of about `size` people."""
    people, persons = _people(chance, size)
    golden = {person: _golden(chance, people, persons, person) for person in sorted(set(persons.values()))}
    destinations = {f"place_{n}": _destination(chance) for n in range(4)}
    asked = [need for spec in destinations.values() for need in spec.needs]
    permissions = _unique(_permission(chance, people, size, asked) for _ in range(size * 12))
    messages = [
        {
            "source": record["source"], "message_id": f"m{n}", "record_id": record["record_id"],
            "event_type": chance.choice(("unsubscribed", "complained", "opened", "bounced")),
            "channel": chance.choice((None, "email", "sms")), "occurred_at": _moment(chance),
        }
        for n, record in enumerate(chance.sample(people, k=size // 4))
    ]  # fmt: skip
    orders = [
        {
            "source": record["source"], "order_id": f"o{n}", "record_id": record["record_id"],
            "is_sale": chance.random() < 0.8, "order_date": AS_OF - timedelta(days=chance.choice((5, 729, 730, 731))),
        }
        for n, record in enumerate(chance.choices(people, k=size))
    ]  # fmt: skip
    restrictions = [
        {"person_id": person, "kind": chance.choice(("restricted", "objected"))}
        for person in sorted(golden)
        if chance.random() < 0.05
    ]
    return World(people, persons, golden, permissions, messages, orders, restrictions, _audiences(), destinations)


def merge(chance: Random, world: World) -> World:
    """The world after two of its people turned out to be one."""
    stays, goes = chance.sample(sorted(world.golden), k=2)
    persons = {record: stays if person == goes else person for record, person in world.persons.items()}
    golden = {person: row for person, row in world.golden.items() if person != goes}
    golden[stays] = _golden(chance, world.people, persons, stays) | {"net_revenue": 200}
    restrictions = [row for row in world.restrictions if row["person_id"] not in (stays, goes)]
    moved = [row for row in world.restrictions if row["person_id"] in (stays, goes)][:1]
    restrictions += [row | {"person_id": stays} for row in moved]
    return replace(world, persons=persons, golden=golden, restrictions=restrictions)


def _people(chance: Random, size: int) -> tuple[list[Row], dict[tuple[str, str], str]]:
    people: list[Row] = []
    persons: dict[tuple[str, str], str] = {}
    for number in range(size):
        person = f"P{number:03}"
        for copy in range(chance.choice((1, 1, 2, 3))):
            record = (chance.choice(("mail", "shop", "crm")), f"r{number}-{copy}")
            address, phone = chance.randrange(size), chance.randrange(size)
            born = chance.choice((None, None, date(1980, 5, 5), date(2008, 6, 30)))
            if chance.random() < 0.06:
                born = chance.choice((date(2008, 7, 1), date(2015, 1, 1)))
            people.append({
                "source": record[0], "record_id": record[1], "birth_date": born,
                "email": chance.choice((f"a{address}@x.org", f" A{address}@X.org", None)),
                "phone": chance.choice((_phone(phone), _phone(phone), None)),
                "is_email_verified": chance.choice((None, False, True)), "updated_at": chance.choice((None, _moment(chance))),
            })  # fmt: skip
            persons[record] = person
    return people, persons


def _golden(chance: Random, people: list[Row], persons: dict[tuple[str, str], str], person: str) -> Row:
    own = [row for row in people if persons[row["source"], row["record_id"]] == person]
    mails = [row["email"] for row in own if row["email"]] or [None]
    phones = [row["phone"] for row in own if row["phone"]] or [None]
    mail = chance.choice(mails)
    return {
        "person_id": person,
        "email": mail and mail.strip().lower(),
        "phone": chance.choice(phones),
        "net_revenue": chance.choice((0, 50, 100, 200)),
    }


def _permission(chance: Random, people: list[Row], size: int, asked: list[Needs]) -> Row:
    record = chance.choice(people)
    namespace = chance.choice(("email", "email", "phone"))
    value = record[namespace] if chance.random() < 0.7 else None
    number = chance.randrange(size)
    written = value or (f"a{number}@x.org" if namespace == "email" else _phone(number))
    if namespace == "email":
        mail = written.strip()
        dressed = (
            f"Mo <{mail}>",
            f"'{mail}'",
            f"mailto:{mail};",
            mail.replace("@", "\uff20"),
            f"{mail[0]}\u200b{mail[1:]}",
        )
        written = chance.choice((written, written.upper(), f"{written} ", *dressed))
    elif value:
        spaced = f"{written[:3]} {written[3:]}"
        written = chance.choice((written, spaced, f"00{written[1:]}", f"0{written[3:]}", f"+31 (0){written[3:]}"))
    need = chance.choice(asked)
    purpose, channel = (need.purpose, need.channel) if chance.random() < 0.7 else chance.choice(USES)
    return {
        "source": record["source"], "record_id": record["record_id"], "namespace": namespace, "value": written,
        "purpose": purpose, "channel": channel, "recipient": chance.choice(RECIPIENTS), "status": chance.choice(STATUSES),
        "basis": chance.choice(BASES), "proof": chance.choice(PROOFS), "changed_at": _moment(chance),
    }  # fmt: skip


def _unique(rows: Any) -> list[Row]:
    """Rows of which staging would keep the same: one a key of the contract of permissions."""
    key = ("source", "namespace", "value", "purpose", "channel", "recipient", "status", "changed_at")
    return list({tuple(row[name] for name in key): row for row in rows}.values())


def _moment(chance: Random) -> datetime:
    return START + timedelta(days=chance.randrange(8))


def _phone(number: int) -> str:
    return f"+3161234{5000 + number}"


def _audiences() -> dict[str, Audience]:
    where = {"everybody": "true", "spenders": "net_revenue >= 100", "readers": "permits_email_marketing"}
    return {
        name: Audience(
            description="a", owner="a", purpose="email_marketing", where=rule, similar_goods=name != "everybody",
            destinations=tuple(f"place_{n}" for n in range(4)),
        )
        for name, rule in where.items()
    }  # fmt: skip


def _destination(chance: Random) -> Destination:
    uses = chance.sample(USES[:3], k=chance.choice((1, 1, 1, 2)))
    recipient = chance.choice((None, "google", "Meta"))
    choices: tuple[tuple[Basis, ...], ...] = ((), (), (), ("double_opt_in",), ("consent", "double_opt_in"))
    accepted = chance.choice(choices)
    ended = chance.choice((None, None, None, None, AS_OF, AS_OF - timedelta(days=1)))
    begun = chance.choice((*(date(2024, 1, 1),) * 5, AS_OF, AS_OF + timedelta(days=1)))
    transfer = Transfer(
        recipient="Somebody",
        country=chance.choice(("US", "US", "GB", "DE", "DE", "CN")),
        basis=chance.choice(("adequacy", "scc", "scc", "consent") if recipient else ("adequacy", "scc")),
        document="a paper",
        valid_from=begun,
        valid_until=ended if ended and ended >= begun else None,
    )
    return Destination(
        description="a",
        owner="a",
        needs=tuple(
            Needs(purpose=purpose, channel=channel, recipient=recipient, bases=accepted) for purpose, channel in uses
        ),
        transfer=None if chance.random() < 0.05 else transfer,
        keys=chance.choice(((("email",),), (("phone",),), (("email",), ("phone",)))),
        minimum_size=chance.choice((1, 1, 1, 3)),
        columns=(
            OutputColumn(name="person", value="person_id"),
            OutputColumn(name="email", value="email", normalise="email"),
            OutputColumn(name="phone", value="phone", normalise="phone_e164"),
        ),
    )
