"""The town of the privacy tests: some ledgers are written by its nights."""

from cdp_pipeline_tests.privacy.conftest import bos, first

__all__ = ["bos", "first"]
