"""What a written sentence says otherwise than the place it was taken from, though its words and their order agree.

The rules look for one thing each, where the words in common (`models.alignment.Aligned`) tell what stands for what: an
opposite in a word's place, a bound or a rank lost, a plan told as done, names or figures in another order, by whom and
to whom. They are lists and neighbours of words, no grammar. Of 106 false sentences made up to deceive the guard after
these rules were made (`tests/models/contradictions-later.jsonl`) it shows 20, of 58 fair ones 50.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from models import naming
from models.alignment import DETERMINERS, Aligned, Span, keys, names, phrases
from models.quantities import DAY_FORMS, MONTH_FORMS, quantities
from models.turns import HER, HIS, denials, supposes, turned
from models.wording import Token

Rule = Callable[[Aligned], bool]
_WORD = re.compile(r"[a-z]+")


def _set(words: str) -> frozenset[str]:
    return frozenset(_WORD.findall(words))


def _pairs(words: str) -> frozenset[str]:
    return frozenset(" ".join(pair.split()) for pair in words.split(","))


_OPPOSITES = [
    tuple(map(_set, line.split("|")))
    for line in (Path(__file__).parent / "opposites.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]
_OPPOSITES += [(other, one) for one, other in _OPPOSITES]
_RANKS = _set("former ex vice deputy acting interim assistant onetime honorary shadow")
_NEARLY = _set("almost nearly not virtually practically")
_COMES_TO_NOTHING = _set(
    "scoffed scoffs blocked blocking stopped stops stopping postponed postpones postponing shelved "
    "shelves quashed quashes repealed repeals repealing untrue baseless unfounded unsuccessful "
    "unsuccessfully nowhere refrained refrains nullified annulled vetoed vetoes"
)
_NOTHING_COMES = _pairs(
    "rule out, rules out, ruled out, ruling out, turn down, turned down, turns down, turning down, strike "
    "down, struck down, strikes down, voted down, vote down, stopped short, stop short, stops short, "
    "short of, far from, called off, calls off, call off, threw out, thrown out, rather than, has yet, "
    "have yet, had yet, is yet, are yet, was yet, were yet, shot down, backed out, pulled out, backs out, "
    "pulls out"
)
_MAYBE = _set(
    "suspicion suspicions suspicious forecast forecasts weighing weighs indicted indictment poised rumour "
    "rumours rumor rumors rumoured rumored speculation purported purportedly supposedly provided"
)
_MAY_BE = _pairs(
    "on trial, stand trial, stands trial, under investigation, struggling to, battling to, fighting to, "
    "bid to, attempt to, attempts to, effort to, efforts to, ready to, about to, talks to, race to, "
    "racing to, complaint says, complaint said, lawsuit says, lawsuit said, suit says, suit said, "
    "indictment says, under plans, vote on, votes on, close to, near to"
)
_CONDITIONS = _set("if unless provided pending")
_ASKED = _set(
    "as even ask asked asks asking see know knows known wonder wondering sure wondered determine say said says tell "
    "question clear unclear unclear decide"
)
_MODALS = _set("will would shall wont may might could should must can")
_BETWEEN = _set("be have been also soon now then again not never only finally eventually")
_CAME_TO_IT = _set(
    "managed went able on used came forced helped got continued began started returned had proceeded decided agreed "
    "failed"
)
_SAME_IN_THE_PAST = _set("hit cut put set hurt let shut spread beat quit cost burst cast split read rid bet")
_PAST = (
    "ed", "shot", "beat", "hit", "hurt", "won", "found", "held", "sold", "told", "led", "fed", "sent", "met", "put",
    "paid", "cut", "fought", "caught",
)  # fmt: skip
_BE = _set("is are was were be been being")
_SAYING = _set("said says say told tells according added adds reported reports wrote announced announces warned")
_SUPERLATIVES = _set("best worst most leading first only")
_NO_SUPERLATIVES = _set(
    "interest request protest arrest northwest forest honest modest harvest latest invest contest suggest guest"
)
_PLACED = _set("second third fourth fifth sixth seventh eighth ninth tenth arguably possibly among")
_PREPOSITIONS = _set("by from to against over for with without of than before after into")
_OPPOSED = [
    pair
    for one, other in (("from", "to"), ("before", "after"), ("for", "against"), ("with", "without"))
    for pair in ((one, other), (other, one))
]
_QUOTES = '"“”'
_DOING = _set("from by against")
_WHERE = _set("in at on near outside inside around across")
_PRONOUNS = _set("he she it they him her them his its their who which this these that those")
_ELSEWHERE = _set("separate separately meanwhile elsewhere unrelated another")


def contradicts(aligned: Aligned) -> bool:
    """Whether any of the rules finds that the written sentence says something else."""
    return any(rule(aligned) for rule in RULES)


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
        largest = word.endswith("est") and len(word) > 5 and word not in _NO_SUPERLATIVES
        if (largest or word in _SUPERLATIVES) and _hedged(aligned.place, j) and not _hedged(aligned.own, i):
            return True
    return False


def _hedged(words: Sequence[Token], at: int) -> bool:
    before = [word.key for word in words[max(0, at - 4) : at]]
    return {"one", "of"} <= set(before) or bool(set(before[-1:]) & _PLACED)


def names_crossed(aligned: Aligned) -> bool:
    """Two names of one sentence stand in the other order: who beat whom."""
    ours, theirs = names(aligned.own), names(aligned.place)
    for n, one in enumerate(ours):
        for other in ours[n + 1 :]:
            first = [name for name in theirs if name[2] & one[2]]
            then = [name for name in theirs if name[2] & other[2]]
            if one[2] & other[2] or not _crossed(first, then, aligned.second):
                continue
            if _speaks(aligned.own, one) or _speaks(aligned.own, other):
                continue  # "Vane said" may stand before or behind
            if not any(
                _where(aligned.own, ours_at[0]) and all(_where(aligned.place, name[0]) for name in found)
                for ours_at, found in ((one, first), (other, then))
            ):
                return True
    return False


def _crossed(
    first: Sequence[tuple[int, int, set[str]]], then: Sequence[tuple[int, int, set[str]]], second: int
) -> bool:
    """Whether of two names (or figures) the first never stands before the other, though both are in one sentence."""
    both = [(one[0], other[0]) for one in first for other in then if one is not other]
    together = any((one < second) == (other < second) for one, other in both)
    return together and not any(one < other for one, other in both)


def _speaks(words: Sequence[Token], name: Span) -> bool:
    near = [*words[max(0, name[0] - 4) : name[0]], *words[name[1] + 1 : name[1] + 4]]
    return bool(keys(near) & _SAYING)


def _where(words: Sequence[Token], at: int) -> bool:
    """Whether a name says where: "in the western Alder"."""
    at -= 1
    while at >= 0 and words[at].key in DETERMINERS | _set("western eastern northern southern central"):
        at -= 1
    return at >= 0 and words[at].key in _WHERE


def figures_crossed(aligned: Aligned) -> bool:
    """Two figures of one sentence stand in the other order: from 5 to 8."""

    def figures(words: Sequence[Token]) -> list[Span]:
        return [(at, at, {word.key}) for at, word in enumerate(words) if word.kind == "figure"]

    ours, theirs = figures(aligned.own), figures(aligned.place)
    for n, one in enumerate(ours):
        for other in ours[n + 1 :]:
            first = [figure for figure in theirs if figure[2] == one[2]]
            then = [figure for figure in theirs if figure[2] == other[2]]
            if one[2] != other[2] and _crossed(first, then, aligned.second):
                return True
    return False


def agent_turned(aligned: Aligned) -> bool:
    """Between two neighbouring words in common a "by" is gained or lost: who did it to whom."""
    for (i, j), (after, behind) in pairwise(aligned.pairs):
        word = aligned.own[after]
        if word.kind == "figure" or word.key in MONTH_FORMS or word.key in DAY_FORMS:
            continue
        if word.key.endswith("ing") or aligned.place[behind].key.endswith("ing"):
            continue
        own, read = aligned.own[i + 1 : after], aligned.place[j + 1 : behind]
        if _by_instead(read, own, aligned.own[i], _broken(aligned.own, i, after), 1):
            return True
        if _by_instead(own, read, aligned.place[j], _broken(aligned.place, j, behind), 0):
            return True
    return False


def _by_instead(there: Sequence[Token], here: Sequence[Token], verb: Token, broken: bool, most: int) -> bool:
    """Whether "by" stands between two words there, and here nothing does but the other's determiners."""
    if "by" not in keys(there) or "by" in keys(here) or len(there) > 4 or len(here) > 3 or broken:
        return False
    rest = [word.key for word in here if word.key not in DETERMINERS]
    if not rest:
        return not verb.capital
    return len(rest) <= most and rest[0] == here[0].key and rest[0] not in naming.FUNCTION_WORDS


