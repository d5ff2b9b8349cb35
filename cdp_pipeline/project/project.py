"""The folder dbt_like_sql as one frozen object; every mistake in it is told at once.

What belongs here: finding the files, reading them into shapes, and checking names across files.
What does not: the shapes (shapes.py) and what the stages do with them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from cdp_pipeline.errors import ProjectError, nearest
from cdp_pipeline.project import registry, sql_reach
from cdp_pipeline.project.shapes import (
    Audience,
    Contract,
    Destination,
    Expectation,
    Expectations,
    FieldRule,
    Segmentation,
    Settings,
    Source,
    Survivorship,
)
from cdp_pipeline.project.shapes import Mapping as SourceMapping
from cdp_pipeline.project.sql_model import Check, Model, is_theme, read_check, read_model
from cdp_pipeline.project.words import Words, read_words
from cdp_pipeline.project.yaml_file import ShapeT, place, read_shape

CHECKS = "checks"
_TABLES_OF = {"sources": ("raw",), "staging": ("staging", "quarantine")}
"""Folders whose tables are not called as they are: exports become raw, and a contract parts good rows from bad ones."""
T = TypeVar("T")


@dataclass(frozen=True)
class Project:
    """All that dbt_like_sql says. Keys are file stems: the names of tables, rules and targets."""

    folder: Path
    settings: Settings
    sources: Mapping[str, Source] = field(default_factory=dict)
    contracts: Mapping[str, Contract] = field(default_factory=dict)
    survivorship: Survivorship = field(default_factory=lambda: Survivorship(trust=(), fields={}))
    segmentations: Mapping[str, Segmentation] = field(default_factory=dict)
    audiences: Mapping[str, Audience] = field(default_factory=dict)
    destinations: Mapping[str, Destination] = field(default_factory=dict)
    models: Mapping[str, Model] = field(default_factory=dict)
    checks: Mapping[str, Check] = field(default_factory=dict)
    expectations: Mapping[str, Expectation] = field(default_factory=dict)
    words: Words = field(default_factory=Words)

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers in the order of the numbers of the folders, which is that in which they are made."""
        return tuple(layer for name in layer_folders(self.folder) for layer in _TABLES_OF.get(name, (name,)))

    def layers_from(self, first: str) -> tuple[str, ...]:
        """The layers from `first` on; all of a project that has no such layer."""
        return self.layers[self.layers.index(first) if first in self.layers else 0 :]

    def system(self, source: str) -> str:
        """The value of the `source` column for rows of an export: the system it comes from."""
        return self.sources[source].system or source

    @property
    def themes(self) -> tuple[Model, ...]:
        """The models of 4_profiles/attributes, by name: each gives columns of profiles.customers."""
        themes = [model for model in self.models.values() if is_theme(model.path)]
        return tuple(sorted(themes, key=lambda model: model.name))


def layer_folders(folder: Path) -> dict[str, Path]:
    """The numbered folders of a project by the name behind the number, in order."""
    return {path.name[2:]: path for path in sorted(folder.glob("[0-9]_[a-z]*")) if path.is_dir()}


def read_project(folder: Path) -> Project:
    """Read and check every file of `folder`; raises ProjectError with all problems."""
    project, problems = read_files(folder)
    if problems:
        raise ProjectError(problems)
    return project


