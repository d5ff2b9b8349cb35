"""The kinds of attack on identity, and a seeded generator of any number of each.

What belongs here: one entry a kind. What does not: when an attack has succeeded (attacks.py).

Left out, because the record may well be the victim's own: the same full name with the same e-mail or
phone and nothing that contradicts it; the same first name with the same e-mail and another surname
(people marry); no name with the e-mail of one single named person (a guest, see attacks.guests); a
birth date that differs in one part, or by a few years under exactly the same name.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from cdp_pipeline_tests.identity import population
from cdp_pipeline_tests.identity.attacks import Attack, Target, Texts, other_birth, row, stranger, targets
from cdp_pipeline_tests.identity.people import Row
from cdp_pipeline_tests.identity.population import Population

LOOK_ALIKE = str.maketrans("aeopcx", "аеорсх")  # Latin to Cyrillic
SCRIPTS = ("Γιώργος Παπαδόπουλος", "Дмитрий Кузнецов", "محمد الأحمد", "山田 太郎", "יעקב כהן", "Đặng Thị Hằng")
PLACEHOLDERS = ("Test Test", "Guest", "Klant", "Unknown", "-", "n/a")
NEARLY = (
    ("Daniel", "Daniela"), ("Christian", "Christiane"), ("Paul", "Paula"), ("Martin", "Martina"), ("Simon", "Simone"),
    ("Julian", "Juliane"), ("Louis", "Louise"), ("Robert", "Roberta"), ("Erik", "Erika"), ("Gabriel", "Gabriela"),
)  # fmt: skip
NAMES = ("first_name", "last_name")
PLACE = ("street", "house_number", "postcode", "city")

Change = Callable[[random.Random, Target], Row]
Makes = Callable[[random.Random, Target, Target], Attack]


@dataclass(frozen=True)
class Kind:
    """`make` gets a victim, whose record has the columns `needs`, and another one for bridges."""

    make: Makes
    needs: tuple[str, ...] = ()


# ---- how an attacking record is made -----------------------------------------------------------


def own(rng: random.Random, target: Target, columns: tuple[str, ...]) -> Texts:
    person = stranger(rng, target)
    return {column: person[column] for column in columns}


def taking(*taken: str, mine: tuple[str, ...] = (), changed: Change | None = None) -> Makes:
    """One record: values of a stranger (`mine`), values of the victim (`taken`), then what is `changed`."""

    def make(rng: random.Random, target: Target, other: Target) -> Attack:
        values = {**own(rng, target, mine), **{column: target.seen[column] for column in taken}}
        return Attack((row(target, {**values, **(changed(rng, target) if changed else {})}),), (target.records(),))

    return make


def namesake(*taken: str, mine: tuple[str, ...], changed: Change | None = None) -> Makes:
    """The victim's name and another birth date: never with the records whose birth date is known."""

    def named(rng: random.Random, target: Target) -> Row:
        return {**target.names(), **(changed(rng, target) if changed else {})}

    def make(rng: random.Random, target: Target, other: Target) -> Attack:
        attack = taking(*taken, mine=("birth_date", *mine), changed=named)(rng, target, other)
        return replace(attack, victims=(target.dated,))

    return make


def local(change: Callable[[random.Random, str], str]) -> Change:
    """The victim's e-mail with another part before the @."""

    def changed(rng: random.Random, target: Target) -> Row:
        name, domain = str(target.seen["email"]).split("@")
        return {"email": f"{change(rng, name)}@{domain}"}

    return changed


def dots(rng: random.Random, name: str) -> str:
    at = rng.randrange(2, len(name) - 1)
    return name.replace(".", "") if "." in name else f"{name[:at]}.{name[at:]}"


def look_alike(rng: random.Random, name: str) -> str:
    found = name.translate(LOOK_ALIKE)
    return found if found != name else f"{name}а"


def other_number(rng: random.Random, name: str) -> str:
    return f"{name[:-1]}{(int(name[-1]) + rng.randint(1, 9)) % 10}"


def elsewhere(rng: random.Random, target: Target) -> Row:
    return {"email": f"{str(target.seen['email']).split('@')[0]}@elsewhere.example"}


def initial(rng: random.Random, target: Target) -> Row:
    return {"first_name": f"{str(stranger(rng, target)['first_name'])[0]}."}


def turned(rng: random.Random, target: Target) -> Row:
    """Somebody whose first name is the victim's surname: Thomas Bernard and Martin Thomas."""
    return {"first_name": target.person.last.split()[-1]}


def relative(rng: random.Random, target: Target) -> Row:
    """Another first name in the same family, at home."""
    first = population.other_given(rng, target.person.country, target.person.first, target.person.last)
    return {"first_name": first, "last_name": target.person.last, **target.home()}


def relative_by_initial(rng: random.Random, target: Target) -> Row:
    return {**relative(rng, target), **initial(rng, target)}


def twin(rng: random.Random, target: Target) -> Row:
    return {**relative(rng, target), "birth_date": target.person.birth}


# ---- attacks of more than one record -----------------------------------------------------------


