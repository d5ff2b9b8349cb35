"""Entries and exits of segments, each with the fact that changed; and sizes and overlaps.

What belongs here: SQL over two states of memberships and customers. What does not: who is in a
segment (memberships.py).

`changed_fact` names the columns of the rule whose values differ between the last published
customer and this one, as `recency_days: 364 → 366`. Of a personal column only that it changed is
told. Without a changed column it says what else happened: a customer that is new or gone, somebody
who is left out from now on or no longer is, or a rule that was added, edited or removed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cdp_pipeline.project.project import Project
from cdp_pipeline.project.quoting import literal, quoted
from cdp_pipeline.segments.memberships import labelled, left_out_sql, starting_point, unknown_sql
from cdp_pipeline.segments.rules import AUDIENCE, Rule

COLUMNS = (
    "as_of date, person_id varchar, segmentation varchar, segment varchar, event varchar, "
    "changed_fact varchar, since date, kind varchar"
)
_KEY = "person_id, segmentation, segment"


def history_sql(
    project: Project,
    exclusive: Sequence[Rule],
    audiences: Sequence[Rule],
    previous_columns: Mapping[str, str],
    current_columns: Iterable[str],
    personal: frozenset[str],
) -> str:
    """SELECT of segments.history: what earlier runs wrote before `as_of`, and the events of this run.

    `previous_columns` and `current_columns` are those of the two states of profiles.customers; a
    column that the older state lacks counts as empty there.
    """
    older = ", ".join(
        quoted(column) if column in previous_columns else f"null as {quoted(column)}" for column in current_columns
    )
    before = f"(select {older} from previous.profiles.customers)"
    facts = _facts(project, exclusive, audiences, personal)
    return f"""
        with before as ({starting_point()}),
        events as (
            select {_KEY}, 'entered' as event, since, kind
            from segments.memberships anti join before using ({_KEY})
            union all
            select {_KEY}, 'left', since, kind from before anti join segments.memberships using ({_KEY})
        ),
        told as (select * from previous.segments.history where as_of = (select as_of from config.run)),
        new as ({labelled(project, exclusive)}),
        old as ({labelled(project, exclusive, before, "previous.profiles.suppressions")}),
        both_states as (
            select e.*, n.person_id is not null as is_now, o.person_id is not null as was_before,
                n.is_out_of_profiling and e.event = 'left' as is_out, o.is_out_of_profiling and e.event = 'entered' as was_out,
                {facts} as changed
            from events e
            left join new n on n.person_id = e.person_id
            left join old o on o.person_id = e.person_id
        )
        select as_of, {_KEY}, event, changed_fact, since, kind from previous.segments.history
        where as_of < (select as_of from config.run)
        union all
        select r.as_of, b.person_id, b.segmentation, b.segment, b.event,
            coalesce(t.changed_fact, case
                when not b.is_now then 'no longer a customer: merged, split or erased'
                when not b.was_before then 'new customer'
                when b.is_out then 'left out of segments from now on'
                when b.was_out then 'no longer left out of segments'
                else coalesce(nullif(b.changed, ''), 'rule added, edited or removed')
            end) as changed_fact,
            b.since, b.kind
        from both_states b
        cross join config.run r
        left join told t on t.person_id = b.person_id and t.segmentation = b.segmentation
            and t.segment = b.segment and t.event = b.event
    """


def _facts(project: Project, exclusive: Sequence[Rule], audiences: Sequence[Rule], personal: frozenset[str]) -> str:
    """Expression over `e`, `n` (new) and `o` (old): the changed columns of the rule behind the event."""
    whens = []
    for name in sorted(project.segmentations):
        columns = sorted(
            {column for rule in exclusive if rule.segmentation == name for column in rule.condition.columns}
        )
        whens.append(f"when e.segmentation = {literal(name)} then {_differences(columns, personal)}")
    for rule in audiences:
        condition = f"e.segmentation = {literal(AUDIENCE)} and e.segment = {literal(rule.segment)}"
        whens.append(f"when {condition} then {_differences(rule.condition.columns, personal)}")
    return f"case {' '.join(whens)} end" if whens else "null::varchar"


def _differences(columns: Iterable[str], personal: frozenset[str]) -> str:
    parts = []
    for column in columns:
        if column == "as_of":
            continue
        new, old = (f"cast({side}.{quoted(column)} as varchar)" for side in "no")
        text = f"{literal(column + ': ')} || coalesce({old}, 'empty') || ' → ' || coalesce({new}, 'empty')"
        if column in personal:
            text = literal(f"{column}: changed")
        parts.append(f"case when {new} is distinct from {old} then {text} end")
    return f"concat_ws('; ', {', '.join(parts)})" if parts else "null::varchar"


def sizes_sql(project: Project, exclusive: Sequence[Rule], audiences: Sequence[Rule]) -> str:
    """SELECT of segments.sizes: one row for every segment that the project names, also an empty one.

    `previous_people` is the size before `as_of`, so people = previous_people + entered - left_.
    """
    names = [
        f"({literal(name)}, {literal(segment)}, 'exclusive', {str(segmentation.purpose == 'profiling').lower()})"
        for name, segmentation in sorted(project.segmentations.items())
        for segment in (*(s.name for s in segmentation.segments), segmentation.otherwise)
    ]
    names += [
        f"({literal(AUDIENCE)}, {literal(rule.segment)}, {literal(AUDIENCE)}, {str(rule.is_profiling).lower()})"
        for rule in audiences
    ]
    nobody = "select null::varchar, null::varchar, null::varchar, null::boolean where false"
    names_sql = f"values {', '.join(names)}" if names else nobody
    return f"""
        with named(segmentation, segment, kind, is_profiling) as ({names_sql}),
        left_out as ({left_out_sql(project, exclusive, audiences)}),
        untold as ({unknown_sql(project, exclusive, audiences)}),
        members as (select segmentation, segment, count(*) as people from segments.memberships group by all),
        events as (
            select segmentation, segment,
                count(*) filter (event = 'entered') as entered, count(*) filter (event = 'left') as gone
            from segments.history where as_of = (select as_of from config.run) group by all
        )
        select segmentation, segment, n.kind,
            coalesce(people, 0)::bigint as people,
            (coalesce(people, 0) - coalesce(entered, 0) + coalesce(gone, 0))::bigint as previous_people,
            coalesce(entered, 0)::bigint as entered,
            coalesce(gone, 0)::bigint as "left",
            coalesce(left_out, 0)::bigint as left_out,
            coalesce(unknown, 0)::bigint as unknown,
            n.is_profiling
        from named n
        left join members using (segmentation, segment)
        left join events using (segmentation, segment)
        left join left_out using (segmentation, segment)
        left join untold using (segmentation, segment)
    """


def overlaps_sql() -> str:
    """SELECT of segments.overlaps: people in both of two segments; each pair once, and no empty pair.

    An audience goes by its name, another segment by `segmentation: segment`. Shares are of the
    segment's own people, 0 to 1.
    """
    return f"""
        with members as (
            select person_id,
                case when kind = {literal(AUDIENCE)} then segment
                    else segmentation || ': ' || segment end as name
            from segments.memberships
        ),
        sizes as (select name, count(*) as people from members group by name),
        pairs as (
            select a.name as segment_a, b.name as segment_b, count(*) as people
            from members a join members b on a.person_id = b.person_id and a.name < b.name
            group by all
        )
        select segment_a, segment_b, p.people::bigint as people,
            (p.people / a.people)::decimal(18, 4) as share_of_a,
            (p.people / b.people)::decimal(18, 4) as share_of_b
        from pairs p join sizes a on a.name = segment_a join sizes b on b.name = segment_b
    """
