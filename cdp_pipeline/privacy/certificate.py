"""What is done when an erasure has been published: older snapshots go, and a certificate says what was done.

What belongs here: which snapshots still hold somebody erased, DATA/privacy/certificates/<request>.json, and closing
the requests that a publication carries out.
What does not: the erasure itself (erasure.py).

A certificate holds counts, table names and recipients, and nothing about the person. What was held is told by
raw.erasures, so a run that dies before writing it leaves it to the next one; what is left is looked for again in what
is published now, and `rows_removed` is the difference. Of several requests for one
person that are open together the smallest id has the counts, and `carried_out_with` names the others; a
request that comes when the person has been erased is answered at once, by a certificate that refers to theirs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow.parquet as pq

from cdp_pipeline.activation.removals import REMOVE
from cdp_pipeline.ledgers.requests import Request, advance, read_requests
from cdp_pipeline.ledgers.tombstones import FOLDER, read_tombstones, requests_in, secrets_of
from cdp_pipeline.privacy.holdings import AUDIENCE, WRITTEN, Count, add_dead, count_holdings
from cdp_pipeline.privacy.keys import keys_of
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.registry import SHAREABLE
from cdp_pipeline.run.lake import Run, open_duckdb, published_snapshot, was_gone_back_to
from cdp_pipeline.run.manifest import legible_manifest, read_manifest
from cdp_pipeline.run.whole_file import write_whole

_ELSEWHERE = (
    "Files in the exports folder and in the systems they come from are kept by their owners: erase there as well.",
    "Backups of the data folder cannot be edited: let them expire. A restored one is erased again by its next run.",
)
LAST_WORDS = "Removal files of this night name the person one last time; the next publication deletes them."
GONE_BACK_TO = (
    "This state was gone back to and has no files: the removal files of the next run name the person one last time."
)
BY_NAME_ONLY = (
    "No e-mail address, phone number, account or device is known by which alone the person could be recognised: a "
    "record under another id will be let in, even of the same name, for it may be a namesake. Erase at the sources too."
)
_BEFORE = (
    "The person had been erased when this request came: what was held, and whom to notify, is in the certificates of "
    "the requests in carried_out_with."
)


def holding_erased(data: Path) -> set[str]:
    """Names of snapshots that must go: with somebody in them whom the published one has erased.

    The snapshot that carried an erasure out goes too, once another is published: its removal files
    still name the person. So does one whose manifest is damaged: nobody knows whom it holds.
    """
    current = published_snapshot(data)
    if current is None:
        return set()
    erased = set(read_manifest(current).erased)
    names = set()
    for folder in (data / "snapshots").glob("[!.]*"):
        if folder.resolve() != current:
            manifest = legible_manifest(folder)
            if manifest is None or erased - set(manifest.erased) or manifest.erased_now:
                names.add(folder.name)
    return names


def erased_since(data: Path, snapshot: Path) -> list[str]:
    """Requests of erasure that a snapshot does not carry out."""
    return sorted(set(requests_in(read_tombstones(data))) - set(read_manifest(snapshot).erased))


def is_recognised(tombstones: Iterable[Mapping[str, object]]) -> bool:
    """Whether a row under another id can be known to be the person's, by an identifier alone or with the name."""
    return any(str(row["kind"]).removesuffix("+name") in SHAREABLE for row in tombstones)


def certify(run: Run) -> list[str]:
    """Write the certificate of every erasure that is published and has none; returns their ids. Keys are those of `run`.

    Closes those requests, and the restrictions, objections and corrections that the published state obeys, at the
    moment at which the first such state was published.
    """
    project, data, snapshot = run.project, run.data, published_snapshot(run.data)
    manifest = read_manifest(snapshot) if snapshot else None
    if snapshot is None or manifest is None:
        return []
    is_due = not all(path_of(data, request_id).exists() for request_id in manifest.erased)
    left = _left(run, snapshot) if is_due else []
    register = {request.request_id: request for request in read_requests(data)}
    moments, certified = _moments(data), []
    for request_id in manifest.erased:
        if not path_of(data, request_id).exists():
            request, at = register.get(request_id), moments.get(request_id, "")
            _write(data, request_id, _certificate(project, data, snapshot, request_id, request, at, left))
            certified.append(request_id)
    for request_id in sorted({*manifest.erased, *manifest.carried_out}):
        if request_id in register and register[request_id].is_open:
            advance(data, [request_id], "carried_out", moments.get(request_id, ""))
    return certified


def _left(run: Run, snapshot: Path) -> list[Count]:
    """Rows of the erased that are published all the same: none, unless something went wrong."""
    tombstones = read_tombstones(run.data)
    with open_duckdb(allowed=[snapshot]) as con:
        add_dead(con, tombstones)
        return count_holdings(con, snapshot, run.project, secrets_of(tombstones, keys_of(run)))


