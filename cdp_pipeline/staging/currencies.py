"""The currency codes of ISO 4217 in use, and the signs that stand for them beside an amount.

What belongs here: codes and signs. What does not: reading amounts (parsing).
"""

from __future__ import annotations

ISO_4217 = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND "
    "BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF "
    "DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD "
    "HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW "
    "KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR "
    "MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN "
    "PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN "
    "SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED "
    "VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL "
).split()

_DOLLARS = (
    "USD AUD BBD BMD BND BSD BZD CAD FJD GYD HKD JMD KYD LRD NAD NZD SBD SGD SRD TTD TWD XCD MXN ARS CLP COP UYU DOP"
).split()
SIGNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"US\$", ("USD",)),
    (r"(CA|C)\$", ("CAD",)),
    (r"(AU|A)\$", ("AUD",)),
    (r"NZ\$", ("NZD",)),
    (r"HK\$", ("HKD",)),
    (r"SG?\$", ("SGD",)),
    (r"R\$", ("BRL",)),
    (r"\$", (*_DOLLARS, "BRL")),
    ("€", ("EUR",)),
    ("£", ("GBP", "EGP", "FKP", "GIP", "SHP", "SSP", "SYP")),
    ("¥", ("JPY", "CNY")),
    ("₺", ("TRY",)),
    ("₹", ("INR",)),
    ("₽", ("RUB",)),
    ("₴", ("UAH",)),
    ("₩", ("KRW", "KPW")),
    ("(?i)zł", ("PLN",)),
    ("(?i)kč", ("CZK",)),
    (r"(?i)ft\b", ("HUF",)),
    (r"(?i)\bkr\b", ("SEK", "NOK", "DKK", "ISK")),
    (r"(?i)\b(lei|leu)\b", ("RON", "MDL")),
    (r"(?i)\blv\b", ("BGN",)),
    (r"(?i)\bfr\b", ("CHF", "XAF", "XOF", "XPF", "BIF", "CDF", "DJF", "GNF", "KMF", "RWF")),
)
"""Pattern in the text of an amount → the currencies it may stand for; the first that is found counts."""
