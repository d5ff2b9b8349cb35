"""Why two people are two: vetoes, weights and groups, each as a sentence with its cure.

What belongs here: the sentences. What does not: finding the pair they are about (pair.py), and
identifiers that were not used (records.py).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import floor
from shlex import quote

from cdp_pipeline.explain.words import about, chance, one_person
from cdp_pipeline.identity.matching import Matching
from cdp_pipeline.pages.figures import bits, things

VETOES = {  # value of identity.pairs.veto -> what it says, what would lift it
    "birth_date": ("their birth dates differ by more than a slip of the pen", "the birth date is wrong"),
    "first_name": ("their first names differ, as in a household", "the first name is wrong"),
    "verdict": ("a steward has decided that they are different people", ""),
    "clean_source": ("one source holds both, and promises never to hold a person twice", ""),
    "account": ("they share an account id, but birth dates and names contradict each other", "one of them is wrong"),
}
RULES = {  # provenance -> what raised the weight
    "email_rule": "the e-mail rule: one equal address, and nothing speaks against it",
    "login": "one account id",
    "merge": "the source has merged them",
    "account": "one account, says the source",
    "conversion": "the lead became the contact, says the source",
    "verdict": "a steward has decided that they are one person",
}

LISTED = -6.0  # identity.pairs holds refused pairs below this weight only in part


@dataclass(frozen=True)
class Facts:
    """What is known about two people who were kept apart. `weight` and `veto` are of the best pair."""

    weight: float
    veto: str | None
    is_scored: bool  # the pair was compared in the run
    possible: int  # pairs between all their records, copies counted once
    weights: tuple[float, ...]  # of the pairs that were compared
    vetoes: tuple[str, ...]  # of those pairs
    evidence: float  # the model's own weight of the best pair
    has_guards: bool


def rule(provenance: str, veto: str | None) -> str:
    """What made the published weight out of the model's."""
    if veto:
        return f"ruled out: {veto_words(veto)}"
    return RULES.get(provenance, "several people use this e-mail address, so it cannot decide")


def veto_words(veto: str) -> str:
    """A veto as half a sentence."""
    return VETOES.get(veto, (veto.replace("_", " "), ""))[0]


def direct(weight: float, reason: str) -> str:
    """How the two ends of a path look when only they are compared."""
    return f"Held against each other directly: {reason}; {chance(weight)}"


def further(weight: float, veto: str | None, reason: str) -> str:
    """One more pair between two people."""
    ending = f"ruled out: {veto_words(veto)}" if veto else one_person(weight)
    return f"{reason} (weight {bits(weight)}); {ending}"


def why(facts: Facts, matching: Matching) -> tuple[str, ...]:
    """What kept the two apart, the decisive reason first."""
    cut, sentences = matching.joining.cut, []
    if facts.veto:
        sentences.append(f"Ruled out: {veto_words(facts.veto)}.")
        if facts.evidence > cut:
            sentences.append(f"Without that they would look like one person: {chance(facts.evidence)}.")
        return tuple(sentences)
    if not facts.is_scored and facts.weight < LISTED:
        sentences.append("The two are not among the published pairs; the weight below was worked out just now.")
    elif not facts.is_scored:
        sentences.append(
            "The nightly run did not compare the two: no line under `blocking` of matching.yml brings them "
            "together, or its block is too big. The weight below was worked out just now."
        )
    if facts.weight < cut:
        sentences.append(
            f"Too little agrees: {one_person(facts.weight)} (weight {bits(facts.weight)}; "
            f"joining asks for {bits(cut)}, so {about(2 ** (cut - facts.weight))} times more evidence)."
        )
    elif facts.vetoes:
        words = [f"{veto_words(veto)} ({things(n, 'pair')})" for veto, n in sorted(Counter(facts.vetoes).items())]
        sentences.append(
            f"This pair alone would join them, but other records of the two rule it out: {'; '.join(words)}."
        )
    elif facts.is_scored and facts.weight < matching.joining.candidate_weight:
        sentences.append(
            f"The pair is above the cut of {bits(cut)}, but a join is only begun by a pair of at least "
            f"{bits(matching.joining.candidate_weight)}; this one weighs {bits(facts.weight)}."
        )
    elif facts.is_scored:
        sentences.append(_on_average(facts, cut))
    return tuple(sentences)


def _on_average(facts: Facts, cut: float) -> str:
    from cdp_pipeline.identity.clusters.cluster import UNSCORED

    missing = max(facts.possible - len(facts.weights), 0)
    average = (sum(facts.weights) + UNSCORED * missing) / max(facts.possible, 1)
    alone = "This pair alone would join them, but two people are joined only when all their records agree on average"
    if average >= cut:
        return f"{alone}, and each of the two fits other records better."
    unlike = f", {things(missing, 'pair')} with too little in common to be compared" if missing else ""
    return (
        f"{alone}: over {things(facts.possible, 'pair')}{unlike}, the average is {bits(average)} (asked: {bits(cut)})."
    )


def cures(facts: Facts, matching: Matching, a: str, b: str) -> tuple[str, ...]:
    """What would make them one person, the surest first; commands as they are typed."""
    sentences = [f"If you know that they are one person: cdp identity judge {quote(a)} {quote(b)} same"]
    mend = VETOES.get(facts.veto or "", ("", ""))[1]
    if mend:
        sentences.append(f"If {mend}: mend it in its source; the next run sees it")
    if not facts.veto and facts.is_scored and -12 < facts.weight < matching.joining.cut:
        cut = floor(facts.weight)
        sentences.append(f"To see what a lower cut would do to everybody: cdp identity whatif --set joining.cut={cut}")
    if facts.has_guards:
        records = matching.junk.records
        sentences.append(
            "To see what happens when values shared by more records count: "
            f"cdp identity whatif --set junk.records={records * 2}"
        )
    return tuple(sentences)