def _moments(data: Path) -> dict[str, str]:
    """Request -> when the first of the states that are kept and carry it out was published, UTC."""
    published = [read_manifest(folder) for folder in (data / "snapshots").glob("[!.]*")]
    moments: dict[str, str] = {}
    for manifest in sorted((state for state in published if state.published_at), key=lambda state: state.published_at):
        for request_id in (*manifest.erased, *manifest.carried_out):
            moments.setdefault(request_id, manifest.published_at)
    return moments


def certify_erased_before(data: Path, request: Request, before: Sequence[str]) -> None:
    """Write the certificate of a request about somebody whom the requests `before` have erased."""
    certificate = {
        "request_id": request.request_id,
        "received_date": request.received_date,
        "received_at": request.received_at,
        "due_date": request.due_date,
        "carried_out_at": request.carried_out_at,
        "carried_out_with": list(before),
        "notes": [_BEFORE],
    }
    _write(data, request.request_id, certificate)


def path_of(data: Path, request_id: str) -> Path:
    """Where the certificate of a request is."""
    return data / FOLDER / "certificates" / f"{request_id}.json"


def _write(data: Path, request_id: str, certificate: Mapping[str, object]) -> None:
    write_whole(path_of(data, request_id), json.dumps(certificate, indent=1, ensure_ascii=False) + "\n", "certificate")


def _certificate(
    project: Project,
    data: Path,
    snapshot: Path,
    request_id: str,
    request: Request | None,
    at: str,
    left: Sequence[Count],
) -> dict[str, object]:
    rows = pq.read_table(snapshot / "raw" / "erasures.parquet").to_pylist()
    counts = {r["table_name"]: int(r["rows"]) for r in rows if r["request_id"] == request_id}
    tables = {name: n for name, n in sorted(counts.items()) if _is_table(name)}
    remaining = {name: n for request_left, name, n in left if request_left == request_id and _is_table(name)}
    rows_removed = {name: max(0, n - remaining.get(name, 0)) for name, n in tables.items()}
    every_tombstone = read_tombstones(data).to_pylist()
    tombstones = [r for r in every_tombstone if r["request_id"] == request_id]
    hashes = {(r["kind"], r["key"]) for r in tombstones}
    others = {r["request_id"] for r in every_tombstone if (r["kind"], r["key"]) in hashes} - {request_id}
    manifest = read_manifest(snapshot)
    last_words = GONE_BACK_TO if was_gone_back_to(snapshot) else LAST_WORDS
    systems = sorted({name.removeprefix("raw.") for name in tables if name.startswith("raw.")} & set(project.sources))
    return {
        "request_id": request_id,
        "received_date": request.received_date if request else "",
        "received_at": request.received_at if request else "",
        "due_date": request.due_date if request else "",
        "carried_out_at": at,
        "night": manifest.as_of,
        "published": snapshot.name,
        "carried_out_with": sorted(others & set(manifest.erased)),
        "rows_removed": rows_removed,
        "rows_removed_by_layer": _by_layer(rows_removed),
        "rows_left": remaining,
        "tombstones": {kind: sum(r["kind"] == kind for r in tombstones) for kind in sorted({r["kind"] for r in tombstones})},
        "recipients_to_notify": _recipients(project, snapshot, counts),
        "sources_to_erase_at": [{"source": name, "owner": project.sources[name].owner} for name in systems],
        "notes": [*_ELSEWHERE, last_words, *([] if is_recognised(tombstones) else [BY_NAME_ONLY])],
    }  # fmt: skip


def _is_table(name: str) -> bool:
    """Whether a count is one of rows of a table, and not of an audience or of rows written to a file."""
    return not name.startswith(AUDIENCE) and not name.endswith(WRITTEN)


def _by_layer(tables: Mapping[str, int]) -> dict[str, int]:
    layers = sorted({name.split(".")[0] for name in tables})
    return {layer: sum(n for name, n in tables.items() if name.split(".")[0] == layer) for layer in layers}


def _recipients(project: Project, snapshot: Path, counts: Mapping[str, int]) -> list[dict[str, object]]:
    """Destinations that were given the person, or an audience the person was ever in."""
    audiences = {name.removeprefix(AUDIENCE) for name in counts if name.startswith(AUDIENCE)}
    recipients: list[dict[str, object]] = []
    for name, spec in sorted(project.destinations.items()):
        fed = set(spec.audiences) | {a for a, spoken_to in project.audiences.items() if name in spoken_to.destinations}
        rows, files = counts.get(f"activation.{name}{WRITTEN}", 0), f"activation/{name}/*{REMOVE}"
        if rows or fed & audiences:
            transfer = spec.transfer
            recipients.append(
                {
                    "destination": name,
                    "owner": spec.owner,
                    "recipient": transfer.recipient if transfer else "",
                    "country": transfer.country if transfer else "",
                    "rows_in_last_files": rows,
                    "audiences": sorted(fed & audiences),
                    "removal_files": files if rows and any(snapshot.glob(files)) else "",
                }
            )
    return recipients
