"""The steps of the identity layer: what is read and written through `Run`, and in which order.

What belongs here: the passage between files and the engine. What does not: the words on the tables
(tables.py), and how a record is compared or joined (engine.py and what it calls).
"""

from __future__ import annotations

from pathlib import Path

from cdp_pipeline.errors import ProjectError, nearest
from cdp_pipeline.identity import limits, tables
from cdp_pipeline.identity.accuracy import accuracy
from cdp_pipeline.identity.matching import Matching, load_matching, solved_by
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.yaml_file import place
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.steps import Outcome, Step, Table, code_digest

VERSION = "identity 3"
MODEL_FOLDER = "identity"  # model.json and term_frequencies.parquet beside the tables


def steps(project: Project) -> tuple[Step, ...]:
    """The steps of the layer; ProjectError when 3_identity is wrong."""
    problems: list[str] = []
    path = project.folder / "3_identity" / "matching.yml"
    try:
        matching = load_matching(path.parent)
    except ProjectError as error:
        problems += error.problems
        matching = Matching(blocking=(("email",),))
    systems = sorted({project.system(name) for name in project.sources})
    problems += [
        f"{place(path, 'clean_sources')}: clean_sources: no source has the system {name!r}{nearest(name, systems)}"
        for name in matching.clean_sources
        if name not in systems
    ]
    version = f"{VERSION} {matching.model_dump_json()} {project.settings.country}"
    made = (
        Step((tables.STATED, tables.REQUESTS), ("raw.erased_rows",), _stated, VERSION, uses_exports=True),
        Step(
            (tables.RECORDS, tables.BLOCKED),
            ("staging.people", "staging.identifiers", tables.STATED.name),
            lambda run: _records(run, matching),
            version,
        ),
        Step(
            (tables.PAIRS, tables.CLUSTERS, tables.WEIGHTS, tables.VERDICTS, tables.GUARDS, tables.PASSES),
            (
                *(tables.RECORDS.name, tables.BLOCKED.name, "staging.identifiers", "staging.links"),
                *(tables.STATED.name, tables.REQUESTS.name, *tables.BEFORE),
            ),
            lambda run: _pairs(run, matching),
            version,
            uses_as_of=True,
        ),
        Step(
            (tables.PERSON_RECORDS, tables.PERSONS, tables.CHANGES, tables.REDIRECTS),
            (tables.RECORDS.name, tables.PAIRS.name, tables.CLUSTERS.name, *tables.PREVIOUS),
            lambda run: _persons(run, matching),
            version,
            uses_as_of=True,
        ),
        limits.step(matching),
        accuracy.step(),
    )
    if problems:
        raise ProjectError(problems, [table for step in made for table in step.tables])
    return made


def _stated(run: Run) -> Outcome:
    from cdp_pipeline.identity.model import saved_model
    from cdp_pipeline.ledgers import verdicts
    from cdp_pipeline.ledgers.ledger import VERDICTS

    stated = verdicts.read_verdicts(run.data / VERDICTS.file)
    with run.connect() as con:
        con.register("stated", stated)
        run.write(con, tables.STATED.name, _select(tables.STATED, "stated"), ["line"])
        asked = saved_model.trainings_asked(run.data)
        run.write(con, tables.REQUESTS.name, f"select 'train' as request, {asked}::bigint as number", ["request"])
        return {tables.STATED.name: {"verdicts": stated.num_rows}}


def _records(run: Run, matching: Matching) -> Outcome:
    from cdp_pipeline.identity import engine
    from cdp_pipeline.identity.normalise.normalise import Inputs

    with run.connect("staging.people", "staging.identifiers", tables.STATED.name) as con:
        country = run.project.settings.country
        numbers = engine.prepare(con, Inputs(links=None), matching, run.key, country, tables.STATED.name)
        run.write(con, tables.RECORDS.name, _select(tables.RECORDS, "records"), ["record_key"])
        run.write(con, tables.BLOCKED.name, _select(tables.BLOCKED, "blocked_identifiers"), ["kind", "value_hash"])
        return {tables.RECORDS.name: numbers, tables.BLOCKED.name: {"blocked": numbers["blocked_identifiers"]}}


