"""Rules of `models.contradiction` for whom and what it is said of: names, figures and callings in their places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from models import naming
from models.alignment import BE, DETERMINERS, WITHIN_A_NAME, Aligned, Span, keys, names
from models.quantities import DAY_FORMS, MONTH_FORMS
from models.turns import HER, HIS
from models.wording import Token, has_content, stem, word_set

_PAST = (
    "ed", "shot", "beat", "hit", "hurt", "won", "found", "held", "sold", "told", "led", "fed", "sent", "met", "put",
    "paid", "cut", "fought", "caught",
)  # fmt: skip
_SAYING = word_set("said says say told tells according added adds reported reports wrote announced announces warned")
_PREPOSITIONS = word_set("by from to against over for with without of than before after into")
_OPPOSED = [
    pair
    for one, other in (("from", "to"), ("before", "after"), ("for", "against"), ("with", "without"))
    for pair in ((one, other), (other, one))
]
_DOING = word_set("from by against")
_MAN, _WOMAN = word_set("mr sir lord"), word_set("mrs ms miss mx dame lady baroness")
_WHERE = word_set("in at on near outside inside around across")
_PRONOUNS = word_set("he she it they him her them his its their who which this these that those")


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
    while at >= 0 and words[at].key in DETERMINERS | word_set("western eastern northern southern central"):
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
    skipped = word_set("not also then later reportedly badly")
    while at >= 0 and verb - at <= 2 and (words[at].key.endswith("ly") or words[at].key in skipped):
        at -= 1
    return at >= 0 and words[at].key in BE


def _has_object(words: Sequence[Token], verb: int) -> bool:
    if verb + 1 >= len(words) or words[verb + 1].gap.strip():
        return False
    word = words[verb + 1]
    return (
        word.key in DETERMINERS | HIS | HER | {"them", "it", "us", "they", "that"}
        or word.capital
        or word.kind == "figure"
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
    """A name or figure stands behind other prepositions than in the story, or a word behind a "from" or "by" gained.

    "Moved from Alder" is not "moved to a prison in Alder".
    """
    ours, theirs = _governed(aligned.own), _governed(aligned.place)
    named, there = _named(aligned.own), _governed(aligned.place, _WHERE)
    if any("from" in ours[word] and word not in theirs for word in ours.keys() & there.keys() & named):
        return True
    return any(
        not ours[word] & theirs[word] and (word in named or bool(ours[word] & _DOING))
        for word in ours.keys() & theirs.keys()
    )


def _named(words: Sequence[Token]) -> set[str]:
    return {word.key[:5] for word in words if word.capital or word.kind == "figure"}


def _governed(words: Sequence[Token], prepositions: frozenset[str] = _PREPOSITIONS) -> dict[str, set[str]]:
    """The prepositions that words stand behind, by the words' first letters: two at most, a name as a whole."""
    found: dict[str, set[str]] = {}
    for at, preposition in enumerate(words):
        if preposition.key not in prepositions:
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


def name_mixed(aligned: Aligned) -> bool:
    """A name shares words with one of the place and has others beside them: "Christmas Day" for "Boxing Day"."""
    theirs = [keys(name) - naming.COURTESY for name in _written_names(aligned.place)]
    for name in _written_names(aligned.own):
        ours = keys(name) - naming.COURTESY
        if any(ours & other for other in theirs) and not any(ours <= other or other <= ours for other in theirs):
            return True
    return False


def _written_names(words: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """Words with capitals one after the other; the first of a text may have its capital for being the first."""
    at = 0
    while at < len(words):
        end = at + 1
        if words[at].capital and words[at].key not in naming.FUNCTION_WORDS:
            while end < len(words) and words[end].capital and words[end].gap in WITHIN_A_NAME:
                end += 1
            yield words[at:end]
        at = end


def subject_behind(aligned: Aligned) -> bool:
    """What the text begins with stands in the place behind what it is said to do: "The car was travelling"."""
    first = next((at for at, word in enumerate(aligned.own) if has_content(word)), None)
    if first is None or len(aligned.pairs) < 2 or aligned.pairs[0][0] <= first:
        return False
    subject, follow = stem(aligned.own[first].key), aligned.own[first + 1 : first + 3]
    found = [at for at in range(aligned.first, aligned.last) if stem(aligned.place[at].key) == subject]
    if not found or found[0] < aligned.pairs[0][1] or follow[0].capital or keys(follow) & _SAYING:
        return False
    return not any(keys(aligned.place[max(0, at - 4) : at]) & {"by", "of"} for at in found)


def speaker_turned(aligned: Aligned) -> bool:
    """Whom something is said of says it: "Cameron said the leader had" as "The leader said he had"."""
    for i, j in aligned.pairs:
        behind = aligned.own[i + 1 : i + 2]
        if not keys(behind) & _SAYING or behind[0].gap.strip() or keys(aligned.place[j + 1 : j + 3]) & _SAYING:
            continue
        for at in range(max(aligned.first + 1, j - 3), j):
            speaker, said = aligned.place[at - 1], aligned.place[at]
            if said.key in _SAYING and not said.gap.strip() and (speaker.capital or speaker.key in _PRONOUNS):
                return True
    return False


def title_turned(aligned: Aligned) -> bool:
    """A woman of the place is a "Mr", or a man a "Ms"."""
    told, heard = (
        {(words[at + 1].key, words[at].key in _MAN) for at in range(len(words) - 1) if words[at].key in _MAN | _WOMAN}
        for words in (aligned.own, aligned.place)
    )
    return any((name, not man) in heard and (name, man) not in heard for name, man in told)


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
        if known and all(other is not None and name - other and other - name for other in known):
            return True
    return False
