"""What a what-if changes, in words.

What belongs here: layout. What does not: how it was found (whatif.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from cdp_pipeline.explain.difference import Change, Difference, Size
from cdp_pipeline.explain.words import count

PARTS = 6  # ids shown of one change


def text(found: Difference) -> str:
    """Persons first, then segments and audiences; sizes that stay are only counted."""
    before, after = found.persons
    lines = [f"{count(before, 'person').replace('persons', 'people')} would be {after:,} ({after - before:+,})"]
    merging, splitting = found.counts
    if not merging and not splitting:
        lines.append("Nobody would merge and nobody would split.")
    lines += _changes("would merge", merging, found.merges)
    lines += _changes("would split", splitting, found.splits)
    lines += _sizes("Segments", [size for size in found.sizes if size.kind != "audience"])
    lines += _sizes("Audiences", [size for size in found.sizes if size.kind == "audience"])
    if not found.is_clean:
        lines += [
            "",
            "Part of this comes from other code or another matching.yml than what is published: run cdp run first",
        ]
    return "\n".join([*lines, "", "Nothing was published. To keep a setting, write it into 3_identity/matching.yml"])


def _changes(what: str, number: int, changes: Sequence[Change]) -> list[str]:
    if not number:
        return []
    kind = "group of people" if what == "would merge" else "person"
    plural = "groups of people" if what == "would merge" else "people"
    shown = f"; the {len(changes)} largest:" if number > len(changes) else ":"
    lines = ["", f"{number:,} {kind if number == 1 else plural} {what}{shown}"]
    return lines + [_change(change) for change in changes]


def _change(change: Change) -> str:
    """`13 + 9 records: P… + P…` for a merge, `22 records into 13 + 9: P… → P… + P…` for a split."""
    if len(change.before) > 1:
        return f"  {_records(change.before)} records: {_people(change.before)}"
    into = f"{_people(change.before)} → {_people(change.after)}"
    return f"  {_records(change.before)} records into {_records(change.after)}: {into}"


def _records(parts: Sequence[tuple[str, int]]) -> str:
    return " + ".join([*(f"{records:,}" for _, records in parts[:PARTS]), *_more(parts)])


def _people(parts: Sequence[tuple[str, int]]) -> str:
    return " + ".join([*(person for person, _ in parts[:PARTS]), *_more(parts)])


def _more(parts: Sequence[tuple[str, int]]) -> list[str]:
    return [f"{len(parts) - PARTS} more"] if len(parts) > PARTS else []


def _sizes(title: str, sizes: Sequence[Size]) -> list[str]:
    changed = [size for size in sizes if size.before != size.after]
    if not changed:
        return ["", f"{title}: none of {len(sizes)} changes in size"]
    wide = max(len(_name(size)) for size in changed)
    lines = ["", f"{title}: {len(changed)} of {len(sizes)} change in size"]
    return lines + [
        f"  {_name(size):{wide}}  {size.before:>9,} → {size.after:<9,}  {size.after - size.before:+,}"
        for size in changed
    ]


def _name(size: Size) -> str:
    return (
        size.segment
        if size.segmentation == size.segment or size.kind == "audience"
        else f"{size.segmentation}: {size.segment}"
    )
