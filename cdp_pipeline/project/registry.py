"""What every core table says about people: whom its columns name, what stays of the erased, which claims are missing.

What belongs here: reading that out of the contracts (2_staging/*.yml), and every mistake in saying it. What does not:
doing it (privacy/, staging/), and the one spelling of an identifier (privacy/identities.py).

    a column says                      a row names by it                        kind of the fact
    keys: email | phone                whoever uses the address or number       email, phone
    keys: account                      the holder of the account                account
    keys: namespace                    what the column `namespace` says         email, phone, device_id, account
    identifies: device | event_order   whoever uses it, or ordered by it        device_id, event_order
    identifies: record                 one people record of a system            record_id
    identifies: order | ticket         whoever ordered or asked                 order_id, ticket_id
    references: <table>                whose the row of that table is           what the key of that table is called
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cdp_pipeline.errors import nearest
from cdp_pipeline.project.shapes import Column, Contract
from cdp_pipeline.project.yaml_file import place

SHAREABLE = ("email", "phone", "device_id", "account")
"""Kinds that two people may both hold; every other kind names one thing of one system."""
KIND_OF_NAMESPACE = {
    "email": "email", "phone": "phone", "device_id": "device_id", "login_id": "account", "customer_id": "account",
}  # fmt: skip
"""What a value of the column `namespace` makes of the value beside it."""
_KINDS = {"record": "record_id", "order": "order_id", "ticket": "ticket_id", "device": "device_id"}
RECORD = "record_id"


@dataclass(frozen=True)
class Fact:
    """A column of a core table that names somebody; where `namespace` is given, only in rows of that one.

    `system` is the column that tells which system the value belongs to.
    """

    kind: str
    column: str
    system: str = "source"
    namespace: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that the fact is read from."""
        return (self.column, self.system, *(["namespace"] if self.namespace else []))


Contracts = Mapping[str, Contract]


def kind_sql(namespace: str) -> str:
    """SQL of the kind that a namespace stands for; null for one that nobody knows."""
    return (
        f"case {namespace} {' '.join(f'when {name!r} then {kind!r}' for name, kind in KIND_OF_NAMESPACE.items())} end"
    )


def facts_of(table: str, contracts: Contracts) -> tuple[Fact, ...]:
    """The columns of a core table that name somebody, as the contracts say; none of a table about nobody."""
    facts: list[Fact] = []
    for column, spec in contracts[table].columns.items():
        if spec.keys == "namespace":
            facts += [Fact(kind, column, namespace=name) for name, kind in KIND_OF_NAMESPACE.items()]
        elif spec.keys:
            facts.append(Fact(spec.keys, column))
        elif spec.identifies:
            facts.append(Fact(_KINDS.get(spec.identifies, spec.identifies), column, system=spec.issued_by))
        elif spec.references and (kind := thing_of(spec.references, contracts)):
            facts.append(Fact(kind, column, system=spec.issued_by))
        elif column == _own_column(contracts[table]) and (kind := thing_of(table, contracts)):
            facts.append(Fact(kind, column))
    return tuple(facts)


def thing_of(table: str, contracts: Contracts) -> str:
    """The kind of thing that each row of a core table is, and others may refer to; "" when it is nobody's or has no key.

    That is a table with one key column beside `source`, which says what it identifies, or which other tables reference
    while its rows are somebody's: the kind is then called as the column is.
    """
    contract = contracts.get(table)
    column = _own_column(contract) if contract else ""
    if not contract or not column:
        return ""
    spec = contract.columns[column]
    if spec.identifies and not spec.references:
        return _KINDS.get(spec.identifies, spec.identifies)
    if spec.keys and spec.keys != "namespace":
        return spec.keys
    is_referenced = any(s.references == table for other in contracts.values() for s in other.columns.values())
    return column if is_referenced and not spec.references and _is_somebodys(table, contracts, ()) else ""


def _own_column(contract: Contract) -> str:
    own = [column for column in contract.grain if column != "source"]
    return own[0] if len(own) == 1 and own[0] in contract.columns else ""


def _is_somebodys(table: str, contracts: Contracts, path: tuple[str, ...]) -> bool:
    """Whether a row leads to somebody: by an identifier of its own, or by what it refers to."""
    columns = contracts[table].columns.values() if table in contracts and table not in path else ()
    return any(
        spec.keys or spec.identifies or (spec.references and _is_somebodys(spec.references, contracts, (*path, table)))
        for spec in columns
    )


