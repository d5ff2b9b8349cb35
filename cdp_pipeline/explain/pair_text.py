"""`cdp explain A B` on a terminal: the records beside each other, and a waterfall of bars.

What belongs here: layout in plain characters. What does not: what is said (pair.py, reasons.py) and
the page (page.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from cdp_pipeline.explain.answer import Comparison, Seen, further, headline, surest
from cdp_pipeline.explain.evidence import FIELD_WORDS
from cdp_pipeline.explain.waterfall import bars, edges, unknown
from cdp_pipeline.explain.words import chance

BARS, FEW_BARS = 32, 22  # characters of the waterfall, on a wide and on a narrow terminal
LABEL = 14


def text(found: Comparison, width: int = 100) -> str:
    """The whole answer, lines of at most `width` characters where words allow it."""
    lines = [note for asked in (found.a, found.b) if (note := asked.note)]
    lines += _one(found, width) if found.is_one else _two(found, width)
    return "\n".join(lines)


def _one(found: Comparison, width: int) -> list[str]:
    lines = [*wrap(headline(found), width), *wrap(surest(found), width)]
    if len(found.seen) > 1:
        lines += ["", "The path of evidence", f"  {found.seen[0].left.label}"]
        for seen in found.seen:
            lines += [f"    │  {line}" for line in wrap(f"{seen.reason}; {chance(seen.weight)}", width - 7)]
            lines += [f"  {seen.right.label}"]
    for number, seen in enumerate(found.seen, 1):
        title = f"Link {number}: " if len(found.seen) > 1 else ""
        lines += ["", f"{title}{seen.left.label} and {seen.right.label}", *_beside(seen, width)]
    return lines + _listed("", found.others, width)


def _two(found: Comparison, width: int) -> list[str]:
    seen = found.seen[0]
    lines = [*wrap(headline(found), width)]
    lines += _listed("Why they were kept apart", found.why, width)
    lines += _listed("Not used", found.guards, width)
    lines += ["", "The two records that come nearest", *_beside(seen, width)]
    lines += _listed(further(found), found.others, width)
    return lines + _listed("What would change it", found.cures, width)


def _listed(title: str, items: Sequence[str], width: int) -> list[str]:
    if not items:
        return []
    lines = ["", title] if title else [""]
    for item in items:
        if "cdp " in item:  # a command is to be copied: never broken
            said, _, command = item.partition(": cdp ")
            lines += [f"  {said}:", f"    cdp {command}"]
        else:
            first, *rest = wrap(item, width - 4)
            lines += [f"  {first}", *(f"    {line}" for line in rest)]
    return lines


def _beside(seen: Seen, width: int) -> list[str]:
    """The two records in two columns, then the waterfall."""
    column = max(min((width - LABEL - 4) // 2, 40), 12)
    lines = [f"  {'':{LABEL}}{_cut(seen.left.label, column)}  {_cut(seen.right.label, column)}".rstrip()]
    for field in seen.left.values:
        pair = (seen.left.values[field], seen.right.values[field])
        if any(pair):
            left, right = (_cut(value or "–", column) for value in pair)
            lines.append(f"  {FIELD_WORDS.get(field, field):{LABEL}}{left}  {right}".rstrip())
    places = (seen.left.place, seen.right.place)
    if any(places):
        lines += [f"  {'file and line' if at == 0 else '':{LABEL}}{place}" for at, place in enumerate(places) if place]
    if not seen.parts:
        return [*lines, "", "  Everything that is compared is equal: the two are copies, and count as one record."]
    return [
        *lines,
        "",
        "  How the evidence adds up (each +1 doubles the odds that they are one person)",
        *_bars(seen, width),
    ]


def _cut(value: str, width: int) -> str:
    value = " ".join(value.split())
    return f"{value if len(value) <= width else value[: width - 1] + '…':{width}}"


def _bars(seen: Seen, width: int) -> list[str]:
    drawn = bars(seen)
    low, high = edges(drawn)
    cells = BARS if width >= 96 else FEW_BARS
    scale = (cells - 1) / (high - low or 1)
    zero = round(-low * scale)
    lines = []
    for at, bar in enumerate(drawn):
        left, right = (round((edge - low) * scale) for edge in (min(bar.span), max(bar.span)))
        row = ["│" if place == zero else " " for place in range(cells)]
        if left != right or bar.span[0] != bar.span[1]:
            row[left : max(right, left + 1)] = ("█" if bar.span[1] > bar.span[0] else "░") * max(right - left, 1)
        first, *rest = wrap(bar.said, max(width - LABEL - cells - 12, 20)) or [""]
        mark = "=" if at == len(drawn) - 1 else " "
        lines.append(f" {mark}{bar.title:{LABEL}}{bar.shown:>6}  {''.join(row)}  {first}")
        lines += [f"  {'':{LABEL}}{'':6}  {' ' * zero}│{' ' * (cells - zero - 1)}  {line}" for line in rest]
    missing = unknown(seen.parts)
    return [*lines, *(f"  {line}" for line in wrap(missing, width - 2))] if missing else lines
