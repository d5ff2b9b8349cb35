"""Who is in which segment, as one generated SQL statement.

What belongs here: SQL that labels customers, who is left out of segments, and the memberships that
a run starts from. What does not: reading and judging rules (rules.py), what changed and why
(history.py), and why somebody is left out (4_profiles/suppressions.sql).

An exclusive segmentation gives each customer the first segment, in the order of the file, whose
condition is true, else `otherwise`. Where an earlier condition needs a count that is not known, no later segment is
guessed: that is `otherwise` too. Audiences may overlap; whoever a condition cannot be told of is in none.

Who is in profiles.suppressions has no segment of a segmentation for profiling, and is in no audience
whose rule looks at more than permissions; with `is_out_of_audiences` in no segment at all.
"""

from __future__ import annotations

from collections.abc import Sequence

from cdp_pipeline.project.project import Project
from cdp_pipeline.project.quoting import literal, quoted
from cdp_pipeline.segments.rules import AUDIENCE, Rule

COLUMNS = "person_id varchar, segmentation varchar, segment varchar, since date, kind varchar"
SUPPRESSIONS = "person_id varchar, reason varchar, is_out_of_audiences boolean"
_NOBODY = "(select null::varchar as person_id, false as is_out_of_audiences where false)"


def labelled(
    project: Project,
    rules: Sequence[Rule],
    customers: str = "profiles.customers",
    suppressions: str = "profiles.suppressions",
) -> str:
    """SELECT of every customer with `as_of` and one column per exclusive segmentation, null when left out of it.

    `is_out_of_profiling` and `is_out_of_audiences` tell who is left out of what.
    """
    cases = []
    for name, segmentation in sorted(project.segmentations.items()):
        own = sorted((rule for rule in rules if rule.segmentation == name), key=lambda rule: rule.rank)
        otherwise = literal(segmentation.otherwise)
        whens = " ".join(
            f"when {rule.unknown} then {otherwise} when {rule.condition.sql} then {literal(rule.segment)}"
            for rule in own
        )
        objection = "is_out_of_profiling" if segmentation.purpose == "profiling" else "is_out_of_audiences"
        cases.append(f"case when {objection} then null {whens} else {otherwise} end as {quoted(name)}")
    labels = "".join(f", {case}" for case in cases)
    return (
        f"select *{labels} from (select c.*, r.as_of, x.person_id is not null as is_out_of_profiling, "
        f"coalesce(x.is_out_of_audiences, false) as is_out_of_audiences "
        f"from {customers} c cross join config.run r left join {suppressions} x on x.person_id = c.person_id)"
    )


def memberships_sql(project: Project, exclusive: Sequence[Rule], audiences: Sequence[Rule]) -> str:
    """SELECT of segments.memberships: person_id, segmentation, segment, since, kind.

    Grain person_id, segmentation, segment. `since` is carried over from `starting_point` for who
    was in already, else it is `as_of`.
    """
    return f"""
        with labelled as ({labelled(project, exclusive)}),
        members as ({_members(project, audiences)}),
        before as ({starting_point()})
        select m.person_id, m.segmentation, m.segment, coalesce(b.since, r.as_of) as since, m.kind
        from members m
        cross join config.run r
        left join before b using (person_id, segmentation, segment)
    """


def left_out_sql(project: Project, exclusive: Sequence[Rule], audiences: Sequence[Rule]) -> str:
    """SELECT segmentation, segment, left_out: people who meet the rule and are left out all the same."""
    return f"""
        with labelled as (
            select * from ({labelled(project, exclusive, suppressions=_NOBODY)})
            semi join profiles.suppressions using (person_id)
        ),
        members as ({_members(project, audiences)})
        select segmentation, segment, count(*) as left_out
        from members anti join segments.memberships using (person_id, segmentation, segment)
        group by all
    """


def unknown_sql(project: Project, exclusive: Sequence[Rule], audiences: Sequence[Rule]) -> str:
    """SELECT segmentation, segment, unknown: people whom the rule cannot be told of, as a count it needs is not known.

    Of an exclusive segmentation a person counts under the first such rule only, and only when none before it is true.
    """
    parts = ["select null::varchar as segmentation, null::varchar as segment where false"]
    for name in sorted(project.segmentations):
        own = sorted((rule for rule in exclusive if rule.segmentation == name), key=lambda rule: rule.rank)
        whens = " ".join(f"when {r.unknown} then {literal(r.segment)} when {r.condition.sql} then null" for r in own)
        if whens:
            parts.append(f"select {literal(name)}, case {whens} end from labelled where {quoted(name)} is not null")
    parts += [
        f"select {literal(AUDIENCE)}, {literal(rule.segment)} from labelled where {rule.unknown} "
        f"and not {'is_out_of_profiling' if rule.is_profiling else 'is_out_of_audiences'}"
        for rule in audiences
    ]
    return f"""
        with labelled as ({labelled(project, exclusive)})
        select segmentation, segment, count(*) as unknown from ({" union all ".join(parts)}) group by all
    """


def _members(project: Project, audiences: Sequence[Rule]) -> str:
    """SELECT person_id, segmentation, segment, kind of everybody who is in a segment, over `labelled`."""
    nobody = ", ".join(f"null::varchar as {name}" for name in ("person_id", "segmentation", "segment", "kind"))
    parts = [f"select {nobody} where false"]
    parts += [
        f"select person_id, {literal(name)}, {quoted(name)}, 'exclusive' from labelled where {quoted(name)} is not null"
        for name in sorted(project.segmentations)
    ]
    parts += [
        f"select person_id, {literal(AUDIENCE)}, {literal(rule.segment)}, {literal(AUDIENCE)} from labelled "
        f"where ({rule.condition.sql}) and not {'is_out_of_profiling' if rule.is_profiling else 'is_out_of_audiences'}"
        for rule in audiences
    ]
    return " union all ".join(parts)


def starting_point() -> str:
    """SELECT of the memberships as they stood before `as_of`: person_id, segmentation, segment, since, kind.

    The last published state may itself be of this `as_of` or a later one, when a day is run again.
    Then the earliest event from `as_of` on tells how a membership stood before it: one that was
    entered did not exist yet, one that was left did. So a day that is run twice starts twice from
    the same point, and gives the same rows.
    """
    return """
        with undone as (
            select person_id, segmentation, segment, since, kind, event from previous.segments.history
            where as_of >= (select as_of from config.run)
            qualify row_number() over (
                partition by person_id, segmentation, segment order by as_of, event
            ) = 1
        )
        select p.person_id, p.segmentation, p.segment, p.since, p.kind
        from previous.segments.memberships p
        left join undone u using (person_id, segmentation, segment)
        where u.event is null
        union all
        select person_id, segmentation, segment, since, kind from undone where event = 'left'
    """
