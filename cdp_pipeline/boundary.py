"""The one place where an error leaves the product for Dagster's storage.

What belongs here: what of an error may be kept. What does not: errors raised on purpose (errors.py).

Library errors quote the value they stumbled over, and Dagster stores what it is told for ever. So a
message for the user goes through, and of anything else only its class and place.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from cdp_pipeline.errors import CdpError, place_of


@contextmanager
def boundary(name: str) -> Iterator[None]:
    """Turns errors inside into dg.Failure; CDP_SHOW_ERRORS=1 shows them in full, for invented data only."""
    try:
        yield
    except CdpError as error:
        metadata = {"exit_code": error.exit_code}
        raise dg.Failure(description=str(error), metadata=metadata, allow_retries=False) from None
    except dg.Failure:
        raise
    except Exception as error:
        if os.environ.get("CDP_SHOW_ERRORS"):
            raise
        raise dg.Failure(description=f"{name}: {place_of(error)}", allow_retries=False) from None