def bridging(name: Callable[[random.Random, Target, Target], Row], is_first: bool = False) -> Makes:
    """One victim's e-mail with another's phone; `is_first`: the record may be the first victim's."""

    def make(rng: random.Random, target: Target, other: Target) -> Attack:
        reach = {"email": target.seen["email"], "phone": other.seen["phone"]}
        may_join = target.records() if is_first else frozenset()
        both = (target.records(), other.records())
        return Attack((row(target, {**name(rng, target, other), **reach}),), both, may_join=may_join)

    return make


def first_of_one_last_of_other(rng: random.Random, target: Target, other: Target) -> Attack:
    """A name that fits both victims by half; it may be either, but they stay two."""
    attack = bridging(lambda rng, a, b: {"first_name": a.person.first, "last_name": b.person.last})(rng, target, other)
    return replace(attack, may_join=target.records() | other.records())


def two_records(rng: random.Random, target: Target, other: Target) -> Attack:
    """Two records of one attacker, held together by his own phone: one has A's e-mail, the other B's."""
    names = own(rng, target, (*NAMES, "phone"))
    rows = tuple(row(target, {**names, "email": who.seen["email"]}, at) for at, who in enumerate((target, other)))
    return Attack(rows, (target.records(), other.records()))


def through_a_guest(rng: random.Random, target: Target, other: Target) -> Attack:
    """A nameless record with the victim's e-mail and the attacker's phone, which has another record of his."""
    me = own(rng, target, (*NAMES, "email", "phone"))
    guest = row(target, {"email": target.seen["email"], "phone": me["phone"]}, 1)
    return Attack((row(target, me),), (target.records(),), bait=(guest,))


def shared_mailbox(rng: random.Random, target: Target, other: Target) -> Attack:
    """Two named people on one e-mail; then somebody without a name: nobody knows which of them it is."""
    spouse = row(target, {"email": target.seen["email"], **relative(rng, target)}, 1)
    guest = row(target, {"email": target.seen["email"]})
    return Attack((guest,), (target.records(), frozenset({str(spouse["record_id"])})), bait=(spouse,))


def further_email(rng: random.Random, target: Target, other: Target) -> Attack:
    attack = taking(mine=(*NAMES, "email"))(rng, target, other)
    told = ("web", str(attack.rows[0]["record_id"]), "email", str(target.seen["email"]))
    return replace(attack, identifiers=(told,))


def other_issuer(rng: random.Random, target: Target, other: Target) -> Attack:
    """The number of the victim's account, in another system."""
    account = target.seen["login_id"]
    login: Row = rng.choice(({"source": "market", "login_id": account}, {"login_id": f"market:{account}"}))
    return taking(mine=(*NAMES, "email"), changed=lambda rng, target: login)(rng, target, other)


def named_alike(rng: random.Random, target: Target, other: Target) -> Attack:
    """A couple called Daniel and Daniela: one home, mailbox and phone, two birth dates a few years apart."""
    shared: Row = {**target.home(), **own(rng, target, ("last_name", "email", "phone"))}
    names = rng.sample(rng.choice(NEARLY), 2)
    born = [target.person.birth, other_birth(rng, target.person.birth, (2, 9))]
    couple = [
        row(target, {**shared, "first_name": name, "birth_date": day}, at)
        for at, (name, day) in enumerate(zip(names, born, strict=True))
    ]
    return Attack((couple[0],), (frozenset({str(couple[1]["record_id"])}),), bait=(couple[1],))


def two_surnames(rng: random.Random, target: Target, other: Target) -> Attack:
    """Brother and sister of two surnames, as in Spain, at one address with one mailbox."""
    last = f"{target.person.last} {stranger(rng, target)['last_name']}"
    shared: Row = {**target.home(), **own(rng, target, ("email", "phone")), "last_name": last}
    sibling = row(target, {**shared, "first_name": target.person.first}, 1)
    attack = row(target, {**shared, "first_name": relative(rng, target)["first_name"]})
    return Attack((attack,), (frozenset({str(sibling["record_id"])}),), bait=(sibling,))


# ---- the kinds ---------------------------------------------------------------------------------

