"""One written address cell, taken apart: street, house number, postcode and town.

What belongs here: the shapes of addresses that are not plain "street number" (streets.py places
those in SQL): units, numbers in front, several numbers, a whole address in one cell. What does not:
one spelling per street name (streets.py) or town (places.py). No address is looked up.

Text comes in lower case and without accents. A tail is only cut off where its pattern is plain: a
postcode with a town beside it, behind a comma or a house number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

US = (
    "al|ak|az|ar|ca|co|ct|de|fl|ga|hi|ia|id|il|in|ks|ky|la|ma|md|me|mi|mn|mo|ms|mt|nc|nd|ne|nh|nj|nm|nv|ny|oh|ok|or|"
    "pa|pr|ri|sc|sd|tn|tx|ut|va|vt|wa|wi|wv|wy|dc"
)
AU, CA = "nsw|vic|qld|sa|wa|tas|nt|act", "on|qc|bc|ab|mb|sk|ns|nb|nl|pe|yt|nu"
TOWN = r"(?P<town>[^\W\d][^\d,]+?)"
ENGLISH = (
    r"(?P<rest>\d.*\b(?:st|street|ave?|avenue|rd|road|dr|drive|ln|lane|blvd|boulevard|ct|court|way|pl|place|ter|cir|"
    r"hwy|pkwy|sq|square|close|crescent)\b\.?(?: (?:apt|unit|ste|suite|flat|#)\.? ?\w+)?)"
)
CODE = r"(?P<code>\d{5}|\d{3} \d{2}|\d{2}-\d{3}|\d{4}(?:-\d{3})?)"
TAILS = tuple(
    re.compile(pattern + "$")
    for pattern in (
        rf"(?P<rest>.+?),\s*{TOWN}[,\s]+(?:{US})\.?(?:[,\s]+(?P<code>\d{{5}})(?:-\d{{4}})?)?",
        rf"{ENGLISH}[,\s]+{TOWN}[,\s]+(?:{US})[,\s]+(?P<code>\d{{5}})(?:-\d{{4}})?",
        rf"(?P<rest>.+?),\s*{TOWN}[,\s]+(?:{AU})[,\s]+(?P<code>\d{{4}})",
        rf"{ENGLISH}[,\s]+{TOWN}[,\s]+(?:{AU})[,\s]+(?P<code>\d{{4}})",
        rf"(?P<rest>.+?),\s*{TOWN}[,\s]+(?:{CA})[,\s]+(?P<code>[a-z]\d[a-z] ?\d[a-z]\d)",
        rf"(?P<rest>.+),\s*{TOWN}[,\s]+(?P<code>[a-z]{{1,2}}\d[a-z\d]? ?\d[a-z]{{2}})",
        rf"{ENGLISH}[,\s]+{TOWN}[,\s]+(?P<code>[a-z]{{1,2}}\d[a-z\d]? ?\d[a-z]{{2}})",
        rf"(?P<rest>.+\d\S*)[,\s]+(?:nl-)?(?P<code>\d{{4}} ?[a-z]{{2}})[,\s]+{TOWN}",
        rf"(?P<rest>.+?),\s*(?:[a-z]{{1,3}}-)?{CODE}\s+{TOWN}(?: cedex.*| \([a-z]{{2}}\))?",
        rf"(?P<rest>.*[a-z.] \d+ ?[a-z]?) (?:[a-z]{{1,3}}-)?(?P<code>\d{{4,5}}) {TOWN}",
    )
)
UNIT = re.compile(  # the word, and the number or letter of the unit
    r"(?:\b(?:flat|apartment|apt|unit|wohnung|whg|lagenhet|lgh|leilighet|leil|appartement|appt)\b\.? ?(?:n[ro]?\.? )?"
    r"(?P<a>\d+ ?-?[a-z]?\b|[a-z]\d*\b)"
    r"|\b(?:suite|ste|room|rm|app|top|bus|boite|bte|box|int|interno|scala|piso|planta|puerta|pta|esc|portal|level)\b"
    r"\.? ?(?P<b>\d+ ?[a-z]?\b)|\b(?:puerta|pta|esc|escalera)\b\.? ?(?P<e>[a-z]\b)"
    r"|# ?(?P<c>\w+)|\b(?P<d>\d+)(?:st|nd|rd|th|\.|e)? ?(?:floor|etage|verdieping|og|sal)\b)"
)
BOX = re.compile(r"\b(?:p\.? ?o\.? ?box|postbus|postfach|apartado|casella postale|boite postale|b\.?p\.)\D{0,8}(\d+)")
FRONT = re.compile(
    r"^(?!\d+(?:\.|(?:st|nd|rd|th|er|ste|de|e|eme)\b))"  # 1st Avenue, 17. Juni
    r"(?P<number>\d+(?: ?[-/] ?\d+)?(?:[a-z]\b| ?(?:bis|ter|quater)\b"
    r"| [a-z](?= (?:rue|av|avenue|bd|boulevard|place|chemin|impasse|allee|route|quai|cours|passage)\b))?)"
    r"[\s,]+(?=\S*[a-z])(?=.*[a-z]{2})"
)
LONE = re.compile(  # a part that is only a number or a unit
    r"^(?!.*\d{5})\W*(?:(?:n[ro]?|no|num|numero)\b\.? ?)?"
    r"(?:\d[\d\-/ .]*(?: ?[a-z]{1,4}\b)?|(?:st|kl)\.? ?(?:tv|th|mf))\W*$"
)
ADDITIONS = set(
    "bis ter quater huis hoog etage rood zwart links rechts boven beneden izq izda izquierda dcha derecha bajo atico "
    "entlo pral ii iii iv bus boite bte piso planta puerta pta esc escalera portal hinterhaus vorderhaus".split()
)
SAME = {
    "huis": "hs", "izda": "izq", "izquierda": "izq", "derecha": "dcha", "links": "li", "rechts": "re", "bj": "bajo",
    "ii": "2", "iii": "3", "iv": "4",
}  # fmt: skip
SILENT = set("hoog hg etage piso planta puerta pta esc escalera portal bus boite bte no nr n num numero".split())


@dataclass(frozen=True)
class Address:
    name: str  # the street, as written
    house: str = ""  # number, addition and unit in one spelling: 12a, 12-3b
    postcode: str = ""
    town: str = ""


def take_apart(text: str, number: str = "", countries: frozenset[str] = frozenset()) -> Address:
    """Parts of `text`; `number` is the house number when it has a column of its own.

    `countries` are names that may stand behind a comma.

    >>> take_apart("calle mayor 5, 3 b"), take_apart("111 first st, las vegas nv 89111")  # doctest: +NORMALIZE_WHITESPACE
    (Address(name='calle mayor', house='5-3b', postcode='', town=''),
     Address(name='first st', house='111', postcode='89111', town='las vegas'))
    """
    text = re.sub(r"[º°ª]", "", re.sub(r"\bn[º°]\.? ?", "", text)).strip(" ,;")
    cells = [cell.strip() for cell in text.split(",")]
    text = ", ".join([cells[0], *(cell for cell in cells[1:] if cell.replace(".", "") not in countries)])
    if box := BOX.search(text):
        tail = next(filter(None, (p.match(text[box.end() :].strip()) for p in _BOX_TAILS)), None)
        return Address("pobox", box[1], tail["code"] if tail else "", tail["town"].strip() if tail else "")
    code = town = ""
    if tail := next(filter(None, (pattern.match(text) for pattern in TAILS)), None):
        text, code, town = tail["rest"], tail["code"] or "", tail["town"].strip(" .-")
    units: list[str] = []

    def keep(match: re.Match[str]) -> str:
        units.append(next(filter(None, match.groups())))
        return " , "

    text = re.sub(r"^(\d+ ?(?:bis|ter|[a-z])?),", r"\1", UNIT.sub(keep, text).strip(" ,-"))
    parts = [part for part in (p.strip(" .-") for p in re.split(r"[,;()]", text)) if part]
    at = next((i for i, part in enumerate(parts) if _numbered(part)[1]), 0)
    name, found = _numbered(parts[at]) if parts else ("", "")
    for part in parts[at + 1 :]:
        if LONE.match(part):
            found = f"{found} {part}".strip()
        elif not town and not re.search(r"\d", part) and len(part) > 2 and part.split()[0] not in ADDITIONS:
            town = part
        elif part.split()[0] in ADDITIONS:
            found += f" {part}"
    if number and not re.search(r"\d", number):
        found += number if len(number.strip()) == 1 else f" {number}"
    elif number:
        if parts and _digits(found) != _digits(number):
            name = parts[at]  # a number that belongs to the name: Plein 1944
        found = number
    return Address(name, house(" ".join([found, *units])), code, town)


def house(text: str) -> str:
    """One spelling of number, addition and unit: digits apart by `-`, letters against their number.

    >>> [house(text) for text in ("012 A", "12-a", "12 bus 3", "12/3", "12 3b", "12-III", "12bis", "12 huis")]
    ['12a', '12a', '12-3', '12-3', '12-3b', '12-3', '12bis', '12hs']
    """
    words = re.findall(r"[0-9]+|[^\W\d_]+", re.sub(r"\.0$", "", text.lower()))
    said = ""
    for at, written in enumerate(words):
        is_floor = at == 1 == len(words) - 1 and re.search(r"[-\s]i$", text.strip().lower())  # 12-I, but not 12i
        word = "1" if is_floor else SAME.get(written, written).lstrip("0")
        if written not in SILENT or len(words) == 1:
            said += f"-{word}" if word.isdigit() and said else word
    return said


def _digits(text: str) -> str:
    return "".join(re.findall(r"\d+", text)[:1]).lstrip("0")


def _numbered(part: str) -> tuple[str, str]:
    """(street name, number text) of a part without units; the number is empty when there is none."""
    if front := FRONT.match(part):
        return part[front.end() :].strip(" ,"), front["number"]
    numbers = list(re.finditer(r"(?<![\w])(?:n[ro]?\.? ?|no\.? ?|num(?:ero)?\.? ?)?(\d+)", part))
    for at, number in enumerate(numbers):
        before, behind = part[: number.start()].strip(" ,-"), part[number.start(1) :]
        is_year = re.match(r"(?:1[89]|20)\d\d\b", behind) and at + 1 < len(numbers)
        names = [word for word in re.findall(r"[^\W\d_]{3,}", behind) if word not in ADDITIONS]
        if re.search(r"[^\W\d]{2}", before) and not names and not is_year:
            return before, behind
    for number in numbers:
        if number.start() and not re.match(r"\.|st\b|nd\b|rd\b|th\b|e\b", part[number.end() :]):
            return f"{part[: number.start()]} {part[number.end() :]}".strip(), number[1]
    return part, ""


_BOX_TAILS = tuple(
    re.compile(pattern + "$")
    for pattern in (
        rf"[,\s]*{TOWN}[,\s]+(?:{US}|{AU}|{CA})[,\s]+(?P<code>[\da-z][\da-z -]*)",
        rf"[,\s]*(?:[a-z]{{1,3}}-)?(?P<code>\d{{4}} ?[a-z]{{2}}|\d{{4,5}}|\d{{3}} \d{{2}})[,\s]+{TOWN}",
    )
)
