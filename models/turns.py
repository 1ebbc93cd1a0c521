"""Words that turn a statement: what denies it, what takes it back, what only supposes it, and whom a pronoun means.

"The board lifted its ban" shortened to "The board bans" keeps to the words of the story and their order, and says the
opposite; "accused of killing" shortened to "killed" is a libel. Such words are few, so that lists do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from models.wording import Token, word_set

_NOT = word_set(
    "not no nor never none neither nobody nothing without cannot hardly barely unlikely unable instead aint arent cant "
    "couldnt didnt dont doesnt hadnt hasnt havent isnt mightnt mustnt neednt shouldnt wasnt werent wont wouldnt "
    "deny denies denied denying denial lifts lifted lifting drops dropped dropping clears cleared clearing halts halted"
)
_TAKEN_BACK = tuple(
    word_set(
        "cancel refus reject fail scrap overturn revers avoid avert prevent abandon foil thwart withdr rescind revok "
        "retract disprov refut dismiss debunk exonerat acquit"
    )
)
_PERHAPS = word_set(
    "may might could would should if whether unless until reportedly unconfirmed apparently perhaps maybe possible "
    "possibly potentially likely probable probably allege alleges alleged allegedly alleging charged charging threaten "
    "threatens threatened threatening attempted attempting plans planned planning propose proposes proposed proposing "
    "claims claimed claiming hope hopes hoped hoping urge urges urged urging vow vows vowed vowing pledge pledges "
    "pledged pledging promise promises promised promising aims aimed aiming try tries tried trying demanded demanding"
)
_SUPPOSED = tuple(
    word_set("accus suspect suppos consider seek sought want expect intend predict believ mulled mulling mulls")
)
HIS, HER = word_set("he him his himself"), word_set("she her hers herself")


def denials(found: Iterable[Token]) -> set[str]:
    """The words that deny or take back what is said."""
    return {token.key for token in found if token.key in _NOT or token.key.startswith(_TAKEN_BACK)}


def supposes(found: Iterable[Token]) -> bool:
    """Whether something is only supposed, wanted, or an accusation; the month of May is none."""
    return any(
        (token.key in _PERHAPS or token.key.startswith(_SUPPOSED)) and not (token.key == "may" and token.capital)
        for token in found
    )


def turned(written: Sequence[Token], read: Sequence[Token], place: Sequence[Token]) -> bool:
    """Whether a written sentence denies what it was taken from, or states what that only supposes.

    Args:
        written: the sentence.
        read: the words of the story that it was taken from, without a gap.
        place: these with the rest of their sentences.
    """
    own = denials(written)
    if bool(own) != bool(denials(read)) and (not own or not denials(place)):
        return True
    if supposes(read) and not supposes(written):
        return True
    said, heard = ({token.key for token in part} for part in (written, place))
    return any(said & one and not heard & one and heard & other for one, other in ((HIS, HER), (HER, HIS)))
