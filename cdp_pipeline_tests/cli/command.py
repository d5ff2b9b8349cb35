"""`cdp` as somebody types it.

What belongs here: running the command in this process. What does not: assertions, but for the one on every command.
"""

from __future__ import annotations

from click.testing import CliRunner, Result

from cdp_pipeline.cli.main import main


def cdp(*words: object) -> Result:
    """Run the command; whatever it was given, no traceback may come out."""
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    assert "Traceback" not in result.output
    return result
