"""Rules of `models.contradiction` for what is said: denied, supposed, bounded, counted, quoted, or its opposite."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

from models import naming
from models.alignment import BE, DETERMINERS, Aligned, keys, phrases
from models.quantities import quantities
from models.turns import HER, HIS, denials, supposes, turned
from models.wording import Token, has_content, pair_set, stem, word_set

_OPPOSITES = [
    tuple(map(word_set, line.split("|")))
    for line in (Path(__file__).parent / "opposites.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]
_OPPOSITES += [(other, one) for one, other in _OPPOSITES]
_RANKS = word_set("former ex vice deputy acting interim assistant onetime honorary shadow")
_NEARLY = word_set("almost nearly not virtually practically")
_COMES_TO_NOTHING = word_set(
    "scoffed scoffs blocked blocking stopped stops stopping postponed postpones postponing shelved "
    "shelves quashed quashes repealed repeals repealing untrue baseless unfounded unsuccessful "
    "unsuccessfully nowhere refrained refrains nullified annulled vetoed vetoes"
)
_NOTHING_COMES = pair_set(
    "rule out, rules out, ruled out, ruling out, turn down, turned down, turns down, turning down, strike "
    "down, struck down, strikes down, voted down, vote down, stopped short, stop short, stops short, "
    "short of, far from, called off, calls off, call off, threw out, thrown out, rather than, has yet, "
    "have yet, had yet, is yet, are yet, was yet, were yet, shot down, backed out, pulled out, backs out, "
    "pulls out"
)
_MAYBE = word_set(
    "suspicion suspicions suspicious forecast forecasts weighing weighs indicted indictment poised rumour "
    "rumours rumor rumors rumoured rumored speculation purported purportedly supposedly provided"
)
_MAY_BE = pair_set(
    "on trial, stand trial, stands trial, under investigation, struggling to, battling to, fighting to, "
    "bid to, attempt to, attempts to, effort to, efforts to, ready to, about to, talks to, race to, "
    "racing to, complaint says, complaint said, lawsuit says, lawsuit said, suit says, suit said, "
    "indictment says, under plans, vote on, votes on, close to, near to"
)
_CONDITIONS = word_set("if unless provided pending")
_ASKED = word_set(
    "as even ask asked asks asking see know knows known wonder wondering sure wondered determine say said says tell "
    "question clear unclear unclear decide"
)
_MODALS = word_set("will would shall wont may might could should must can")
_POSSIBLE = word_set("would could might may should must")
_SHORT = word_set("cannot cant wont shant theyll theyd youll youd itll itd wholl whod thatll therell hed")
_DUE = word_set("set due going need needs needed bound able")
_BETWEEN = word_set("be have been also soon now then again not never only finally eventually")
_CAME_TO_IT = word_set(
    "managed went able on used came forced helped got continued began started returned had proceeded decided agreed "
    "failed"
)
_SAME_IN_THE_PAST = word_set("hit cut put set hurt let shut spread beat quit cost burst cast split read rid bet")
_SUPERLATIVES = word_set("best worst most leading first only")
_NO_SUPERLATIVES = word_set(
    "interest request protest arrest northwest forest honest modest harvest latest invest contest suggest guest"
)
_PLACED = word_set("second third fourth fifth sixth seventh eighth ninth tenth arguably possibly among")
_QUOTES = '"“”'
_BESIDE = " '‘’" + _QUOTES
_BEFORE_PREDICATES = (
    DETERMINERS
    | BE
    | word_set("also now still not to often always already again once ever more most very so too both all")
)
_ELSEWHERE = word_set("separate separately meanwhile elsewhere unrelated another")


def turned_round(aligned: Aligned) -> bool:
    """A denial or a supposition on the way is lost or gained; both stand before what they are of, in its sentence."""
    return turned(aligned.own, aligned.read, aligned.sentences)


def opposite(aligned: Aligned) -> bool:
    """A word's opposite stands in the text, or between the same words in common, and not the word."""

    def put(own: Sequence[Token], read: Sequence[Token], anywhere: set[str]) -> bool:
        said, heard = keys(own), keys(read)
        return any(
            said & one and not anywhere & one and heard & other and not said & other for one, other in _OPPOSITES
        )

    anywhere = keys(aligned.place)
    return put(aligned.own, aligned.place, anywhere) or any(
        put(aligned.own[own], aligned.place[read], anywhere) for own, read in aligned.gaps()
    )


