"""`cdp explain A B --html FILE`: the same answer as one page that needs nothing else.

What belongs here: markup; the style is page.css. What does not: what is said (pair.py, reasons.py)
and how bars are measured (waterfall.py). The page is about people: it is written for its reader alone (mode 0600).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from html import escape
from pathlib import Path

from cdp_pipeline.explain.answer import Comparison, Seen, further, headline, surest
from cdp_pipeline.explain.evidence import FIELD_WORDS
from cdp_pipeline.explain.waterfall import Bar, bars, edges, unknown
from cdp_pipeline.explain.words import chance


def write_page(found: Comparison, path: Path) -> None:
    """Write the page for its owner's eyes only, all or nothing."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(page(found))
    temporary.replace(path)


def page(found: Comparison) -> str:
    """The whole page; every value from the data is escaped."""
    notes = "".join(f'<p class="lead">{escape(asked.note)}</p>' for asked in (found.a, found.b) if asked.note)
    lead = f'<p class="lead">{escape(surest(found))}</p>' if found.is_one else ""
    parts = [f"<h1>{escape(headline(found))}</h1>", notes, lead]
    if found.is_one:
        parts.append(_path(found) if len(found.seen) > 1 else "")
        parts += [_seen(seen, _title(number, found)) for number, seen in enumerate(found.seen, 1)]
        parts.append(_list("Beside the path", found.others))
    else:
        parts += [_list("Why they were kept apart", found.why), _list("Not used", found.guards)]
        parts.append(_seen(found.seen[0], "The two records that come nearest"))
        parts += [_list(further(found), found.others), _list("What would change it", found.cures)]
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    body = "\n".join(part for part in parts if part)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>{"One person" if found.is_one else "Two people"}</title>
<style>{style}</style></head>
<body><main>
{body}
<footer>About people: for your eyes only. Delete it when you have read it.</footer>
</main></body></html>
"""


def _title(number: int, found: Comparison) -> str:
    seen = found.seen[number - 1]
    return f"{f'Link {number}: ' if len(found.seen) > 1 else ''}{seen.left.label} and {seen.right.label}"


def _path(found: Comparison) -> str:
    items = [f"<li>{escape(found.seen[0].left.label)}</li>"]
    for seen in found.seen:
        items.append(f'<li class="link">{escape(seen.reason)}<br>{escape(chance(seen.weight))}</li>')
        items.append(f"<li>{escape(seen.right.label)}</li>")
    return f'<section><h2>The path of evidence</h2><ol class="path">{"".join(items)}</ol></section>'


def _list(title: str, items: Sequence[str]) -> str:
    if not items:
        return ""
    shown = []
    for item in items:
        said, found, command = item.partition(": cdp ")
        shown.append(f"<li>{escape(said)}{f':<br><code>cdp {escape(command)}</code>' if found else ''}</li>")
    return f"<section><h2>{escape(title)}</h2><ul>{''.join(shown)}</ul></section>"


def _seen(seen: Seen, title: str) -> str:
    rows = "".join(
        f"<tr><th>{escape(FIELD_WORDS.get(field, field))}</th>"
        f"<td>{escape(seen.left.values[field] or '–')}</td><td>{escape(seen.right.values[field] or '–')}</td></tr>"
        for field in seen.left.values
        if seen.left.values[field] or seen.right.values[field]
    )
    if seen.left.place or seen.right.place:
        rows += (
            f'<tr><th>file and line</th><td class="place">{escape(seen.left.place)}</td>'
            f'<td class="place">{escape(seen.right.place)}</td></tr>'
        )
    head = f"<tr><th></th><th>{escape(seen.left.label)}</th><th>{escape(seen.right.label)}</th></tr>"
    return (
        f"<section><h2>{escape(title)}</h2>"
        f'<table class="records"><thead>{head}</thead><tbody>{rows}</tbody></table>{_waterfall(seen)}</section>'
    )


def _waterfall(seen: Seen) -> str:
    if not seen.parts:
        return "<h3>Copies: everything that is compared is equal</h3>"
    drawn = bars(seen)
    low, high = edges(drawn)
    rows = "".join(_bar(bar, low, high, at == len(drawn) - 1) for at, bar in enumerate(drawn))
    missing = f'<p class="place">{escape(unknown(seen.parts))}</p>'
    return (
        "<h3>How the evidence adds up: each +1 doubles the odds that they are one person</h3>"
        f'<table class="bars"><tbody>{rows}</tbody></table>{missing}'
    )


def _bar(bar: Bar, low: float, high: float, is_sum: bool) -> str:
    wide = (high - low) or 1.0
    left, right = ((edge - low) / wide * 100 for edge in (min(bar.span), max(bar.span)))
    kind = "sum" if is_sum else "for" if bar.span[1] > bar.span[0] else "against"
    drawn = f'<i style="left:{left:.2f}%;width:{right - left:.2f}%"></i>' if bar.span[0] != bar.span[1] else ""
    zero = f'<b style="left:{-low / wide * 100:.2f}%"></b>'
    return (
        f'<tr class="{kind}"><th>{escape(bar.title)}</th><td class="weight">{escape(bar.shown)}</td>'
        f'<td class="bar"><div class="track">{drawn}{zero}</div></td><td>{escape(bar.said)}</td></tr>'
    )
