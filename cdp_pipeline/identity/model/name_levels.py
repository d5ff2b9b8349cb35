"""How two names are compared: first and last name together, best level first.

What belongs here: the levels of a name. What does not: how a name is split and folded (names.py).
"""

from __future__ import annotations

from cdp_pipeline.identity.model.levels import Comparison, Level, similar

_INITIAL = "(len(name_first_l) = 1 or len(name_first_r) = 1) and left(name_first_l, 1) = left(name_first_r, 1)"
_NICK = (
    "case when name_nick_l = name_nick_r or name_first_l = name_first_r then true "
    "when len(name_forms_l) > 2 or len(name_forms_r) > 2 then list_has_any(name_forms_l, name_forms_r) else false end"
)
_TURNED = "name_first_l = name_last_r and name_last_l = name_first_r"
_LAST = "name_last_l = name_last_r"
_FIRST_ALIKE = f"({_NICK} or {similar('name_first_l', 'name_first_r', 0.84)} or sound_first_l = sound_first_r)"
_LAST_ALIKE = f"({similar('name_last_l', 'name_last_r', 0.86)} or sound_last_l = sound_last_r)"
_ONE_PART = "(name_first_l is null or name_last_l is null or name_first_r is null or name_last_r is null)"
_LONE = (
    f"case when {_ONE_PART} then "
    + " or ".join(
        f"coalesce({similar(f'name_{a}_l', f'name_{b}_r', 0.88)}, false)"
        for a in ("first", "last")
        for b in ("first", "last")
    )
    + f" or coalesce({_NICK}, false) else false end"
)

NAME = Comparison(
    "name",
    ("name_first", "name_last"),
    "(name_first_l is null and name_last_l is null) or (name_first_r is null and name_last_r is null)",
    (
        Level("same full name", "name_full_l = name_full_r", 0.60, 1e-5, "name_full"),
        Level(
            "same last name, first name in another form",
            f"case when {_LAST} then {_NICK} else false end",
            0.08,
            5e-6,
            "name_last",
        ),
        Level("first and last name swapped", _TURNED, 0.01, 1e-7),
        Level(
            "same last name, first name as an initial",
            f"case when {_LAST} then {_INITIAL} else false end",
            0.05,
            5e-6,
            "name_last",
        ),
        Level(
            "same last name, first name alike",
            f"case when {_LAST} then {_FIRST_ALIKE} else false end",
            0.04,
            5e-6,
            "name_last",
        ),
        Level("same first name, last name alike", f"case when {_LAST_ALIKE} then {_NICK} else false end", 0.05, 2e-5),
        Level("both names alike", f"case when {_LAST_ALIKE} then {_FIRST_ALIKE} else false end", 0.03, 2e-5),
        Level(
            "both names alike, but swapped",
            f"case when {similar('name_first_l', 'name_last_r', 0.84)} "
            f"then {similar('name_last_l', 'name_first_r', 0.84)} else false end",
            0.005,
            1e-6,
        ),
        Level(
            "two words of the name shared",
            "case when sound_full_l = sound_full_r then true when len(name_sounds_l) > 2 or len(name_sounds_r) > 2 "
            "then (list_contains(name_sounds_r, sound_first_l) or list_contains(name_sounds_l, sound_first_r)) "
            "and len(list_intersect(name_sounds_l, name_sounds_r)) >= 2 else false end",
            0.02,
            2e-6,
        ),
        Level(
            "same last name, one first name missing",
            f"{_LAST} and (name_first_l is null or name_first_r is null)",
            0.02,
            2e-4,
            "name_last",
        ),
        Level("one name missing, the other alike", _LONE, 0.03, 1e-3),
        Level("same last name, other first name", _LAST, 0.02, 2e-3, "name_last", differs=True),
        Level(
            "last name alike, first name a little",
            f"case when {_LAST_ALIKE} then {similar('name_first_l', 'name_first_r', 0.65)} else false end",
            0.01,
            1e-3,
            differs=True,
        ),
        Level(
            "same first name, last name a little alike",
            f"case when {_NICK} then {similar('name_last_l', 'name_last_r', 0.65)} else false end",
            0.01,
            2e-3,
            differs=True,
        ),
        Level("same first name, other last name", _NICK, 0.02, 6e-3, differs=True),
        Level(
            "one word of the name shared",
            "case when sound_last_l = sound_last_r or sound_first_l = sound_last_r or sound_last_l = sound_first_r "
            "then true when len(name_sounds_l) > 2 or len(name_sounds_r) > 2 "
            "then list_has_any(name_sounds_l, name_sounds_r) else false end",
            0.005,
            5e-3,
            differs=True,
        ),
        Level("other name", "else", 0.01, 0.97, differs=True),
    ),
)
