"""One file more gives one output more; nothing stale stays; who is gone is removed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from cdp_pipeline.errors import ProjectError
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Audience, Destination, OutputColumn
from cdp_pipeline.publishing.snapshots import drop_audience_files
from cdp_pipeline.run.lake import DELIVERED
from cdp_pipeline.run.manifest import write_manifest

Perform = Callable[..., Any]
Make = Callable[..., Destination]


def permission(person: str, address: str, **more: Any) -> tuple[Any, ...]:
    row: dict[str, Any] = {
        "person_id": person,
        "namespace": "email",
        "value": address,
        "purpose": "email_marketing",
        "channel": "email",
        "recipient": None,
        "status": "granted",
        "basis": "consent",
        "is_permitted": True,
        "changed_at": "2026-01-01",
    }
    return tuple((row | more).values())


ANNA = {"person_id": "p1", "first_name": "Anna", "email": "Anna@Example.org"}
BERT = {"person_id": "p2", "first_name": "Bert", "email": "bert@example.org"}
CHLOE = {"person_id": "p3", "first_name": "Chloe"}


def with_destination(project: Project, spec: Destination) -> Project:
    return replace(project, destinations={"mail": spec})


def test_an_empty_audience_has_a_receipt(project: Project, perform: Perform) -> None:
    """An audience without members says that nobody meets the rule."""
    done = perform(project, [], [])
    assert done.funnel() == (0, 0, 0, 0, 0, 0)
    assert done.receipt()["reason"] == "nothing written: nobody meets the rule"


def test_one_audience_file_more_is_one_export_more(project: Project, perform: Perform) -> None:
    """An audience that names the destination gets its own file and receipt."""
    more = Audience(description="a", owner="crm", purpose="email_marketing", where="true", destinations=("mail",))
    wider = replace(project, audiences={**project.audiences, "more": more})
    done = perform(wider, [ANNA], [permission("p1", "anna@example.org")], members=[("p1", "more")])
    assert done.funnel("more")[-1] == 1
    assert done.funnel("all")[-1] == 0
    assert len(done.file("more")) == 2


def test_one_destination_file_more_is_one_table_more(
    project: Project, perform: Perform, make_destination: Make
) -> None:
    """A destination gets its own step, table, file and receipt."""
    audience = project.audiences["all"].model_copy(update={"destinations": ("mail", "second")})
    wider = replace(
        project, audiences={"all": audience}, destinations={**project.destinations, "second": make_destination()}
    )
    done = perform(wider, [ANNA], [permission("p1", "anna@example.org")])
    assert done.file(destination="second") == done.file(destination="mail") != []
    assert done.rows("select count(*) from activation.second", "activation.second") == [(1,)]


def test_no_destinations(project: Project, perform: Perform) -> None:
    """A project without destinations still has an empty table of receipts."""
    audience = project.audiences["all"].model_copy(update={"destinations": ()})
    done = perform(replace(project, audiences={"all": audience}, destinations={}), [ANNA], [])
    assert done.rows("select count(*) from activation.receipts") == [(0,)]


def test_a_wrong_destination_stops_before_anything_is_written(
    project: Project, perform: Perform, make_destination: Make
) -> None:
    """A mistake in a destination file is an error of the project, and leaves no file."""
    wrong = make_destination(columns=(OutputColumn(name="email", value="emial"),))
    with pytest.raises(ProjectError, match=r"mail\.yml: column email: unknown column emial \(did you mean email\?\)"):
        perform(with_destination(project, wrong), [ANNA], [])


def test_a_file_of_an_earlier_run_does_not_stay(project: Project, perform: Perform) -> None:
    """When nothing is written any more, the cloned file goes and the published one stays."""
    granted = [permission("p1", "anna@example.org")]
    first = perform(project, [ANNA], granted)
    second = perform(project, [ANNA], [], "2026-03-02", first)
    assert second.file() == []
    assert len(first.file()) == 2


def test_who_lost_the_permission_is_in_the_removal_file(project: Project, perform: Perform) -> None:
    """A withdrawn address is removed by its key alone, once; running the day again keeps it."""
    anna, bert = permission("p1", "anna@example.org"), permission("p2", "bert@example.org")
    first = perform(project, [ANNA, BERT], [anna, bert])
    second = perform(project, [ANNA, BERT], [anna], "2026-03-02", first)
    assert second.file("all.remove") == [["email", "name"], ["bert@example.org", ""]]
    assert second.receipt()["removed"] == 1
    again = perform(project, [ANNA, BERT], [anna], "2026-03-02", second)
    assert again.file("all.remove") == second.file("all.remove")
    query = "select * from activation.receipts"
    assert again.rows(query) == second.rows(query)
    third = perform(project, [ANNA, BERT], [anna], "2026-03-03", again)
    assert third.file("all.remove") == []


@pytest.mark.parametrize("day", ["2026-03-01", "2026-03-03"])
def test_after_going_back_everybody_delivered_and_gone_is_removed(
    project: Project, perform: Perform, make_destination: Make, day: str
) -> None:
    """Who was in a file of the state that is left, or in its removals, is removed by the next run, on whatever day."""
    shape = replace(project, destinations={"mail": make_destination()})
    granted = [permission("p1", "anna@example.org"), permission("p2", "bert@example.org")]
    chloe = CHLOE | {"email": "chloe@example.org"}
    first = perform(shape, [ANNA, BERT], granted)
    second = perform(shape, [ANNA, chloe], [granted[0], permission("p3", "chloe@example.org")], "2026-03-02", first)
    drop_audience_files(first.run.folder, shape, [second.run.folder])
    assert first.file() == first.file("all.remove") == []
    third = perform(shape, [ANNA], granted[:1], day, first)
    assert third.file("all.remove")[1:] == [["bert@example.org", ""], ["chloe@example.org", ""]]
    assert third.receipt()["removed"] == 2
    fourth = perform(shape, [ANNA], granted[:1], "2026-03-04", third)
    assert fourth.file("all.remove") == []


def test_going_back_twice_forgets_nobody(project: Project, perform: Perform) -> None:
    """What the first step back kept is handed on by the second, and by a second try at the same step; keys only."""
    granted = [permission("p1", "anna@example.org"), permission("p2", "bert@example.org")]
    first = perform(project, [ANNA], granted[:1])
    second = perform(project, [ANNA], granted[:1], "2026-03-02", first)
    third = perform(project, [ANNA, BERT], granted, "2026-03-03", second)
    for left, to in ((third, second), (third, second), (second, first), (first, third)):
        drop_audience_files(to.run.folder, project, [left.run.folder])
    (kept,) = third.run.folder.glob(f"{DELIVERED}/*/*")
    assert kept.read_text() == "email,name\nanna@example.org,\nbert@example.org,\n"
    assert [oct(path.stat().st_mode & 0o777) for path in (kept, *kept.parents[:2])] == ["0o600", "0o700", "0o700"]
    last = perform(project, [ANNA], granted[:1], "2026-03-04", third)
    assert last.file("all.remove")[1:] == [["bert@example.org", ""]]
    assert not (last.run.folder / DELIVERED).exists()


def ended(project: Project, day: date) -> Project:
    """The same, with a transfer of `mail` that was allowed until `day`."""
    spec = project.destinations["mail"]
    assert spec.transfer
    over = spec.model_copy(update={"transfer": spec.transfer.model_copy(update={"valid_until": day})})
    return replace(project, destinations={"mail": over})


def test_who_left_while_a_transfer_was_ended_is_removed_when_it_is_renewed(project: Project, perform: Perform) -> None:
    """Nothing is sent meanwhile; the keys delivered before wait out of sight, and the receipt says how many."""
    anna, bert = permission("p1", "anna@example.org"), permission("p2", "bert@example.org")
    first = perform(project, [ANNA, BERT], [anna, bert])
    over = ended(project, date(2026, 3, 1))
    second = perform(over, [ANNA, BERT], [anna, bert], "2026-03-02", first)
    third = perform(over, [ANNA], [anna], "2026-03-03", second)
    for night in (second, third, perform(over, [ANNA], [anna], "2026-03-03", third)):
        assert night.file() == night.file("all.remove") == []
        assert "allowed until 2026-03-01" in night.receipt()["reason"]
        assert night.receipt()["reason"].endswith("; 2 delivered before wait for their removal file")
        (kept,) = night.run.folder.glob(f"{DELIVERED}/*/*")
        assert kept.read_text() == "email,name\nanna@example.org,\nbert@example.org,\n"
        assert [oct(path.stat().st_mode & 0o777) for path in (kept, *kept.parents[:2])] == ["0o600", "0o700", "0o700"]
    renewed = perform(project, [ANNA], [anna], "2026-03-04", third)
    assert renewed.file("all.remove")[1:] == [["bert@example.org", ""]]
    assert not (renewed.run.folder / DELIVERED).exists()


def test_a_transfer_that_ended_before_going_back_forgets_nobody(project: Project, perform: Perform) -> None:
    """What going back kept is handed on, night after night, until the destination may be sent to."""
    granted = [permission("p1", "anna@example.org"), permission("p2", "bert@example.org")]
    first = perform(project, [ANNA], granted[:1])
    second = perform(project, [ANNA, BERT], granted, "2026-03-02", first)
    drop_audience_files(first.run.folder, project, [second.run.folder])
    over = ended(project, date(2026, 3, 2))
    third = perform(over, [ANNA], granted[:1], "2026-03-03", first)
    fourth = perform(over, [ANNA], granted[:1], "2026-03-04", third)
    last = perform(project, [ANNA], granted[:1], "2026-03-05", fourth)
    assert last.file("all.remove")[1:] == [["bert@example.org", ""]]


def test_the_erased_do_not_wait_for_a_transfer_to_be_renewed(project: Project, perform: Perform) -> None:
    """A night that erases keeps only keys of people who are known, and goes on waiting for them."""
    anna, bert = permission("p1", "anna@example.org"), permission("p2", "bert@example.org")
    first = perform(project, [ANNA, BERT], [anna, bert])
    write_manifest(
        first.run.folder, replace(first.run.manifest(), erased_now=("r1",))
    )  # as the next night's erasure does
    over = ended(project, date(2026, 3, 1))
    second = perform(over, [ANNA], [anna], "2026-03-02", first, members=[("p1", "another")])
    (kept,) = second.run.folder.glob(f"{DELIVERED}/*/*")
    assert kept.read_text() == "email,name\nanna@example.org,\n"
    last = perform(project, [], [], "2026-03-03", second)
    assert last.file("all.remove")[1:] == [["anna@example.org", ""]]


def test_what_waits_for_a_destination_that_is_gone_goes_too(project: Project, perform: Perform) -> None:
    """Without the file in 6_activation nobody could say what the keys wait for."""
    anna = permission("p1", "anna@example.org")
    first = perform(project, [ANNA], [anna])
    second = perform(ended(project, date(2026, 3, 1)), [ANNA], [anna], "2026-03-02", first)
    none = replace(project, destinations={}, audiences={})
    third = perform(none, [ANNA], [anna], "2026-03-03", second)
    assert not (third.run.folder / DELIVERED).exists()


def test_an_audience_that_no_longer_goes_there_is_removed_whole(
    project: Project, perform: Perform, make_destination: Make
) -> None:
    """When an audience is taken off a destination, everybody in its last file is to be removed."""
    first = perform(project, [ANNA], [permission("p1", "anna@example.org")])
    off = replace(project, audiences={"all": project.audiences["all"].model_copy(update={"destinations": ()})})
    second = perform(off, [ANNA], [permission("p1", "anna@example.org")], "2026-03-02", first)
    assert second.file("all.remove")[1:] == [["anna@example.org", ""]]
