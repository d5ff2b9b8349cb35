"""The second copy of what must outlive the data folder, and several copies put together."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from cdp_pipeline.ledgers.ledger import REQUESTS
from cdp_pipeline.ledgers.requests import add_request, advance, read_requests
from cdp_pipeline.ledgers.tombstones import add_tombstones, read_tombstones
from cdp_pipeline.privacy.replica import is_register, keep_copy, unite
from cdp_pipeline.privacy.subject import Subject

KEY, DAY = b"a key", date(2026, 6, 1)


def asked(data: Path, person: str, day: date = DAY) -> str:
    """A request in the register of a data folder, with one tombstone; returns its id."""
    request_id = add_request(data, "erase", Subject(person), KEY, day).request_id
    tombstone = {"kind": "person_id", "key": person, "since": DAY, "request_id": request_id, "made_with": "x"}
    add_tombstones(data, [tombstone])
    return request_id


def known(data: Path) -> tuple[list[str], list[str]]:
    """Ids of the requests and keys of the tombstones, each in the order of its file."""
    return [request.request_id for request in read_requests(data)], read_tombstones(data)["key"].to_pylist()


def test_the_copy_follows_request_after_request(tmp_path: Path) -> None:
    """The second request is copied as the first one was, over what is there; the copy is for its owner alone."""
    data, copy = tmp_path / "data", tmp_path / "far" / "copy"
    asked(data, "Pann")
    keep_copy(data, str(copy))
    asked(data, "Pbart")
    keep_copy(data, str(copy))
    assert known(copy) == known(data)
    assert [len(each) for each in known(copy)] == [2, 2]
    assert copy.stat().st_mode & 0o777 == (copy / "privacy").stat().st_mode & 0o777 == 0o700


def test_without_a_place_or_requests_nothing_is_copied(tmp_path: Path) -> None:
    """No `register_copy` makes no folder; a data folder without requests makes an empty one."""
    data, copy = tmp_path / "data", tmp_path / "copy"
    asked(data, "Pann")
    keep_copy(data, None)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    keep_copy(tmp_path / "nothing", str(copy))
    assert list(copy.iterdir()) == []


def test_a_register_is_told_by_any_of_three_marks(tmp_path: Path) -> None:
    """Requests, the folder of privacy or something published; a folder with none of them is no register."""
    assert not is_register(tmp_path)
    for name in ("requests", "privacy", "published"):
        (tmp_path / name).mkdir()
    (tmp_path / "requests/requests.csv").touch()
    (tmp_path / "privacy/privacy").mkdir()
    (tmp_path / "published/current").mkdir()
    assert all(is_register(tmp_path / name) for name in ("requests", "privacy", "published"))


def test_copies_are_united_and_the_later_state_holds(tmp_path: Path) -> None:
    """Of a request in two states the later one stays, whichever copy comes first; hashes are all there, once, sorted."""
    data, copy, third = tmp_path / "data", tmp_path / "copy", tmp_path / "third"
    first = asked(data, "Pbart")
    keep_copy(data, str(copy))
    advance(data, [first], "waiting")
    asked(third, "Pann", date(2026, 5, 31))
    for places in ([data, copy, third], [third, copy, data]):
        target = tmp_path / f"united_from_{places[0].name}"
        assert unite(places, target) == (2, 2)
        assert {request.request_id: request.status for request in read_requests(target)}[first] == "waiting"
        assert known(target)[0] == sorted(known(target)[0])
        assert known(target)[1] == ["Pann", "Pbart"]


def test_places_that_know_nothing_write_nothing(tmp_path: Path) -> None:
    """No request and no hash: no file of either."""
    (tmp_path / "empty").mkdir()
    assert unite([tmp_path / "empty"], tmp_path / "data") == (0, 0)
    assert not [path for path in (tmp_path / "data").rglob("*") if path.suffix in {".csv", ".parquet"}]


def test_two_requests_of_one_number_stay_two(tmp_path: Path) -> None:
    """Two registers may give the first request of a day the same id; none is lost, also when they are united again."""
    places = [tmp_path / "one", tmp_path / "other"]
    line = "20260601-001,2026-06-01,erase,{},2026-07-01,waiting,2026-06-01T0{}:00:00+00:00,,,\n"
    header = ",".join((*REQUESTS.columns, *REQUESTS.optional[:4])) + "\n"
    for number, place in enumerate(places):
        place.mkdir()
        (place / REQUESTS.file).write_text(header + line.format("ab"[number] * 32, number))
    data = tmp_path / "data"
    for _ in range(2):
        assert unite([*places, data], data)[0] == 2
    united = {request.request_id: request.subject_key[0] for request in read_requests(data)}
    assert united == {"20260601-001": "a", "20260601-002": "b"}


def test_who_looked_is_copied_and_united(tmp_path: Path) -> None:
    """Lines of the log in either place are all there afterwards."""
    for name in ("data", "other"):
        (tmp_path / name / "privacy").mkdir(parents=True)
        (tmp_path / name / "privacy/reads.jsonl").write_text(
            f'{{"at": "2026-06-01T00:00:00+00:00", "who": "{name}"}}\n'
        )
    keep_copy(tmp_path / "data", str(tmp_path / "copy"))
    unite([tmp_path / "copy", tmp_path / "other"], tmp_path / "data")
    text = (tmp_path / "data/privacy/reads.jsonl").read_text(encoding="utf-8")
    assert all(text.count(f'"{name}"') == 1 for name in ("data", "other"))
