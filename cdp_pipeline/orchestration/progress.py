"""What `cdp run` shows while it works: a calm table on a terminal, plain lines elsewhere.

What belongs here: turning Dagster's events into text. What does not: running anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from cdp_pipeline.orchestration.outcome import innermost, lines_of_failure


@dataclass
class _Layer:
    tables: int = 0
    reused: int = 0
    rows: int = 0
    checks: int = 0
    failed_checks: int = 0
    seconds: float = 0.0


@dataclass
class Progress:
    """Collects events of a run; use as a context manager around it, and `listen` as the listener."""

    console: Console
    layers: dict[str, _Layer] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    exit_code: int = 0
    snapshot: str = ""
    _live: Live | None = None

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self._live = Live(get_renderable=self.table, console=self.console, refresh_per_second=4)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def listen(self, entry: Any) -> None:
        """Take one EventLogEntry of Dagster."""
        event = entry.dagster_event
        if event is None:
            return
        if event.event_type_value == "ASSET_MATERIALIZATION":
            self._materialized(event.step_materialization_data.materialization)
        elif event.event_type_value == "ASSET_CHECK_EVALUATION":
            self._checked(event.event_specific_data)
        elif event.event_type_value in ("STEP_FAILURE", "PIPELINE_FAILURE", "RUN_FAILURE"):
            self._failed(event)

    def table(self) -> Table:
        """One line per layer: tables made or reused, rows, checks, seconds."""
        grid = Table(box=None, pad_edge=False)
        for heading in ("layer", "tables", "unchanged", "rows", "checks", "seconds"):
            grid.add_column(heading, justify="left" if heading == "layer" else "right")
        for name, layer in self.layers.items():  # in the order in which they began
            checks = f"{layer.checks}" + (f" ({layer.failed_checks} failed)" if layer.failed_checks else "")
            grid.add_row(name, f"{layer.tables}", f"{layer.reused}", f"{layer.rows:,}", checks, f"{layer.seconds:.1f}")
        return grid

    def _layer(self, name: str) -> _Layer:
        return self.layers.setdefault(name, _Layer())

    def _materialized(self, materialization: Any) -> None:
        layer = self._layer(materialization.asset_key.path[0])
        layer.tables += 1
        metadata = {key: value.value for key, value in materialization.metadata.items()}
        layer.rows += int(metadata.get("dagster/row_count") or 0)
        layer.seconds += float(metadata.get("seconds") or 0)
        layer.reused += bool(metadata.get("unchanged_so_reused"))
        self.snapshot = str(metadata.get("snapshot") or self.snapshot)
        if not self.console.is_terminal:
            rows = f": {metadata['dagster/row_count']} rows" if "dagster/row_count" in metadata else ""
            self.console.print(f"{'.'.join(materialization.asset_key.path)}{rows}", highlight=False)

    def _checked(self, evaluation: Any) -> None:
        layer = self._layer(evaluation.asset_key.path[0])
        layer.checks += 1
        if not evaluation.passed:
            layer.failed_checks += 1
            metadata = {key: value.value for key, value in evaluation.metadata.items()}
            fix, owner = metadata.get("fix"), metadata.get("owner")
            rows = f": {metadata['failing_rows']} rows" if metadata.get("failing_rows") else ""
            cure = f"; {fix} (owner: {owner})" if fix and owner else ""
            word = "blocks publication" if evaluation.severity.value == "ERROR" else "warning"
            self.failures.append(
                f"{word}: check {evaluation.check_name} on {'.'.join(evaluation.asset_key.path)}{rows}{cure}"
            )
            if evaluation.severity.value == "ERROR":
                self.exit_code = self.exit_code or 4

    def _failed(self, event: Any) -> None:
        data = event.event_specific_data
        boundary = getattr(data, "user_failure_data", None)
        error = getattr(data, "error", None)
        if boundary:
            self.failures += str(boundary.description).splitlines()
            code = (boundary.metadata or {}).get("exit_code")
            self.exit_code = int(code.value) if code else (self.exit_code or 1)
        elif error and "AssetCheck" not in str(error.cls_name) and not (self.exit_code and _is_of_run(event)):
            error = innermost(error)
            self.failures += lines_of_failure(error) or [f"{error.cls_name} in the run; see the Dagster UI"]
            self.exit_code = self.exit_code or 1


def _is_of_run(event: Any) -> bool:
    """Whether the run says that it failed; it repeats what its steps have said."""
    return bool(event.event_type_value != "STEP_FAILURE")