def read_files(folder: Path) -> tuple[Project, list[str]]:
    """All of `folder` that can be read, and every problem with it; raises ProjectError where there is no such folder."""
    problems: list[str] = []
    if not (folder / "project.yml").exists():
        raise ProjectError(f"{folder}/project.yml not found: is {folder} a folder like dbt_like_sql?")
    settings = read_shape(folder / "project.yml", Settings, problems)
    models: dict[str, Model] = {}
    for layer, place_of_layer in layer_folders(folder).items():
        for path in sorted(place_of_layer.rglob("*.sql")) if layer not in _TABLES_OF else ():
            model = read_model(path, layer, problems)
            if model and model.name in models:
                problems.append(f"{path}: {model.name} is also made by {models[model.name].path}")
            if model:
                models[model.name] = model
    contracts = _shapes(folder / "2_staging", Contract, problems)
    project = Project(
        folder=folder,
        settings=settings or Settings(name="unreadable"),
        sources=_shapes(folder / "1_sources", Source, problems),
        contracts=contracts,
        survivorship=read_shape(folder / "4_profiles" / "survivorship.yml", Survivorship, problems)
        or every_field(contracts.get("people")),
        segmentations=_shapes(folder / "5_segments", Segmentation, problems),
        audiences=_shapes(folder / "5_segments" / "audiences", Audience, problems),
        destinations=_shapes(folder / "6_activation", Destination, problems),
        models=models,
        checks=_files(folder / "checks", "*.sql", lambda path: read_check(path, problems)),
        expectations=_expectations(folder / "checks" / "expectations.yml", problems),
        words=_words(folder / "2_staging", problems),
    )
    problems += [
        *_mistakes_in_names(project),
        *_mistakes_in_sources(project),
        *_mistakes_in_contracts(project),
        *registry.mistakes_in(folder, contracts),
        *sql_reach.mistakes(folder, project.sources, project.contracts),
        *_mistakes_in_models(project),
        *_mistakes_in_audiences(project),
    ]
    return project, problems


def every_field(people: Contract | None) -> Survivorship:
    """Every column of people by one rule: what stands for a survivorship.yml that cannot be used."""
    columns = [c for c, spec in people.columns.items() if spec.type != "attributes"] if people else []
    return Survivorship(trust=(), fields={c: FieldRule(rule="most_recent", description="") for c in columns})


def _expectations(path: Path, problems: list[str]) -> Mapping[str, Expectation]:
    suite = read_shape(path, Expectations, problems) if path.exists() else None
    return suite.expectations if suite else {}


def _words(folder: Path, problems: list[str]) -> Words:
    try:
        return read_words(folder)
    except ProjectError as error:
        problems += error.problems
        return Words()


def _shapes(folder: Path, shape: type[ShapeT], problems: list[str]) -> dict[str, ShapeT]:
    return _files(folder, "*.yml", lambda path: read_shape(path, shape, problems))


def _files(folder: Path, pattern: str, read: Callable[[Path], T | None]) -> dict[str, T]:
    shapes = {path.stem: read(path) for path in sorted(folder.glob(pattern))}
    return {stem: value for stem, value in shapes.items() if value is not None}


def _mistakes_in_names(project: Project) -> list[str]:
    """A file of these folders names a table: it must be a name that SQL takes without quotes."""
    files = {"1_sources": project.sources, "2_staging": project.contracts, "5_segments": project.segmentations}
    return [
        f"{project.folder}/{folder}/{name}.yml: a table is named after the file: use lower-case letters, digits and _"
        for folder, stems in files.items()
        for name in stems
        if not re.fullmatch("[a-z][a-z0-9_]*", name)
    ] + [
        f"{model.path}: a table is named after the file: use lower-case letters, digits and _"
        for model in project.models.values()
        if not re.fullmatch(r"\w+\.[a-z][a-z0-9_]*", model.name)
    ]


def _mistakes_in_sources(project: Project) -> list[str]:
    problems = []
    for name, source in project.sources.items():
        path = project.folder / "1_sources" / f"{name}.yml"
        problems += [
            f"{place(path, 'continuation')}: continuation reads {column}, which is not among `kinds`"
            for column in _columns_of(source.continuation)
            if column not in source.kinds
        ]
        for table, mappings in source.into.items():
            contract = project.contracts.get(table)
            if contract is None:
                problems.append(
                    f"{place(path, 'into', table)}: into {table}: no such core table{nearest(table, project.contracts)}; "
                    f"allowed: {', '.join(project.contracts)}"
                )
                continue
            for number, mapping in enumerate(mappings):
                problems += _mistakes_in_mapping(path, source, table, number, mapping, contract)
    return problems