def rank_lost(aligned: Aligned) -> bool:
    """What "former", "vice" or "deputy" belongs to was kept, and they were not."""
    said = keys(aligned.own)
    if said & _RANKS:
        return False
    taken = {place for _, place in aligned.pairs}
    for at, word in enumerate(aligned.place):
        if word.key not in _RANKS:
            continue
        for behind in range(at + 1, min(at + 5, len(aligned.place))):
            follows = aligned.place[behind]
            if behind > at + 1 and follows.gap not in (" ", "-"):
                break
            if behind in taken and (follows.key in naming.ROLES or not follows.capital):
                return True
            if follows.key in naming.FUNCTION_WORDS:
                break
    return False


def bound_turned(aligned: Aligned) -> bool:
    """A figure that is "nearly" or "up to" so much is told as reached or passed, or "almost all" as all."""
    heard: dict[object, set[str]] = {}
    for number in quantities(aligned.place):
        for _, value in number.values:
            heard.setdefault(value, set()).add(_bound(aligned.place, number.first))
    for number in quantities(aligned.own):
        told = _bound(aligned.own, number.first)
        was = set().union(*(heard.get(value, set()) for _, value in number.values))
        if was and told not in was:
            if told == "" and was <= {"cap"}:
                return True
            if told == "over" and was <= {"under", "cap"}:
                return True
            if told in ("under", "cap") and was <= {"over"}:
                return True
    whole = [at for at, word in enumerate(aligned.place) if word.key == "all"]
    nearly = bool(whole) and all(at and aligned.place[at - 1].key in _NEARLY for at in whole)
    return nearly and any(
        word.key == "all" and (not at or aligned.own[at - 1].key not in _NEARLY) for at, word in enumerate(aligned.own)
    )


def _bound(words: Sequence[Token], number: int) -> str:
    """How the words before a figure bound it: "over", "under" (but near), "cap", or not at all."""
    before = [word.key for word in words[max(0, number - 4) : number]]
    if before and before[-1] in ("a", "an", "the"):
        before.pop()
    third, second, first = ["", "", "", *before][-3:]
    if first in ("nearly", "almost"):
        return "under"
    if first in ("over", "above", "exceeding"):
        return "over"
    if first in ("below", "under", "maximum"):
        return "cap"
    if first == "than" and second in ("more", "greater", "higher"):
        return "cap" if third == "no" else "over"
    if first == "than" and second in ("less", "fewer", "lower"):
        return "over" if third == "no" else "cap"
    if (second, first) == ("at", "least"):
        return "over"
    if (second, first) in (("at", "most"), ("up", "to"), ("many", "as"), ("much", "as")):
        return "cap"
    return ""


def outcome_lost(aligned: Aligned) -> bool:
    """What was called off, ruled out or blocked, is told without that; or what may yet be, as if it were."""
    read, own = aligned.read, aligned.own
    for words, known in (
        ((_COMES_TO_NOTHING, _NOTHING_COMES), bool(denials(own))),
        ((_MAYBE, _MAY_BE), supposes(own)),
    ):
        if _of(read, *words) and not known and not _of(own, *words):
            return True
    return False


def _of(words: Sequence[Token], alone: frozenset[str], together: frozenset[str]) -> bool:
    """Whether one of the words is there, or two of them side by side."""
    return bool(keys(words) & alone or phrases(words) & together)


def denial_gained(aligned: Aligned) -> bool:
    """Between the same words in common, the text denies what the story does not."""
    for own, read in aligned.gaps():
        here = aligned.own[max(0, own.start - 1) : own.stop + 1]
        there = aligned.place[max(aligned.first, read.start - 1) : read.stop + 1]
        if denials(here) and not denials(there) and not denials(aligned.own[max(0, own.start - 1) : own.start]):
            return True
    return False


def told_as_done(aligned: Aligned) -> bool:
    """What will or is to be is told as having been: "to close" as "closed"."""
    for i, j in aligned.pairs:
        own, read = aligned.own[i], aligned.place[j]
        if own.capital or not (own.key.endswith("ed") or own.key in _SAME_IN_THE_PAST):
            continue
        if _ahead(aligned.place, j) and not _ahead(aligned.own, i):
            passive = any(word.key in ("be", "have") for word in aligned.place[max(0, j - 3) : j])
            if not read.key.endswith("ed") or passive:
                return True
    return False


def _ahead(words: Sequence[Token], verb: int) -> bool:
    """Whether "will", "may" or "to" stands before a verb."""
    at = verb - 1
    while at >= 0 and verb - at <= 3 and (words[at].key in _BETWEEN or words[at].key.endswith("ly")):
        at -= 1
    if at < 0:
        return False
    return words[at].key in _MODALS or (words[at].key == "to" and (at == 0 or words[at - 1].key not in _CAME_TO_IT))


