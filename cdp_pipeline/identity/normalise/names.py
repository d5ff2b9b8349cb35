"""Names of people: folded, split into first and last, with nickname and sound keys.

What belongs here: what a name is compared by. What does not: how much an equal name weighs
(comparisons.py) and the nickname table itself (3_identity/nicknames.csv).

`add_names` makes table `name_keys` (one row a distinct raw name) from table `raw_names`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
from duckdb import DuckDBPyConnection

from cdp_pipeline.project.country_names import folded
from cdp_pipeline.project.quoting import literals

PARTICLES = (
    "van de der den het t ter ten te von zu zum zur vom af av da das dos do di del della dello la le "
    "les du des el al bin ibn ben y e op in 's s d l"
).split()
LEADING = "van de der den ter ten te von zu del della di du le la dos da das".split()  # before a lone last name
TITLES = (
    "mr mrs ms miss mx dr drs ir ing prof dhr mevr mevrouw meneer de heer herr frau hr fr sir dame lord lady "
    "rev hon monsieur madame mme mlle sig sra sr jr ii iii iv phd msc bsc md junior senior"
).split()


def _words(column: str, drop: list[str]) -> str:
    return (
        f"list_filter(string_split(coalesce({column}, ''), ' '), lambda w: w <> '' "
        f"and w not in ({literals(drop)}) "
        "and not regexp_matches(w, '^[0-9]+(st|nd|rd|th)?$'))"
    )


def add_names(con: DuckDBPyConnection, nicknames: Mapping[str, tuple[str, ...]], nobody: Sequence[str]) -> None:
    """raw_names(full_name, first_name, middle_name, last_name) -> name_keys, same grain.

    Columns added: name_first, name_middle, name_last (without particles), name_nick, name_forms
    (list of formal names), name_full, name_nick_full, name_words (list), sound_first, sound_last,
    sound_full, name_sounds (list: how every word sounds).
    A name among `nobody` (words for an empty cell) is none.
    A full name is only split where first and last name are both missing; "Last, First" is turned.
    """
    con.execute(f"""create or replace temp table name_words as
    with spelled as (
        select full_name, first_name, middle_name, last_name,
               nullif({folded("first_name")}, 'n a') as f, {folded("middle_name")} as m, {folded("last_name")} as l,
               {folded("full_name")} as whole,
               {folded("regexp_extract(full_name, '^([^,]+),[^,]*$', 1)")} as before_comma,
               {folded("regexp_extract(full_name, '^[^,]+,([^,]*)$', 1)")} as after_comma
        from raw_names),
    split as (
        select *, {_words("f", TITLES)} as fs, {_words("m", TITLES)} as ms,
               {_words("l", TITLES)} as ls, {_words("whole", TITLES)} as ws,
               {_words("before_comma", TITLES)} as bs, {_words("after_comma", TITLES)} as cs
        from spelled),
    parted as (
        select full_name, first_name, middle_name, last_name, ws,
               case when f is not null or l is not null then fs
                    when len(bs) > 0 and len(cs) > 0 then cs
                    when ws[1] in ({literals(LEADING)}) then []
                    else ws[:1] end as firsts,
               case when f is not null or l is not null then ms || ls
                    when len(bs) > 0 and len(cs) > 0 then bs
                    when ws[1] in ({literals(LEADING)}) then ws
                    else ws[2:] end as lasts,
               f is not null or l is not null or (len(bs) > 0 and len(cs) > 0) as is_given,
               ls, ms
        from split),
    plain as (
        select *, list_filter(case when is_given and len(ls) > 0 then ls else lasts end,
                              lambda w: w not in ({literals(PARTICLES)})) as family
        from parted)
    select full_name, first_name, middle_name, last_name,
           nullif(firsts[1], '') as first_word,
           array_to_string(list_filter(case when is_given then firsts[2:] || ms else family[:-2] end,
                                       lambda w: w not in ({literals(PARTICLES)})), ' ') as middle_words,
           nullif(array_to_string(case when is_given then family else family[-1:] end, ' '), '')
               as last_words,
           list_sort(list_distinct(list_filter(firsts || lasts || case when is_given then ws else [] end,
                lambda w: len(w) > 1 and w not in ({literals(PARTICLES)})))) as every_word
    from plain""")
    for part in ("first_word", "last_words"):
        con.execute(
            f"update name_words set {part} = null where list_contains($nobody, {part})", {"nobody": list(nobody)}
        )
    _word_keys(con, nicknames)
    con.execute("""create or replace temp table name_keys as
    select n.full_name, n.first_name, n.middle_name, n.last_name,
           n.first_word as name_first, nullif(n.middle_words, '') as name_middle, n.last_words as name_last,
           coalesce(f.forms[1], n.first_word) as name_nick,
           case when n.first_word is not null then list_concat(f.forms, [n.first_word]) end as name_forms,
           n.first_word || ' ' || n.last_words as name_full,
           coalesce(f.forms[1], n.first_word) || ' ' || n.last_words as name_nick_full,
           case when len(n.every_word) > 0 and (n.first_word is not null or n.last_words is not null)
                then n.every_word end as name_words,
           coalesce(f.formal_sound, f.sound) as sound_first, l.sound as sound_last,
           coalesce(f.formal_sound, f.sound) || ' ' || l.sound as sound_full, s.sounds as name_sounds
    from name_words n
    left join word_keys f on f.word = n.first_word
    left join word_keys l on l.word = n.last_words
    left join word_sounds s on s.every_word = n.every_word""")


def _word_keys(con: DuckDBPyConnection, nicknames: Mapping[str, tuple[str, ...]]) -> None:
    """word_keys(word, sound, forms, formal_sound): one row a distinct first or last name."""
    words = [
        row[0]
        for row in con.execute("""select distinct first_word from name_words where first_word is not null
                                  union select last_words from name_words where last_words is not null
                                  union select unnest(every_word) from name_words
                                  order by 1""").fetchall()
    ]
    forms = [list(nicknames.get(word, ())) or None for word in words]
    table = pa.table(
        {
            "word": pa.array(words, pa.string()),
            "sound": pa.array([sound(word) for word in words], pa.string()),
            "forms": pa.array(forms, pa.list_(pa.string())),
            "formal_sound": pa.array([sound(form[0]) if form else None for form in forms], pa.string()),
        }
    )
    con.register("word_keys_arrow", table)
    con.execute("create or replace temp table word_keys as select * from word_keys_arrow")
    con.unregister("word_keys_arrow")
    con.execute("""create or replace temp table word_sounds as
        select every_word, list_sort(list(distinct coalesce(k.formal_sound, k.sound))) as sounds
        from (select every_word, unnest(every_word) as word from (select distinct every_word from name_words))
        join word_keys k using (word) group by every_word""")


def sound(word: str) -> str:
    """Phonetic key of a folded name; a word without a Latin letter is its own key.

    >>> sound("meijer") == sound("meyer"), sound("smith") == sound("smyth")
    (True, True)
    """
    import jellyfish

    spelled = word.replace("ij", "y").replace("sch", "sh").replace("ue", "u").replace("oe", "o").replace("ae", "a")
    return jellyfish.metaphone(spelled) or word
