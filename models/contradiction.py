"""What a written sentence says otherwise than the place it was taken from, though its words and their order agree.

The rules look for one thing each, where the words in common (`models.alignment.Aligned`) tell what stands for what: an
opposite in a word's place, a bound or a rank lost, a plan told as done, names or figures in another order, by whom and
to whom. They are lists and neighbours of words, no grammar. Of 106 false sentences made up to deceive the guard after
these rules were made (`tests/models/contradictions-later.jsonl`) it shows 19, of 58 fair ones 50.
"""

from __future__ import annotations

from collections.abc import Callable

from models.alignment import Aligned
from models.said_otherwise import (
    another_event,
    bound_turned,
    condition_lost,
    count_lost,
    denial_gained,
    figure_elsewhere,
    opposite,
    outcome_lost,
    possibility_gained,
    predicate_gained,
    pronoun_turned,
    quote_elsewhere,
    rank_lost,
    superlative_gained,
    superlative_widened,
    told_as_done,
    turned_round,
)
from models.told_of_others import (
    agent_turned,
    behind_another,
    figures_crossed,
    name_elsewhere,
    name_mixed,
    name_swapped,
    names_crossed,
    preposition_turned,
    role_of_another,
    speaker_turned,
    subject_behind,
    title_turned,
    voice_turned,
)

Rule = Callable[[Aligned], bool]
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
    possibility_gained,
    predicate_gained,
    name_mixed,
    subject_behind,
    speaker_turned,
    title_turned,
    superlative_widened,
)


def contradicts(aligned: Aligned) -> bool:
    """Whether any of the rules finds that the written sentence says something else."""
    return any(rule(aligned) for rule in RULES)
