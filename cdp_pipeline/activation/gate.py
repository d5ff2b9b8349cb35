"""Who may be exported: the permission of the very identifier that leaves, else nothing.

What belongs here: SQL that leaves only permitted identifiers in a row. What does not: who is in
the audience, and how values are written (export.py).

A permission belongs to an identifier, a purpose, a channel and maybe a recipient. Missing means no.
With several needs all must hold for the same identifier. An identifier without permission is emptied
before any output expression sees it, so it cannot slip into another column.
"""

from __future__ import annotations

from collections.abc import Sequence

from cdp_pipeline.activation.destinations import GATED
from cdp_pipeline.expressions import literal
from cdp_pipeline.shapes import Destination, Needs


def allowed_identifiers(destination: Destination) -> str:
    """SELECT person_id, namespace, value: identifiers that meet every need of the destination."""
    if not destination.needs:
        return "select person_id, namespace, value from profiles.permissions where false"
    is_named = destination.transfer is not None and destination.transfer.basis == "consent"
    return " intersect ".join(f"({_meets(need, is_named)})" for need in destination.needs)


def _meets(need: Needs, must_be_named: bool) -> str:
    """SELECT of the identifiers that meet one need.

    A permission that names the recipient of the need goes before a general one, unless the general
    one is a later refusal. A permission that names somebody else counts for nothing. When the
    transfer itself rests on consent, a general permission is not enough.
    """
    unnamed = "false" if must_be_named else "coalesce(bool_and(is_permitted) filter (recipient is null), false)"
    recipient = f"lower({literal(need.recipient)})" if need.recipient else "null"
    return f"""
        select person_id, namespace, value
        from (
            select person_id, namespace,
                case namespace when 'email' then normalise_email(value, null) else trim(value) end as value,
                nullif(lower(trim(recipient)), '') as recipient,
                coalesce(is_permitted, false) as is_permitted, changed_at
            from profiles.permissions
            where purpose = {literal(need.purpose)} and channel = {literal(need.channel)}
        )
        where value <> ''
        group by person_id, namespace, value
        having case
            when bool_and(is_permitted) filter (recipient = {recipient}) is not null then
                bool_and(is_permitted) filter (recipient = {recipient})
                and not coalesce(max(changed_at) filter (recipient is null and not is_permitted)
                    >= max(changed_at) filter (recipient = {recipient}), false)
            else {unnamed}
        end
    """


def gated(destination: Destination, table: str, columns: Sequence[str]) -> str:
    """SELECT of `table` with `is_allowed`, and without the identifiers that may not leave.

    `table` holds rows of profiles.customers; `columns` are its columns. `is_allowed` is true when at
    least one identifier of the row may leave; name and address then go along with it.
    """
    identifiers = [name for name in GATED if name in columns]
    if not identifiers:
        return f"select *, false as is_allowed from {table}"
    emptied = ", ".join(f"case when a_{name}.value is not null then m.{name} end as {name}" for name in identifiers)
    joins = " ".join(
        f"left join allowed a_{name} on a_{name}.person_id = m.person_id and a_{name}.namespace = '{name}' "
        f"and a_{name}.value = {_as_permitted(name)}"
        for name in identifiers
    )
    any_allowed = " or ".join(f"a_{name}.value is not null" for name in identifiers)
    return f"""
        with allowed as ({allowed_identifiers(destination)})
        select m.* replace ({emptied}), {any_allowed} as is_allowed
        from {table} m {joins}
    """


def _as_permitted(name: str) -> str:
    return "normalise_email(m.email, null)" if name == "email" else f"m.{name}"
