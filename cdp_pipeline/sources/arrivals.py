"""What lies in the drop zone: each export file, the source that claims it, and whether it counts.

What belongs here: walking, claiming, fingerprints, delivery times and the verdict on each file. What
does not: reading rows (raw).
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from cdp_pipeline.project.shapes import Contract, Source
from cdp_pipeline.sources.backfill import PastNight, came_later
from cdp_pipeline.sources.codes import RefusedError
from cdp_pipeline.sources.columns import Needs, needs_of
from cdp_pipeline.sources.completeness import QUIET_SECONDS, expect_fingerprint, expect_whole, is_finished
from cdp_pipeline.sources.drop_zone import export_files, is_under_way, shown, walk
from cdp_pipeline.sources.header import read_header
from cdp_pipeline.sources.parquet_reader import parquet_names
from cdp_pipeline.sources.reading import accept_header, acceptable

_TIME = re.compile(
    r"(?<!\d)((?:19|20)\d\d)(-?)([01]\d)\2([0-3]\d)"
    r"(?:(?:T|_|-| )([0-2]\d)[-:.]?([0-5]\d)(?:[-:.]?([0-5]\d))?Z?)?(?!\d)"
)


@dataclass(frozen=True)
class Arrival:
    """A row of raw.arrivals.

    file: path relative to the exports root; modified_ns: mtime; fingerprint: sha256 of the bytes
    ("" when not read); status: accepted, duplicate, superseded, unclaimed, unready or refused.
    """

    file: str
    source: str | None
    system: str | None
    bytes: int
    modified_ns: int
    fingerprint: str
    delivered_at: datetime
    status: str
    reason: str = ""


def find_arrivals(
    exports: Path,
    sources: Mapping[str, Source],
    contracts: Mapping[str, Contract],
    previous: Sequence[Arrival],
    now: float,
    night: PastNight | None = None,
) -> list[Arrival]:
    """Every file under `exports` with its verdict, by file name; `now` is seconds since the epoch.

    What came after `night`, a night that is made up, is left out: on that night it was not there.

    A fingerprint is taken from `previous` when path, size and mtime are equal.
    """
    cached = {(a.file, a.bytes, a.modified_ns): a.fingerprint for a in previous if a.fingerprint}
    needs = {name: needs_of(source, contracts) for name, source in sources.items()}
    found = []
    for path, code in sorted((found.path, found.code) for found in walk(exports)):
        state = path.lstat() if code else path.stat()
        file = path.relative_to(exports).as_posix()
        arrival = Arrival(
            file=file,
            source=None,
            system=None,
            bytes=state.st_size,
            modified_ns=state.st_mtime_ns,
            fingerprint="",
            delivered_at=delivery_time(file, state.st_mtime),
            status="unclaimed",
            reason="no source has a matching `files` pattern",
        )
        if came_later(night, arrival.delivered_at, state.st_mtime, bool(_TIME.search(file))):
            continue
        if code:
            found.append(_may_not_be_opened(arrival, code, sources))
        else:
            found.append(_judge(arrival, path, sources, needs, cached, now))
    return _weigh(found, sources)


def ready_files(exports: Path, sources: Mapping[str, Source], now: float | None = None) -> list[str]:
    """`path:bytes:mtime` of every finished file that a source's pattern fits, sorted; opens no file."""
    now = time.time() if now is None else now
    ready = []
    for path in export_files(exports):
        file, state = path.relative_to(exports).as_posix(), path.stat()
        if _ranked(file, sources) and is_finished(path, state.st_mtime_ns, now):
            ready.append(f"{file}:{state.st_size}:{state.st_mtime_ns}")
    return sorted(ready)


def claimed_by(file: str, sources: Mapping[str, Source]) -> str | None:
    """The source whose pattern fits a path best; its header may still speak against it."""
    ranked = _ranked(file, sources)
    return ranked[0][1] if ranked else None


def delivery_time(file: str, modified: float) -> datetime:
    """The last date in a relative path, with its time if it has one; else `modified` (UTC, no offset).

    >>> delivery_time("shop/2026-03-01/orders_20260302_0130.csv", 0.0)
    datetime.datetime(2026, 3, 2, 1, 30)
    """
    for match in reversed(list(_TIME.finditer(file))):
        year, _, month, day, hour, minute, second = match.groups()
        try:
            return datetime(  # noqa: DTZ001  the column is a time without offset
                int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0)
            )
        except ValueError:
            continue
    return datetime.fromtimestamp(modified, UTC).replace(tzinfo=None)


def matches(file: str, pattern: str) -> bool:
    """Whether a glob fits a relative path at any depth; case counts.

    >>> matches("shop/2026/orders_1.csv", "**/orders_*.csv"), matches("a/b.csv", "B.csv")
    (True, False)
    """
    return re.fullmatch("(?:.*/)?" + _regex(pattern.removeprefix("/")), file) is not None


