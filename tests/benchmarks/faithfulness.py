"""Measure the guard: what it catches in corrupted summaries, and what it lets pass.

    python tests/benchmarks/faithfulness.py --data DATA [--half odd] [--limit 500] [--show 20]

DATA has articles in original case with human summaries. A corruption swaps one name or number of a true summary (of
every article its human highlights and an extract of three of its sentences) with one of another article's; it counts
only where the other is nowhere in the story, and it is caught only where a finding lies on the swapped part.
Names and numbers are found here by rules of this file, not the guard's. Rules were tuned on the even rows.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from models.faithfulness import Evidence
from models.story import Story, read_story
from training.data import read_articles

NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-zA-Z’'-]+(?: [A-Z][a-zA-Z’'-]+)*(?<!['’]s)")
NUMBER = re.compile(
    r"(?<![\w.,$£€/:-])"
    r"(?:[$£€]\d[\d,]*(?:\.\d+)?|\d[\d,]*(?:\.\d+)?%?)(?: (?:million|billion|percent))?(?![\w/:-])(?!,\d)"
    r"|(?<=[a-z,] )"
    r"(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty)(?![\w-])"
)
PLAIN = re.compile(r"(?:I|I'm|I'll|I've|CNN)$")


def mentions(text: str) -> list[tuple[str, int, int]]:
    """Kind, start and end of the names and numbers of a text."""
    found = [("name", m.start(), m.end()) for m in NAME.finditer(text) if not PLAIN.match(m[0])]
    found += [("number", m.start(), m.end()) for m in NUMBER.finditer(text)]
    return found


def corrupt(
    text: str, story: str, others: dict[str, list[str]], chance: random.Random
) -> tuple[str, int, int, str] | None:
    """The text with one mention swapped, the place of what came in, and what went out; None where none can be."""
    places = mentions(text)
    chance.shuffle(places)
    for kind, start, end in places:
        for _ in range(20):
            other = chance.choice(others[kind])
            if not re.search(rf"(?<!\w){re.escape(other)}(?!\w)", story, re.IGNORECASE):
                return text[:start] + other + text[end:], start, start + len(other), f"{kind}: {text[start:end]!r}"
    return None


def extract(story: Story, chance: random.Random) -> str:
    """Three sentences of a story, whatever they are."""
    chosen = sorted(chance.sample(range(len(story.sentences)), min(3, len(story.sentences))))
    return " ".join(story.standalone(index) for index in chosen)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--half", choices=("even", "odd", "all"), default="odd", help="rows (default: odd, held out)")
    parser.add_argument("--limit", type=int, default=500, help="how many corruptions (default: 500)")
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--show", type=int, default=0, help="print so many misses and alarms of each sort")
    arguments = parser.parse_args()
    articles = read_articles(arguments.data, need={"summaries"})
    chance = random.Random(arguments.seed)
    others: dict[str, list[str]] = {"name": [], "number": []}
    for text in articles.texts:
        for kind, start, end in mentions(text[:3000]):
            others[kind].append(text[start:end])
    rows = {"even": range(0, len(articles), 2), "odd": range(1, len(articles), 2), "all": range(len(articles))}
    cases: list[tuple[str, Evidence, str, str]] = []
    began = time.perf_counter()
    for row in rows[arguments.half]:
        story = read_story(articles.texts[row])
        evidence = Evidence.of(story)
        cases.append(("extract", evidence, extract(story, chance), articles.texts[row]))
        cases.append(("highlights", evidence, (articles.summaries or [])[row] or "", articles.texts[row]))
    read = time.perf_counter() - began
    began = time.perf_counter()
    for sort in ("extract", "highlights"):
        mine = [case for case in cases if case[0] == sort]
        alarms = [(text, faults) for _, evidence, text, _ in mine if (faults := evidence.unsupported(text))]
        passed = len(mine) - len(alarms)
        print(f"untouched {sort}: {passed} of {len(mine)} pass ({100 * passed / len(mine):.1f}%)")
        for _, faults in alarms[: arguments.show]:
            print("   ", "; ".join(f"{fault.kind} {fault.text!r}" for fault in faults))
    checked = time.perf_counter() - began
    chance.shuffle(cases)
    caught: dict[tuple[str, str], list[bool]] = {}
    misses: list[str] = []
    for sort, evidence, text, story_text in cases:
        if sum(map(len, caught.values())) == arguments.limit:
            break
        swapped = corrupt(text, story_text, others, chance)
        if swapped is None:
            continue
        wrong, start, end, what = swapped
        hit = any(fault.start < end and fault.end > start for fault in evidence.unsupported(wrong))
        caught.setdefault((sort, what.split(":")[0]), []).append(hit)
        if not hit:
            misses.append(f"    {what} -> {wrong[start:end]!r}  in  …{wrong[max(0, start - 40) : end + 30]}…")
    total = [hit for hits in caught.values() for hit in hits]
    print(f"corrupted: {sum(total)} of {len(total)} caught ({100 * sum(total) / len(total):.1f}%)")
    for (sort, kind), hits in sorted(caught.items()):
        print(f"  {sort}, {kind}: {sum(hits)} of {len(hits)} ({100 * sum(hits) / len(hits):.1f}%)")
    print("\n".join(misses[: arguments.show]))
    print(f"{len(cases) / 2 / read:.0f} stories read a second, {len(cases) / checked:.0f} outputs checked a second")


if __name__ == "__main__":
    main()