def _broken(words: Sequence[Token], one: int, other: int) -> bool:
    """Whether a sign stands anywhere between two words."""
    return any(word.gap.strip() for word in words[one + 1 : other + 1])


def voice_turned(aligned: Aligned) -> bool:
    """A verb that has an object in one has none in the other, where "was" stands before it."""
    for (i, j), (verb, read) in pairwise(aligned.pairs):
        if aligned.own[verb].capital or not aligned.own[verb].key.endswith(_PAST) or verb - i > 4 or read - j > 4:
            continue
        if _broken(aligned.own, i, verb) or _broken(aligned.place, j, read):
            continue
        ours, theirs = _passive(aligned.own, verb), _passive(aligned.place, read)
        active, passive = (aligned.own, verb), (aligned.place, read)
        if ours and not theirs:
            active, passive = passive, active
        if ours != theirs and _has_object(*active) and not _has_object(*passive):
            return True
    return False


def _passive(words: Sequence[Token], verb: int) -> bool:
    at = verb - 1
    skipped = _set("not also then later reportedly badly")
    while at >= 0 and verb - at <= 2 and (words[at].key.endswith("ly") or words[at].key in skipped):
        at -= 1
    return at >= 0 and words[at].key in _BE


def _has_object(words: Sequence[Token], verb: int) -> bool:
    if verb + 1 >= len(words) or words[verb + 1].gap.strip():
        return False
    word = words[verb + 1]
    return (
        word.key in DETERMINERS or word.capital or word.kind == "figure" or word.key in HIS | HER | {"them", "it", "us"}
    )