def _pairs(run: Run, matching: Matching) -> Outcome:
    from cdp_pipeline.identity import engine
    from cdp_pipeline.identity.model import saved_model
    from cdp_pipeline.identity.normalise.normalise import Inputs
    from cdp_pipeline.identity.passes import Known

    with run.connect(
        *(tables.RECORDS.name, tables.BLOCKED.name, tables.STATED.name, tables.REQUESTS.name),
        *("staging.identifiers", "staging.links", *tables.BEFORE),
        empty=tables.BEFORE,
    ) as con:
        con.execute("""create temp view records as from identity.records;
            create temp view blocked_identifiers as from identity.blocked_identifiers""")
        asked = con.execute("select number from identity.requests where request = 'train'").fetchall()[0][0]
        saved = saved_model.load(run.published / MODEL_FOLDER) if run.published else None
        before = {name.rpartition(".")[2]: name for name in tables.BEFORE}
        known = Known(run.as_of, basis(matching), asked, tables.STATED.name, **before)
        used, numbers = engine.link(con, Inputs(), matching, saved, known)
        if used is not saved:
            saved_model.save(used, Path(run.folder) / MODEL_FOLDER)
        run.write(con, tables.PAIRS.name, _select(tables.PAIRS, "pairs"), ["node_key_l", "node_key_r"])
        run.write(con, tables.CLUSTERS.name, _select(tables.CLUSTERS, "clusters"), ["node_key"])
        run.write(con, tables.WEIGHTS.name, _select(tables.WEIGHTS, "model_weights"), ["comparison", "level desc"])
        run.write(con, tables.VERDICTS.name, _select(tables.VERDICTS, "verdicts"), ["line"])
        run.write(con, tables.GUARDS.name, _select(tables.GUARDS, "guards"), ["guard"])
        run.write(con, tables.PASSES.name, _select(tables.PASSES, "passes"), ["as_of"])
        return {tables.PAIRS.name: numbers, tables.WEIGHTS.name: {"model": numbers["model"]}}


def basis(matching: Matching) -> str:
    """What must be equal for a pass to go on from the last one: the code, and all that decides who is joined."""
    return f"{solved_by(matching)}-{code_digest('identity')[:16]}"


def _persons(run: Run, matching: Matching) -> Outcome:
    from cdp_pipeline.identity.ids import ids

    with run.connect(
        *(tables.RECORDS.name, tables.PAIRS.name, tables.CLUSTERS.name, *tables.PREVIOUS), empty=tables.PREVIOUS
    ) as con:
        for name in ("records", "pairs", "clusters"):
            con.execute(f"create temp view {name} as from identity.{name}")
        previous = ids.Previous(**{name.rpartition(".")[2]: name for name in tables.PREVIOUS})
        numbers = ids.assign(con, previous, run.key, run.as_of, matching.largest_person)
        order = ["person_id", "source", "record_id"]
        run.write(con, tables.PERSON_RECORDS.name, _select(tables.PERSON_RECORDS, "person_records"), order)
        run.write(con, tables.PERSONS.name, _select(tables.PERSONS, "persons"), ["person_id"])
        order = ["as_of", "change", "person_id", "other_person_id"]
        run.write(con, tables.CHANGES.name, _select(tables.CHANGES, "changes"), order)
        run.write(con, tables.REDIRECTS.name, _select(tables.REDIRECTS, "redirects"), ["person_id"])
        return {tables.PERSONS.name: numbers, tables.PERSON_RECORDS.name: {"churn_share": numbers["churn_share"]}}


def _select(table: Table, relation: str) -> str:
    return f"select {', '.join(table.columns)} from {relation}"