def possibility_gained(aligned: Aligned) -> bool:
    """What is told as a fact would or may be: "is home to" as "would be home to"."""
    if not any(word.key in _POSSIBLE and not (word.key == "may" and word.capital) for word in aligned.own):
        return False
    heard = keys(aligned.sentences)
    heard |= {key.removesuffix("nt") for key in heard}
    return not (heard & (_MODALS | _DUE | _SHORT) or supposes(aligned.sentences))


def predicate_gained(aligned: Aligned) -> bool:
    """What somebody is or was, or what was done to him, does not stand in the place: "were friends"; none supposed."""
    there = {stem(word.key) for word in aligned.place}
    for at, word in enumerate(aligned.own):
        if word.key not in BE:
            continue
        said = next(itertools.dropwhile(_leads_to, aligned.own[at + 1 :]), None)
        if said is None or said.kind != "word" or said.gap.strip(_BESIDE) or said.key.endswith("ing"):
            continue
        if has_content(said) and stem(said.key) not in there and not supposes([said]):
            return True
    return False


def _leads_to(word: Token) -> bool:
    """Whether a predicate may follow: "was not quite a [friend]"."""
    return word.key in _BEFORE_PREDICATES or word.key.endswith("ly")


def condition_lost(aligned: Aligned) -> bool:
    """An "if" behind what was taken is left out."""
    if supposes(aligned.own) or keys(aligned.own) & _CONDITIONS:
        return False
    behind = range(aligned.pairs[-1][1] + 1, aligned.last)
    return any(aligned.place[at].key in _CONDITIONS and aligned.place[at - 1].key not in _ASKED for at in behind)


def pronoun_turned(aligned: Aligned) -> bool:
    """Between the same words in common stands "his" in the text and "her" in the story, or the other way round."""
    for own, read in aligned.gaps():
        said, heard = keys(aligned.own[own]), keys(aligned.place[read])
        for one, other in ((HIS, HER), (HER, HIS)):
            if said & one and not heard & one and heard & other and not said & other:
                return True
    return False


def superlative_gained(aligned: Aligned) -> bool:
    """One of the largest is told as the largest."""
    if keys(aligned.own) & {"among", "one", "some"}:
        return False
    for i, j in aligned.pairs:
        word = aligned.own[i].key
        if _superlative(word) and _hedged(aligned.place, j) and not _hedged(aligned.own, i):
            return True
    return False


def superlative_widened(aligned: Aligned) -> bool:
    """What "first" or "largest" is said of loses a word behind it: "the first French coach" as "the first coach"."""
    for word, noun in itertools.pairwise(aligned.own):
        if not _superlative(word.key) or noun.gap.strip() or not has_content(noun):
            continue
        behind = [
            [stem(read.key) for read in aligned.place[at + 1 : at + 5]]
            for at, same in enumerate(aligned.place)
            if same.key == word.key
        ]
        distances = [stems.index(stem(noun.key)) for stems in behind if stem(noun.key) in stems]
        if distances and min(distances) > 0:
            return True
    return False


def _superlative(word: str) -> bool:
    return word in _SUPERLATIVES or (word.endswith("est") and len(word) > 5 and word not in _NO_SUPERLATIVES)


def _hedged(words: Sequence[Token], at: int) -> bool:
    before = [word.key for word in words[max(0, at - 4) : at]]
    return {"one", "of"} <= set(before) or bool(set(before[-1:]) & _PLACED)


def another_event(aligned: Aligned) -> bool:
    """Words are taken from two sentences of which the second tells of "another" or "separate" thing."""
    both = aligned.pairs[0][1] < aligned.second <= aligned.pairs[-1][1]
    return both and bool(keys(aligned.place[aligned.second :]) & _ELSEWHERE) and not keys(aligned.own) & _ELSEWHERE


def figure_elsewhere(aligned: Aligned) -> bool:
    """A number does not stand where the rest was taken from; "one" and "first" are seldom numbers."""
    heard = {value for number in quantities(aligned.place) for value in number.values}
    return any(
        not heard & set(number.values)
        for number in quantities(aligned.own)
        if aligned.own[number.first].key not in ("one", "first")
    )


def count_lost(aligned: Aligned) -> bool:
    """Several are told as one: "after 16 years" as "after a year"."""
    numbers = {number.stop: number for number in quantities(aligned.place)}
    for i, j in aligned.pairs:
        one = i and aligned.own[i - 1].key in ("a", "an")
        if one and j in numbers and all(value[-1] != 1 for value in numbers[j].values):
            return True
    return False


def quote_elsewhere(aligned: Aligned) -> bool:
    """A quoted word does not stand where the rest was taken from."""
    heard, inside = keys(aligned.place), False
    for word in aligned.own:
        if any(sign in word.gap for sign in _QUOTES):
            inside = not inside
        if inside and word.key not in heard:
            return True
    return False