KINDS: dict[str, Kind] = {
    "own name, e-mail": Kind(taking("email", mine=NAMES)),
    "own name, phone": Kind(taking("phone", mine=NAMES), ("phone",)),
    "own name, e-mail and phone": Kind(taking("email", "phone", mine=NAMES), ("phone",)),
    "own name, address and phone, e-mail": Kind(taking("email", mine=(*NAMES, "phone", *PLACE))),
    "own name, e-mail as a further one": Kind(further_email),
    "own name, e-mail with a tag, in capitals": Kind(
        taking(mine=NAMES, changed=local(lambda rng, name: f"{name}+shop".upper()))),
    "own name, e-mail with other dots": Kind(taking(mine=NAMES, changed=local(dots))),
    "own name in another script, e-mail": Kind(
        taking("email", changed=lambda rng, target: {"full_name": rng.choice(SCRIPTS)})),
    "own name that begins with the victim's surname, e-mail": Kind(
        taking("email", mine=("last_name",), changed=turned)),
    "own initial and surname, e-mail": Kind(taking("email", mine=("last_name",), changed=initial)),
    "own surname only, e-mail": Kind(taking("email", mine=("last_name",))),
    "own surname only, e-mail and phone": Kind(taking("email", "phone", mine=("last_name",)), ("phone",)),
    "own first name only, e-mail": Kind(taking("email", mine=("first_name",))),
    "own name, account number of another system": Kind(other_issuer, ("login_id",)),
    "own name, phone of a guest with the e-mail": Kind(through_a_guest),
    "no name, phone": Kind(taking("phone"), ("phone",)),
    "no name, phone, own e-mail": Kind(taking("phone", mine=("email",)), ("phone",)),
    "no name, address": Kind(taking(changed=lambda rng, target: target.home()), ("street",)),
    "placeholder for a name, phone": Kind(
        taking("phone", changed=lambda rng, target: {"full_name": rng.choice(PLACEHOLDERS)}), ("phone",)),
    "no name, e-mail that two people share": Kind(shared_mailbox),
    "no name, e-mail, other birth date": Kind(taking("email", mine=("birth_date",)), ("birth_date",)),
    "no name, e-mail with other dots": Kind(taking(changed=local(dots))),
    "no name, e-mail in look-alike letters": Kind(taking(changed=local(look_alike))),
    "no name, e-mail with another number": Kind(taking(changed=local(other_number))),
    "no name, e-mail name at another domain": Kind(taking(changed=elsewhere)),
    "bridge with the first victim's name": Kind(bridging(lambda rng, a, b: a.names(), is_first=True), ("phone",)),
    "bridge without a name": Kind(bridging(lambda rng, a, b: {}), ("phone",)),
    "bridge with a third name": Kind(bridging(lambda rng, a, b: own(rng, a, NAMES)), ("phone",)),
    "bridge with a name of both": Kind(first_of_one_last_of_other, ("phone",)),
    "bridge of two records": Kind(two_records),
    "same name, e-mail, other birth date": Kind(namesake("email", mine=("phone",)), ("birth_date",)),
    "same name, phone, other birth date": Kind(namesake("phone", mine=("email",)), ("birth_date", "phone")),
    "same name, address, other birth date": Kind(
        namesake(mine=("email", "phone"), changed=lambda rng, target: target.home()), ("birth_date", "street")),
    "same name, town, other birth date": Kind(
        namesake("city", mine=("email", "phone", "street", "postcode")), ("birth_date", "city")),
    "same name, nothing else": Kind(
        taking(mine=("email", "phone", *PLACE), changed=lambda rng, target: target.names()), ("phone", "street")),
    "twin with the same e-mail and phone": Kind(
        taking("email", "phone", changed=twin), ("birth_date", "street", "phone")),
    "twin with an own e-mail": Kind(taking(mine=("email",), changed=twin), ("birth_date", "street")),
    "twin without contact details": Kind(taking(changed=twin), ("birth_date", "street")),
    "spouse with the same e-mail and phone": Kind(taking("email", "phone", changed=relative), ("phone",)),
    "spouse by initial with the same e-mail": Kind(taking("email", changed=relative_by_initial)),
    "couple named alike": Kind(named_alike),
    "sibling of two surnames with the same e-mail": Kind(two_surnames),
    "flatmate with the same e-mail and phone": Kind(
        taking("email", "phone", mine=NAMES, changed=lambda rng, target: target.home()), ("phone",)),
}  # fmt: skip


def attacks(base: Population, each: int, seed: int) -> tuple[list[Attack], list[Target]]:
    """`each` attacks of every kind, every victim attacked once; and the people who were left in peace."""
    rng = random.Random(seed)
    left = targets(base)
    rng.shuffle(left)
    made: list[Attack] = []
    for name in sorted(KINDS, key=lambda name: (-len(KINDS[name].needs), name)):  # the choosy ones first
        kind = KINDS[name]
        fitting = [target for target in left if all(target.seen.get(need) for need in kind.needs)][: 2 * each]
        assert len(fitting) == 2 * each, f"too few people for {name}"
        new = [replace(kind.make(rng, *fitting[at : at + 2]), kind=name) for at in range(0, 2 * each, 2)]
        hit = {record for attack in new for victim in attack.victims for record in victim}
        hit |= {record for at in range(0, 2 * each, 2) for record in fitting[at].person.records}
        left = [target for target in left if not hit & target.records()]
        made += new
    return made, left


def unknown_twins(number: int) -> tuple[Row, Row]:
    """Two records of twins nobody knows: one birth date, surname and address, two first names, no way to reach them."""
    rng = random.Random(number)
    first, last = population.given(rng, "NL"), population.draw(rng, "NL", "surname")
    shared: Row = {
        "source": "web",
        "country": "NL",
        **population.address(rng, "NL"),
        "birth_date": population.birth(rng),
    }
    names = (first, population.other_given(rng, "NL", first))
    one, other = ({**shared, "first_name": name, "last_name": last} for name in names)
    return one, other
