"""The suite of expectations as data: which kinds it may use, and what is wrong with it.

What belongs here: holding dbt_like_sql/checks/expectations.yml against the tables there are, before anything
runs. What does not: asking (expectations.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from cdp_pipeline.errors import nearest
from cdp_pipeline.project.project import Project
from cdp_pipeline.run.steps import Table

KINDS: Mapping[str, frozenset[str]] = {
    kind: frozenset(arguments.split())
    for kind, arguments in {
        "expect_column_distinct_values_to_be_in_set": "column value_set",
        "expect_column_max_to_be_between": "column min_value max_value",
        "expect_column_mean_to_be_between": "column min_value max_value",
        "expect_column_median_to_be_between": "column min_value max_value",
        "expect_column_min_to_be_between": "column min_value max_value",
        "expect_column_most_common_value_to_be_in_set": "column value_set",
        "expect_column_pair_values_a_to_be_greater_than_b": "column_A column_B or_equal mostly",
        "expect_column_proportion_of_non_null_values_to_be_between": "column min_value max_value",
        "expect_column_proportion_of_unique_values_to_be_between": "column min_value max_value",
        "expect_column_quantile_values_to_be_between": "column quantile_ranges",
        "expect_column_sum_to_be_between": "column min_value max_value",
        "expect_column_unique_value_count_to_be_between": "column min_value max_value",
        "expect_column_value_lengths_to_be_between": "column min_value max_value mostly",
        "expect_column_value_lengths_to_equal": "column value mostly",
        "expect_column_values_to_be_between": "column min_value max_value mostly",
        "expect_column_values_to_be_in_set": "column value_set mostly",
        "expect_column_values_to_be_null": "column mostly",
        "expect_column_values_to_not_be_in_set": "column value_set mostly",
        "expect_column_values_to_not_be_null": "column mostly",
        "expect_table_row_count_to_be_between": "min_value max_value",
    }.items()
}
"""Expectations that answer on DuckDB, with the arguments they take. Those with a regex do not."""
COLUMNS = ("column", "column_A", "column_B")


def mistakes(project: Project, tables: Mapping[str, Table]) -> list[str]:
    """What is wrong with expectations.yml: names, tables, kinds, arguments and columns, each as one line."""
    problems = []
    path = project.folder / "checks" / "expectations.yml"
    for name, spec in project.expectations.items():
        where = f"{path}: {name}"
        if not re.fullmatch("[a-z][a-z0-9_]*", name):
            problems.append(f"{where}: a check has a name of lower-case letters, digits and _")
        if spec.table not in tables:
            problems.append(f"{where}: {spec.table} is no table{nearest(spec.table, tables)}")
        if spec.expect not in KINDS:
            problems.append(f"{where}: unknown expectation {spec.expect}{nearest(spec.expect, KINDS)}")
            continue
        allowed = KINDS[spec.expect]
        problems += [
            f"{where}: {spec.expect} takes no {argument}{nearest(argument, allowed)}; it takes {', '.join(sorted(allowed))}"
            for argument in spec.having
            if argument not in allowed
        ]
        problems += [
            f"{where}: {spec.expect} needs {argument}"
            for argument in COLUMNS
            if argument in allowed and argument not in spec.having
        ]
        columns = tables[spec.table].columns if spec.table in tables else {}
        problems += [
            f"{where}: {spec.table} has no column {column}{nearest(str(column), columns)}"
            for argument in COLUMNS
            if columns and (column := spec.having.get(argument)) and column not in columns
        ]
    return problems