def _mistakes_in_mapping(
    path: Path, source: Source, table: str, number: int, mapping: SourceMapping, contract: Contract
) -> list[str]:
    def at(*keys: str) -> str:
        return f"{place(path, 'into', table, number, *keys)}: into {table}"

    problems = [
        f"{at('columns', column)}: unknown column {column}{nearest(column, contract.columns)}; "
        f"allowed: {', '.join(contract.columns)}"
        for column in mapping.columns
        if column not in contract.columns and not column.startswith("attributes.")
    ]
    problems += [
        f"{at('filled')}: filled: {column} is not mapped{nearest(column, mapping.columns)}"
        for column in mapping.filled
        if column not in mapping.columns
    ]
    if cells := [column for column in _columns_of(mapping.where) if column not in source.kinds]:
        problems.append(
            f"{at('where')}: where reads {', '.join(cells)}, not among `kinds`: `where` tells kinds of rows apart; which "
            "cells must be filled stands in `filled`, what is left out in `drop`"
        )
    near = {nearest(column, contract.columns) for column in mapping.columns if column not in contract.columns}
    problems += [
        f"{at('columns')}: required column {column} is not mapped"
        for column, spec in contract.columns.items()
        if spec.required and column != "source" and column not in mapping.columns
        and f" (did you mean {column}?)" not in near
    ]  # fmt: skip
    return problems


def _columns_of(sql: str | None) -> list[str]:
    """Names of the columns in an expression, sorted; none where it cannot be read (sql_reach.py says that)."""
    try:
        tree = sqlglot.parse_one(sql, dialect="duckdb") if sql else None
    except SqlglotError:
        return []
    return sorted({column.name for column in tree.find_all(exp.Column)}) if tree else []


def _mistakes_in_contracts(project: Project) -> list[str]:
    problems = []
    for name, contract in project.contracts.items():
        path = project.folder / "2_staging" / f"{name}.yml"
        for column in contract.when_broken:
            if column not in contract.columns:
                problems.append(
                    f"{place(path, 'when_broken', column)}: when_broken: unknown column {column}"
                    f"{nearest(column, contract.columns)}"
                )
        for column in (*contract.grain, *contract.newest_by):
            if column not in contract.columns:
                problems.append(
                    f"{place(path, 'grain' if column in contract.grain else 'newest_by')}: unknown column {column} in "
                    f"grain or newest_by{nearest(column, contract.columns)}"
                )
        for column, spec in contract.columns.items():
            if spec.references and spec.references not in project.contracts:
                problems.append(
                    f"{place(path, 'columns', column)}: {column} refers to {spec.references}, which is no core table"
                    f"{nearest(spec.references, project.contracts)}"
                )
    return problems


def _mistakes_in_models(project: Project) -> list[str]:
    problems, layers = [], project.layers
    for model in project.models.values():
        for read in model.inputs:
            layer = read.removeprefix("previous.").split(".")[0]
            if layer not in layers:
                problems.append(f"{model.path}: reads {read}: no layer {layer}{nearest(layer, layers)}")
            elif not read.startswith("previous.") and layers.index(layer) > layers.index(model.layer):
                problems.append(f"{model.path}: reads {read}: a model reads its own or an earlier layer, not {layer}")
    return problems


def _mistakes_in_audiences(project: Project) -> list[str]:
    problems = []
    for name, audience in project.audiences.items():
        path = project.folder / "5_segments" / "audiences" / f"{name}.yml"
        for destination in audience.destinations:
            if destination not in project.destinations:
                problems.append(
                    f"{place(path, 'destinations')}: unknown destination {destination}"
                    f"{nearest(destination, project.destinations)}; allowed: {', '.join(project.destinations)}"
                )
    for name, spec in project.destinations.items():
        path = project.folder / "6_activation" / f"{name}.yml"
        for audience_name in spec.audiences:
            if audience_name not in project.audiences:
                problems.append(
                    f"{place(path, 'audiences')}: unknown audience {audience_name}"
                    f"{nearest(audience_name, project.audiences)}"
                )
    return problems
