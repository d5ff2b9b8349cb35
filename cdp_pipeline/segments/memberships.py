"""Who is in which segment, as one generated SQL statement.

What belongs here: SQL that labels customers, and the memberships that a run starts from. What
does not: reading and judging rules (rules.py), what changed and why (history.py).

An exclusive segmentation gives each customer the first segment, in the order of the file, whose
condition is true, else `otherwise`; an unknown (null) condition is not true. Audiences may overlap.
"""

from __future__ import annotations

from collections.abc import Sequence

from cdp_pipeline.expressions import literal, quoted
from cdp_pipeline.project import Project
from cdp_pipeline.segments.rules import AUDIENCE, Rule

COLUMNS = "person_id varchar, segmentation varchar, segment varchar, since date, kind varchar"


def labelled(project: Project, rules: Sequence[Rule], customers: str = "profiles.customers") -> str:
    """SELECT of every customer with `as_of` and one column per exclusive segmentation."""
    cases = []
    for name, segmentation in sorted(project.segmentations.items()):
        own = sorted((rule for rule in rules if rule.segmentation == name), key=lambda rule: rule.rank)
        whens = " ".join(f"when {rule.condition.sql} then {literal(rule.segment)}" for rule in own)
        otherwise = literal(segmentation.otherwise)
        cases.append(
            f"case {whens} else {otherwise} end as {quoted(name)}" if whens else f"{otherwise} as {quoted(name)}"
        )
    labels = "".join(f", {case}" for case in cases)
    return f"select *{labels} from (select c.*, r.as_of from {customers} c cross join config.run r)"


def memberships_sql(project: Project, exclusive: Sequence[Rule], audiences: Sequence[Rule]) -> str:
    """SELECT of segments.memberships: person_id, segmentation, segment, since, kind.

    Grain person_id, segmentation, segment. `since` is carried over from `starting_point` for who
    was in already, else it is `as_of`.
    """
    parts = [
        f"select person_id, {literal(name)} as segmentation, {quoted(name)} as segment, 'exclusive' as kind "
        "from labelled"
        for name in sorted(project.segmentations)
    ]
    parts += [
        f"select person_id, {literal(AUDIENCE)}, {literal(rule.segment)}, {literal(AUDIENCE)} "
        f"from labelled where {rule.condition.sql}"
        for rule in audiences
    ]
    nobody = "select person_id, segmentation, segment, kind from previous.segments.memberships where false"
    return f"""
        with labelled as ({labelled(project, exclusive)}),
        members as ({" union all ".join([nobody, *parts])}),
        before as ({starting_point()})
        select m.person_id, m.segmentation, m.segment, coalesce(b.since, r.as_of) as since, m.kind
        from members m
        cross join config.run r
        left join before b using (person_id, segmentation, segment)
    """


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
