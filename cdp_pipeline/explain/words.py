"""Match weights in words that need no statistics.

What belongs here: a weight or a share as words. What does not: where they come from.

A match weight w is log2 of the odds that two records are one person, so the chance of a
coincidence is 1 in 1 + 2^w.
"""

from __future__ import annotations

from cdp_pipeline.pages.figures import bits

CERTAIN = 40.0  # exactly this: a source or a steward says so; exactly -40: ruled out
MILLION = 1_000_000


def about(number: float) -> str:
    """Two digits that matter.

    >>> about(4097), about(33.4), about(7.26), about(1.49)
    ('4,100', '33', '7', '1.5')
    """
    if number >= MILLION:
        return "a million"
    if number < 2:
        return f"{number:.1f}".removesuffix(".0")
    digits = max(len(str(int(number))) - 2, 0)
    return f"{round(number / 10**digits) * 10**digits:,}"


def chance(weight: float) -> str:
    """How likely a link is a coincidence, with the weight for experts.

    >>> chance(12)
    'about 1 in 4,100 that this is chance (weight +12.0)'
    >>> chance(40), chance(0)
    ('certain', 'as likely as not (weight +0.0)')
    """
    if weight == CERTAIN:
        return "certain"
    if weight == -CERTAIN:
        return "ruled out"
    if abs(weight) < 0.5:
        words = "as likely as not"
    elif weight > 0:
        odds = 1 + 2**weight
        words = (
            "less than 1 in a million that this is chance"
            if odds > MILLION
            else f"about 1 in {about(odds)} that this is chance"
        )
    else:
        words = f"{one_person(weight)}, taken by itself"
    return f"{words} (weight {bits(weight)})"


def one_person(weight: float) -> str:
    """How likely two records that were kept apart are one person all the same.

    >>> one_person(-5), one_person(-60), one_person(5)
    ('about 1 in 33 that they are one person', 'less than 1 in a million that they are one person', \
'about 1 in 33 that they are not one person')
    """
    odds = 1 + 2.0 ** abs(weight)
    number = "less than 1 in a million" if odds > MILLION else f"about 1 in {about(odds)}"
    return f"{number} that they are {'not ' if weight > 0 else ''}one person"


def times(weight: float) -> str:
    """What one field says, as how many times likelier it is one way than the other.

    >>> times(8), times(-2), times(0.1)
    ('260 times likelier for one person', '4 times likelier for two people', 'says next to nothing')
    """
    factor = 2.0 ** abs(weight)
    if factor < 1.25:
        return "says next to nothing"
    many = f"over {about(factor)}" if factor >= MILLION else about(factor)
    return f"{many} times likelier for {'one person' if weight > 0 else 'two people'}"


def before(prior: float) -> str:
    """The chance before anything is compared.

    >>> before(0.00001)
    'of two records picked blindly, 1 pair in 100,000 is one person'
    """
    number = 1 / max(prior, 1e-12)
    amount = f"{about(number / MILLION)} million" if number >= MILLION else about(number)
    return f"of two records picked blindly, 1 pair in {amount} is one person"


def rarity(share: float) -> str:
    """How common a value is, from the share of records that have it.

    >>> rarity(1 / 30000), rarity(0.02)
    ('rare: 1 in 30,000 records has it', 'common: 1 in 50 records has it')
    """
    number = 1 / max(share, 1e-9)
    kind = "common: " if number < 200 else "rare: " if number >= 5000 else ""
    amount = "more than a million" if number >= MILLION else about(number)
    return f"{kind}1 in {amount} records has it"