def claims(path: Path, source: Source, needs: Needs) -> RefusedError | None:
    """None when the header of a file has what a source needs; else why not. JSON lines have no header."""
    try:
        if source.format.type == "csv":
            accept_header(read_header(path, source.format, needs.wanted, only_look=True), needs)
        elif source.format.type == "parquet":
            acceptable(parquet_names(path), needs)
    except RefusedError as refusal:
        return refusal
    except OSError as error:
        return RefusedError("unreadable", error.strerror or "")
    return None


def _judge(
    arrival: Arrival,
    path: Path,
    sources: Mapping[str, Source],
    needs: Mapping[str, Needs],
    cached: Mapping[tuple[str, int, int], str],
    now: float,
) -> Arrival:
    ranked = _ranked(arrival.file, sources)
    if not ranked:
        return arrival
    first = ranked[0][1]
    arrival = replace(arrival, source=first, system=sources[first].system or first)
    if not is_finished(path, arrival.modified_ns, now):
        is_young = not is_under_way(path.name)
        reason = f"changed less than {QUIET_SECONDS} s ago and has no .done marker" if is_young else ""
        return replace(arrival, status="unready", reason=str(RefusedError("still_arriving", reason)))
    refusals = [(literal, name, claims(path, sources[name], needs[name])) for literal, name in ranked]
    fitting = [(literal, name) for literal, name, refusal in refusals if refusal is None]
    if not fitting:
        return replace(arrival, status="refused", reason=str(refusals[0][2]))
    if len(fitting) > 1 and fitting[0][0] == fitting[1][0]:
        names = " and ".join(name for literal, name in fitting if literal == fitting[0][0])
        return replace(arrival, status="refused", reason=str(RefusedError("claimed_twice", f"claimed by {names}")))
    name = fitting[0][1]
    arrival = replace(arrival, source=name, system=sources[name].system or name)
    try:
        expect_whole(path, sources[name].format, arrival.bytes)
        fingerprint = cached.get((arrival.file, arrival.bytes, arrival.modified_ns)) or _fingerprint(path)
        expect_fingerprint(path, fingerprint)
    except RefusedError as refusal:
        status = "unready" if refusal.code == "no_final_newline" else "refused"
        return replace(arrival, status=status, reason=str(refusal))
    except OSError as error:
        return replace(arrival, status="refused", reason=str(RefusedError("unreadable", error.strerror or "")))
    return replace(arrival, fingerprint=fingerprint, status="accepted", reason="")


def _may_not_be_opened(arrival: Arrival, code: str, sources: Mapping[str, Source]) -> Arrival:
    ranked = _ranked(arrival.file, sources)
    name = ranked[0][1] if ranked else None
    system = (sources[name].system or name) if name else None
    reason = str(RefusedError(code))
    return replace(arrival, file=shown(arrival.file), source=name, system=system, status="refused", reason=reason)


def _ranked(file: str, sources: Mapping[str, Source]) -> list[tuple[int, str]]:
    """(literal characters of the pattern that fits, source), the most specific first."""
    ranked = []
    for name, source in sources.items():
        fitting = [len(re.sub(r"\[[^]]*\]|[*?]", "", p)) for p in source.files if matches(file, p)]
        if fitting:
            ranked.append((max(fitting), name))
    return sorted(ranked, key=lambda r: (-r[0], r[1]))


def _weigh(arrivals: Sequence[Arrival], sources: Mapping[str, Source]) -> list[Arrival]:
    """Marks what an equal file or a newer snapshot makes superfluous."""
    counting = [a for a in arrivals if a.status == "accepted"]
    newest: dict[str, datetime] = {}
    for a in counting:
        if a.source and sources[a.source].delivery == "snapshot":
            newest[a.source] = max(newest.get(a.source, _moment(a)), _moment(a))
    first: dict[tuple[str | None, str], str] = {}
    verdicts: dict[str, Arrival] = {}
    for a in sorted(counting, key=lambda a: (a.delivered_at, a.file)):
        if a.source in newest and _moment(a) < newest[a.source]:
            verdicts[a.file] = replace(a, status="superseded", reason="a newer snapshot of this source was delivered")
        elif (a.source, a.fingerprint) in first:
            reason = f"same content as {first[a.source, a.fingerprint]}"
            verdicts[a.file] = replace(a, status="duplicate", reason=reason)
        else:
            first[a.source, a.fingerprint] = a.file
    return [verdicts.get(a.file, a) for a in arrivals]


def _moment(arrival: Arrival) -> datetime:
    """When a snapshot was delivered: the time in its path, else the day it was last changed."""
    if _TIME.search(arrival.file):
        return arrival.delivered_at
    return arrival.delivered_at.replace(hour=0, minute=0, second=0, microsecond=0)


def _fingerprint(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _regex(pattern: str) -> str:
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[!?[^]]+\])", pattern)
    meaning = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(
        meaning.get(p) or ("[^" + p[2:] if p.startswith("[!") else p if p.startswith("[") else re.escape(p))
        for p in parts
        if p
    )
