"""Who may be exported: the permission of the very identifier that leaves, else nothing.

What belongs here: SQL that leaves only permitted identifiers in a row, and says why the others go.
What does not: who is in the audience, and how values are written (export.py).

A permission belongs to an identifier, a purpose, a channel and maybe a recipient. Missing means no.
With several needs all must hold for the same identifier. An identifier without permission is emptied
before any output expression sees it, so it cannot slip into another column. Who is left out of
audiences (profiles.suppressions) does not leave, whatever the permission.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from cdp_pipeline.activation.destinations import GATED
from cdp_pipeline.project.quoting import literal
from cdp_pipeline.project.shapes import Destination, Needs

NEVER_ASKED = "never asked"
NOT_NAMED = "recipient not named"
OTHER_BASIS = "basis not accepted here"
OTHER_GOODS = "existing customer, and the audience is not about similar goods"


def judged_identifiers(destination: Destination) -> str:
    """SELECT person_id, namespace, value, reason, is_existing_customer: one row an address with any permission.

    A permission belongs to the key of an identifier; every way in which the person's records write it has it.

    `reason` is `granted` when it meets every need, else why not: the word of the first need that it
    does not meet. `is_existing_customer`: it may leave, but only for goods like those bought.
    """
    is_named = destination.transfer is not None and destination.transfer.basis == "consent"
    needs = [f"select {number} as need, * from ({_judged(n, is_named)})" for number, n in enumerate(destination.needs)]
    if not needs:
        nobody = "select person_id, namespace, value from profiles.permissions where false"
        needs = [f"select 0 as need, *, null as basis, null as reason from ({nobody})"]
    return f"""
        select person_id, namespace, value,
            case when count(*) filter (reason = 'granted') = {max(len(destination.needs), 1)} then 'granted'
                else coalesce(min_by(reason, need) filter (reason <> 'granted'), {literal(NEVER_ASKED)}) end as reason,
            bool_or(basis = 'existing_customer') as is_existing_customer
        from ({" union all ".join(needs)})
        group by person_id, namespace, value
    """


def _judged(need: Needs, must_be_named: bool) -> str:
    """SELECT person_id, namespace, value, reason, basis of the identifiers that have a say about one need.

    A permission that names the recipient of the need goes before a general one, unless the general
    one is a later refusal; a later grant on a basis that is not enough is none. A permission that names
    somebody else counts for nothing. When the transfer itself rests on consent, a general permission is
    not enough.
    """
    recipient = f"lower({literal(need.recipient)})" if need.recipient else "null"
    bases = ", ".join(literal(basis) for basis in need.bases)
    accepted = f"basis in ({bases})" if bases else "true"
    return f"""
        with said as (
            select person_id, namespace,
                case namespace when 'email' then normalise_email(address, null) else trim(address) end as value,
                nullif(lower(trim(recipient)), '') as recipient,
                coalesce(is_permitted, false) as is_permitted, changed_at, basis,
                not coalesce(is_permitted, false) and status is distinct from 'granted' as is_refusal,
                coalesce(nullif(coalesce(reason, status), 'granted'), 'not granted') as reason
            from (select *, unnest(list_distinct(list_append(addresses, value))) as address from profiles.permissions)
            where purpose = {literal(need.purpose)} and channel = {literal(need.channel)}
        ),
        gathered as (
            select person_id, namespace, value,
                bool_and(is_permitted) filter (recipient = {recipient}) as is_named_granted,
                bool_and(is_permitted) filter (recipient is null) as is_granted,
                min(reason) filter (recipient = {recipient} and not is_permitted) as named_reason,
                min(reason) filter (recipient is null and not is_permitted) as general_reason,
                min(basis) filter (recipient = {recipient}) as named_basis,
                min(basis) filter (recipient is null) as general_basis,
                coalesce(max(changed_at) filter (recipient is null and is_refusal)
                    >= max(changed_at) filter (recipient = {recipient}), false) as is_refused_since
            from said
            where value <> ''
            group by person_id, namespace, value
        ),
        weighed as (
            select *, if(is_named_granted is null, general_basis, named_basis) as basis,
                case
                    when not is_named_granted then named_reason
                    when is_named_granted and is_refused_since then general_reason
                    when is_named_granted then 'granted'
                    when {str(must_be_named).lower()} or is_granted is null then {literal(NOT_NAMED)}
                    when is_granted then 'granted'
                    else general_reason
                end as word
            from gathered
        )
        select person_id, namespace, value, basis,
            case when word = 'granted' and not coalesce({accepted}, false) then {literal(OTHER_BASIS)} else word end
                as reason
        from weighed
    """


def gated(table: str, columns: Sequence[str], similar_goods: Collection[str] = ()) -> str:
    """SELECT of `table` with `is_allowed` and `refusal`, and without the identifiers that may not leave.

    `table` holds rows of profiles.customers with their `audience`; `columns` are those of customers.
    `is_allowed` is true when at least one identifier of the row may leave; name and address then go along
    with it. `refusal` says why an identifier may not. `similar_goods` are the audiences about goods like
    those that their members bought: only there may an existing customer be written to without consent.
    The temporary table judged_identifiers holds what the destination permits.
    """
    identifiers = [name for name in GATED if name in columns]
    if not identifiers:
        return f"select *, false as is_allowed, {literal(NEVER_ASKED)} as refusal from {table}"
    bases = ", ".join(
        f"case when m.{name} is null then null when x.is_out_of_audiences then x.reason "
        f"when coalesce(a_{name}.reason, '') = 'granted' and a_{name}.is_existing_customer "
        f"and not {audiences_in(similar_goods)} then {literal(OTHER_GOODS)} "
        f"else coalesce(a_{name}.reason, {literal(NEVER_ASKED)}) end as _{name}"
        for name in identifiers
    )
    joins = " ".join(
        f"left join judged_identifiers a_{name} on a_{name}.person_id = m.person_id and a_{name}.namespace = '{name}' "
        f"and a_{name}.value = {as_permitted(name)}"
        for name in identifiers
    )
    emptied = ", ".join(f"case when _{name} = 'granted' then {name} end as {name}" for name in identifiers)
    any_allowed = " or ".join(f"coalesce(_{name} = 'granted', false)" for name in identifiers)
    words = ", ".join(f"nullif(nullif(_{name}, 'granted'), {literal(NEVER_ASKED)})" for name in identifiers)
    helpers = ", ".join(f"_{name}" for name in identifiers)
    return f"""
        with said as (
            select m.*, {bases}
            from {table} m {joins} left join profiles.suppressions x on x.person_id = m.person_id
        )
        select * exclude ({helpers}) replace ({emptied}), {any_allowed} as is_allowed,
            coalesce({words}, {literal(NEVER_ASKED)}) as refusal
        from said
    """


def as_permitted(name: str) -> str:
    """SQL of an identifier of `m` as judged_identifiers writes it."""
    return "normalise_email(m.email, null)" if name == "email" else f"m.{name}"


def audiences_in(names: Collection[str]) -> str:
    """SQL that is true for a row of `m` whose audience is one of `names`."""
    return f"coalesce(m.audience in ({', '.join(literal(name) for name in sorted(names)) or 'null'}), false)"