def preposition_turned(aligned: Aligned) -> bool:
    """What was "from" or "for" something is "to" or "against" it; or two have changed their prepositions."""
    ours, theirs = _governed(aligned.own), _governed(aligned.place)
    said, heard = _named(aligned.own), _named(aligned.place)
    for word in ours:
        there = theirs.get(word, set())
        gained, lost = ours[word] - there, there - ours[word]
        if any(one in gained and other in lost for one, other in _OPPOSED):
            return True
        for preposition in gained if word in said & heard else ():
            for other, had in theirs.items():
                if other != word and preposition in had and other in said and preposition not in ours.get(other, ()):
                    return True
    return False


def behind_another(aligned: Aligned) -> bool:
    """A name or figure stands behind other prepositions than in the story, or a word behind a "from" or "by" gained."""
    ours, theirs = _governed(aligned.own), _governed(aligned.place)
    named = _named(aligned.own)
    return any(
        not ours[word] & theirs[word] and (word in named or bool(ours[word] & _DOING))
        for word in ours.keys() & theirs.keys()
    )


def _named(words: Sequence[Token]) -> set[str]:
    return {word.key[:5] for word in words if word.capital or word.kind == "figure"}


def _governed(words: Sequence[Token]) -> dict[str, set[str]]:
    """The prepositions that words stand behind, by the words' first letters: two at most, a name as a whole."""
    found: dict[str, set[str]] = {}
    for at, preposition in enumerate(words):
        if preposition.key not in _PREPOSITIONS:
            continue
        for word in _behind(words, at + 1):
            found.setdefault(word.key[:5], set()).add(preposition.key)
    return found


def _behind(words: Sequence[Token], at: int) -> Iterator[Token]:
    last = at + 2
    while at < min(last, len(words)) and words[at].key in DETERMINERS:
        at += 1
    for n, word in enumerate(words[at : at + 4]):
        if word.key in naming.FUNCTION_WORDS or (n and word.gap not in (" ", "-", ".", ". ")):
            return
        yield word
        if n and not word.capital:
            return


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


def name_elsewhere(aligned: Aligned) -> bool:
    """A name does not stand where the rest was taken from, and no pronoun does that may mean it."""
    heard = keys(aligned.place)
    opening = (0, 0)  # the capital of a sentence's first word says nothing
    return not heard & _PRONOUNS and any(
        not known & heard for start, end, known in names(aligned.own) if (start, end) != opening
    )


def name_swapped(aligned: Aligned) -> bool:
    """Before the same word stands another name: a "U.S. envoy" for a "U.N. envoy"."""
    ours, theirs = ({end: known for _, end, known in names(words)} for words in (aligned.own, aligned.place))
    return any(
        i - 1 in ours
        and j - 1 in theirs
        and not ours[i - 1] & theirs[j - 1]
        and not aligned.own[i].gap.strip()
        and not aligned.place[j].gap.strip()
        for i, j in aligned.pairs
    )


def role_of_another(aligned: Aligned) -> bool:
    """What somebody is called, "Evans, a United defender", is in the story what another United has."""
    ours, theirs = names(aligned.own), {end: known for _, end, known in names(aligned.place)}
    ends = {end for _, end, _ in ours}
    for start, end, name in ours:
        role = aligned.own[end + 1] if end + 1 < len(aligned.own) else None
        called = start - 1 in ends and "," in aligned.own[start].gap
        if role is None or role.capital or role.gap.strip() or not (called or end + 2 in {one[0] for one in ours}):
            continue
        if role.key in naming.FUNCTION_WORDS | _SAYING:
            continue
        known = [theirs.get(place - 1) for place, word in enumerate(aligned.place) if word.key == role.key]
        if known and all(other is not None and name - other for other in known):
            return True
    return False


RULES: tuple[Rule, ...] = (
    turned_round,
    opposite,
    rank_lost,
    bound_turned,
    outcome_lost,
    denial_gained,
    told_as_done,
    condition_lost,
    pronoun_turned,
    superlative_gained,
    names_crossed,
    figures_crossed,
    agent_turned,
    voice_turned,
    preposition_turned,
    behind_another,
    another_event,
    figure_elsewhere,
    count_lost,
    quote_elsewhere,
    name_elsewhere,
    name_swapped,
    role_of_another,
)
