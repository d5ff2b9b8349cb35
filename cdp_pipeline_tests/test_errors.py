"""The exception tree: what a user reads, and what the shell is told."""

from __future__ import annotations

from cdp_pipeline import errors
from cdp_pipeline.errors import CdpError, nearest


def test_all_problems_are_kept() -> None:
    """One problem or many, the error lists each on its own line."""
    assert CdpError("one").problems == ("one",)
    assert CdpError(["one", "two"]).problems == ("one", "two")
    assert str(CdpError(["one", "two"])) == "one\ntwo"


def test_every_kind_has_its_own_exit_code() -> None:
    """A script can tell from the exit code alone what went wrong, and zero is never a failure."""
    codes = [kind.exit_code for kind in (CdpError, *CdpError.__subclasses__())]
    assert len(codes) == len(set(codes))
    assert 0 not in codes


def test_the_tree_drawn_on_top_is_the_tree() -> None:
    """The docstring of the module names every exception of the module."""
    for kind in (CdpError, *CdpError.__subclasses__()):
        assert kind.__name__ in (errors.__doc__ or "")


def test_a_near_name_is_offered_and_a_far_one_is_not() -> None:
    """A typing mistake gets the name that was meant; an unknown word gets no guess."""
    assert nearest("custommers", ["orders", "customers"]) == " (did you mean customers?)"
    assert nearest("zzz", ["orders", "customers"]) == ""
    assert nearest("orders", []) == ""