def defines(table: str, contracts: Contracts) -> tuple[str, ...]:
    """Kinds of things that the rows of a core table are: its key names one; with a record, its accounts too."""
    thing = thing_of(table, contracts)
    accounts = [fact.kind for fact in facts_of(table, contracts) if fact.kind == "account" and not fact.namespace]
    return (thing, *accounts) if thing == RECORD else tuple([thing] if thing else [])


def known_by(contracts: Contracts) -> dict[str, tuple[Fact, ...]]:
    """Core tables whose rows say by what a people record is known, with their facts: people, and further identifiers."""
    facts = {
        table: facts_of(table, contracts)
        for table, contract in contracts.items()
        if tuple(contract.grain[:2]) == ("source", RECORD) and contract.columns[RECORD].identifies == "record"
    }
    return {table: own for table, own in facts.items() if any(fact.kind != RECORD for fact in own)}


def record_column(table: str, contracts: Contracts) -> str:
    """The column that tells whose record a row of a core table belongs to; "" when none does."""
    return next((f.column for f in facts_of(table, contracts) if f.kind == RECORD and f.system == "source"), "")


# ---- what stays ------------------------------------------------------------------------------


def outlasting(contracts: Contracts) -> dict[str, Contract]:
    """Core tables of whose rows something stays when somebody is erased, by name: `when_erased` is not `removed`."""
    return {table: contract for table, contract in contracts.items() if contract.when_erased != "removed"}


def status_column(contract: Contract) -> str | None:
    """The column that holds the status of a permission, of a contract that has one."""
    return next((column for column, spec in contract.columns.items() if spec.words), None)


def holds_permissions(tables: Mapping[str, object], contracts: Contracts) -> bool:
    """Whether one of `tables` is a ledger of permissions, of which nothing may get lost."""
    return any(table in contracts and status_column(contracts[table]) for table in tables)


# ---- mistakes --------------------------------------------------------------------------------


def mistakes_in(folder: Path, contracts: Contracts) -> list[str]:
    """Every column that leaves open whose it is, with file and line: nobody could erase or mask what is not declared."""
    return [
        f"{place(folder / '2_staging' / f'{table}.yml', *(('columns', column) if column else ('when_erased',)))}: {words}"
        for table in contracts
        for column, words in mistakes(table, contracts)
    ]


def mistakes(table: str, contracts: Contracts) -> Iterator[tuple[str, str]]:
    """Every column of a core table that leaves open whose it is, as (column, what is wrong and how to say it)."""
    contract, facts = contracts[table], facts_of(table, contracts)
    personal = [column for column, spec in contract.columns.items() if spec.sensitivity != "public"]
    if personal and not facts:
        yield (
            personal[0],
            (
                f"{personal[0]} is personal, but no column says whose a row is, so an erasure could not find it: `references: "
                "people` on a record id, `keys` on an e-mail address, phone or account, or `identifies`"
            ),
        )
    for column, spec in contract.columns.items():
        if alike := _personal_elsewhere(column, spec, table, contracts):
            yield (
                column,
                (
                    f"{column} is a name of {alike}, which is personal, and says nothing here: `sensitivity: personal`, or "
                    "`sensitivity: public` when it is about nobody"
                ),
            )
    for column, other in sorted({(fact.column, other) for fact in facts for other in fact.columns}):
        if other not in contract.columns:
            yield (
                column,
                (
                    f"{column} names somebody together with {other}, which is no column of the table"
                    f"{nearest(other, contract.columns)}"
                ),
            )
    if contract.when_erased == "anonymised" and not any(fact.column in contract.grain for fact in facts):
        yield "", "when_erased: anonymised, but no column of the grain names what the rows are of: `identifies: order`"


def _personal_elsewhere(column: str, spec: Column, table: str, contracts: Contracts) -> str:
    """The personal column of another core table that has this name, or is known under it; "" if the column says what it is."""
    if "sensitivity" in spec.model_fields_set or spec.identifies or spec.keys or spec.references:
        return ""
    personal = [
        (other, theirs, other_spec)
        for other, contract in contracts.items()
        for theirs, other_spec in contract.columns.items()
        if other != table and other_spec.sensitivity != "public"
    ]
    same = [f"{other}.{theirs}" for other, theirs, _ in personal if theirs == column]
    alike = [
        f"{other}.{theirs}" for other, theirs, other_spec in personal if column.replace("_", " ") in other_spec.known_as
    ]
    return next(iter([*same, *alike]), "")
