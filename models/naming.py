"""What names mean the same: titles and their abbreviations, countries and their people, and what is no name at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from models.quantities import DAY_FORMS, MONTH_FORMS
from models.wording import word_set

_WORD = re.compile(r"\w+")


COURTESY = word_set("mr mrs ms miss mx dr sir dame lady lord gen lt col sgt capt maj adm cmdr cpl pvt sen gov rep")
"""Titles that may stand before any supported name: they are dropped and added by house style."""

_ABBREVIATED = {
    "gen": "general", "lt": "lieutenant", "col": "colonel", "sgt": "sergeant", "capt": "captain", "maj": "major",
    "adm": "admiral", "cmdr": "commander", "cpl": "corporal", "pvt": "private", "sen": "senator", "gov": "governor",
    "rep": "representative", "dr": "doctor", "prof": "professor", "pres": "president", "rev": "reverend",
    "st": "saint", "mt": "mount", "ft": "fort", "dept": "department", "corp": "corporation", "co": "company",
    "inc": "incorporated", "ltd": "limited", "univ": "university", "jr": "junior", "sr": "senior", "ave": "avenue",
    "rd": "road", "supt": "superintendent", "det": "detective", "insp": "inspector", "atty": "attorney",
    "asst": "assistant", "assn": "association", "intl": "international", "natl": "national", "vs": "versus",
}  # fmt: skip
ABBREVIATIONS = frozenset(_ABBREVIATED) | word_set(
    "mr mrs ms messrs no vs sens reps gens govs jan feb mar apr jun jul aug sep sept oct nov dec"
)
"""Words whose full stop ends no sentence."""

ROLES = word_set(
    """president vice prime minister chancellor secretary senator congressman congresswoman congress representative
    governor mayor judge justice chief executive officer chairman chairwoman chair director general king queen prince
    princess duke duchess pope bishop archbishop cardinal reverend pastor rabbi imam ayatollah sheikh emperor captain
    colonel major lieutenant sergeant admiral commander corporal private marshal detective inspector superintendent
    constable officer sheriff attorney prosecutor solicitor professor doctor ambassador spokesman spokeswoman
    commissioner coach manager leader speaker deputy former first lady foreign defence defense interior finance
    treasury home state states federal national international republican democrat democratic conservative labour party
    house senate parliament government ministry department office agency bureau court supreme high appeal district
    county city town council police force army navy air marine guard university college school hospital airport
    church bank company group union league association federation committee commission board east west north south
    eastern western northern southern northeast northwest southeast southwest central street road avenue river lake
    bay island islands mountain sea ocean gulf internet web bible god earth sun moon summer winter spring autumn
    christmas saint mount fort mum mom dad mother father aunt uncle grandma grandpa constitution law act bill
    amendment games cup championship"""
)
"""Words that are written with a capital or without, by house style: the word itself must be there, not its capital."""

FUNCTION_WORDS = word_set(
    """a an the and or but nor for of in on at to from by with as is are was were be been if so no not i im ive id ill
    we our us you your he his him she her it its they their them this that these those who whom whose which what when
    where why how than then there here into over under after before during about against between through up down out
    off all any both each few more most other some such only own same too very can will just do does did has have had
    my me own de la le el al von van der den del da di"""
)

_PEOPLES = (
    "french france|british britain uk kingdom|dutch netherlands holland|spanish spain|german germany|greek greece|"
    "turkish turkey|swedish sweden|polish poland|danish denmark|irish ireland|scottish scotland|welsh wales|"
    "swiss switzerland|thai thailand|american americans us usa america|us usa america|english england|"
    "finnish finland|norwegian norway|portuguese portugal|chinese china|japanese japan|filipino philippines|"
    "israeli israel|iraqi iraq|afghan afghanistan|pakistani pakistan|saudi arabia|argentine argentina|"
    "peruvian peru|belgian belgium|hungarian hungary|czech czechia|slovak slovakia|ukrainian ukraine|"
    "canadian canada|mexican mexico|brazilian brazil|egyptian egypt|syrian syria|italian italy|jewish jews|"
    "mps mp|wwii wwi|un nations|eu european|uk british britain|briton britons british britain uk|arab arabs|"
    "kurdish kurds kurd|muslim islam islamic|christian christianity|catholic catholicism|parisian paris|"
    "congressional congress|presidential president|parliamentary parliament|gop republicans republican"
)
_RELATED: dict[str, set[str]] = {}
for _line in _PEOPLES.split("|"):
    for _word in _line.split():
        _RELATED.setdefault(_word, set()).update(_line.split())
for _short, _long in _ABBREVIATED.items():
    _RELATED.setdefault(_short, set()).add(_long)
    _RELATED.setdefault(_long, set()).add(_short)
for _forms in (MONTH_FORMS, DAY_FORMS):
    for _form, _name in _forms.items():
        for _one, _other in ((_form, _name), (_name, _form)):
            _RELATED.setdefault(_one, set()).add(_other)

SPELLED_OUT = {
    "us": ("united states", "united states of america"), "usa": ("united states",),
    "uk": ("united kingdom", "great britain"),
    "un": ("united nations",), "eu": ("european union",), "uae": ("united arab emirates",), "gop": ("grand old party",),
    "dc": ("district of columbia",), "la": ("los angeles",), "nyc": ("new york city",), "nypd": ("new york police",),
    "fbi": ("federal bureau of investigation",), "cia": ("central intelligence agency",),
    "nato": ("north atlantic treaty organization",), "bbc": ("british broadcasting corporation",),
    "isis": ("islamic state",), "isil": ("islamic state",), "ny": ("new york",), "nz": ("new zealand",),
}  # fmt: skip
"""Abbreviations that stand for their words, and words that stand for them."""

_ENDINGS = ("ians", "eans", "ans", "ian", "ean", "ese", "ish", "ns", "is", "an", "n", "i", "s")
_STEM = 4
_FORMS = (
    ("s", ""), ("es", ""), ("ies", "y"), ("ed", ""), ("ed", "e"), ("ing", ""), ("ing", "e"),
    ("ly", ""), ("er", ""), ("ers", ""),
)  # fmt: skip


def variants(key: str) -> Iterator[str]:
    """Other keys that support a name: its singular or plural, its country or people, its abbreviation or full form."""
    yield from _RELATED.get(key, ())
    yield f"{key}s"
    if key.endswith("es") and len(key) > _STEM:
        yield key[:-2]
    if len(key) >= _STEM:
        for ending in _ENDINGS:
            stem = key.removesuffix(ending)
            if stem != key and len(stem) >= _STEM - (ending == "s"):
                yield stem
                if ending != "s":
                    yield from (f"{stem}a", f"{stem}o", f"{stem}e", f"{stem}y", f"{stem}ia")
    for ending in ("n", "i", "an", "ian", "ns", "is", "ans", "ians", "ese"):
        yield f"{key}{ending}"
        if key[-1:] in "aeoy":
            yield f"{key[:-1]}{ending}"


@lru_cache(maxsize=1)
def ordinary_words() -> frozenset[str]:
    """Words that are no names where a sentence begins with them; see `training.ordinary`."""
    path = Path(__file__).parent / "pretrained" / "ordinary-words.txt"
    return frozenset(path.read_text(encoding="utf-8").split()) | FUNCTION_WORDS


def is_ordinary(key: str) -> bool:
    """Whether a word or the word it is a form of is ordinary."""
    words = ordinary_words()
    if key in words:
        return True
    for ending, replacement in _FORMS:
        if key.endswith(ending) and len(key) - len(ending) >= 3 and key[: -len(ending)] + replacement in words:
            return True
    return False
