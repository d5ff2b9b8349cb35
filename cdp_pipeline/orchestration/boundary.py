"""The one place where an error leaves the product for Dagster's storage.

What belongs here: what of an error may be kept. What does not: errors raised on purpose (errors.py).

Library errors quote the value they stumbled over, and Dagster stores what it is told for ever. So a
message for the user goes through, what the machine said in words of our own (machine.py), and of anything else
only its class and place. A signal is no error: it ends the run. Libraries also talk:
they print, warn, log and, when written in Rust, report a panic. Dagster keeps that too, so nothing that
is said inside the boundary is heard outside of it.
"""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import dagster as dg
from dagster._core.errors import DagsterExecutionInterruptedError

from cdp_pipeline.errors import CdpError, place_of
from cdp_pipeline.run.machine import is_interruption, machine_error

_NO_FAILURE = (KeyboardInterrupt, SystemExit, GeneratorExit, DagsterExecutionInterruptedError)


@contextmanager
def boundary(name: str, place: Path | None = None) -> Iterator[None]:
    """Turns errors inside into dg.Failure; CDP_SHOW_ERRORS=1 shows them in full, for invented data only.

    `place` is the data folder, for words on a full disk.
    """
    if os.environ.get("CDP_SHOW_ERRORS"):
        with _as_failure(name, place, show=True):
            yield
        return
    with _silence(), _as_failure(name, place, show=False):
        yield


@contextmanager
def _as_failure(name: str, place: Path | None, *, show: bool) -> Iterator[None]:
    try:
        yield
    except CdpError as error:
        raise _failure(error) from None
    except (dg.Failure, *_NO_FAILURE):
        raise
    except BaseException as error:  # a panic of Rust code is no Exception
        if is_interruption(error):
            raise DagsterExecutionInterruptedError from None
        if show:
            raise
        if refusal := machine_error(error, place):
            raise _failure(refusal) from None
        raise dg.Failure(description=f"{name}: {place_of(error)}", allow_retries=False) from None


def _failure(error: CdpError) -> dg.Failure:
    return dg.Failure(description=str(error), metadata={"exit_code": error.exit_code}, allow_retries=False)


@contextmanager
def _silence() -> Iterator[None]:
    """Nothing that is printed, warned of or logged inside comes out; what the terminal shows is written elsewhere."""
    disabled = logging.root.manager.disable
    stderr = os.dup(2)
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        logging.disable(logging.CRITICAL)
        try:
            with warnings.catch_warnings(), redirect_stdout(nowhere), redirect_stderr(nowhere):
                warnings.simplefilter("ignore")
                yield
        finally:
            logging.disable(disabled)
            os.dup2(stderr, 2)
            os.close(stderr)
