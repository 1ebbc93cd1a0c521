"""What a headline may lose and must keep: the patterns of `models.headline`, in the order they are used."""

from __future__ import annotations

import re

_DAY = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
KEPT = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|nowhere|neither|nor|without|cannot|hardly|barely|scarcely|rarely|seldom|few"
    r"|little|unlikely|untrue|false|falsely|den(?:y|ies|ied|ying)|refus\w+|fail\w*|reject\w*|if|unless|until|except|only"
    r"|whether|otherwise|but|allegedly|reportedly|purportedly|alleged|accused)\b|n['’]t\b",
    re.IGNORECASE,
)
QUOTE = re.compile(r'[“”"]')
WORD = re.compile(r"\S*\w\S*")
EDGES = " \t,;:–—-"
STOP = re.compile(r"""\.(["”'’]*)$""")

_OFFICES = (
    r"(?:police|officials?|authorities|ministry|department|agency|bureau|institute|service|commission|council|committee"
    r"|board|office|officers?|investigators|government|company|firefighters|spokes(?:man|woman|person)|statement|reports?"
    r"|documents|records|filings?|study|survey|poll|researchers|data|figures|release|military|media|sources?|organi[sz]ers"
    r"|analysts|economists|experts|aides)"
)
_SOURCE = rf"(?:(?:[\w.’'-]+\s+){{0,4}}?{_OFFICES}|it|they)"
_SAID = r"(?:said|says|say|reported|reports|announced|confirmed|added|told\s+[\w .]{2,30}|sa(?:id|ys)\s+in\s+an?\s+\w+)"
_WHEN = (
    rf"(?:(?:early|late|earlier|later)\s+)?(?:on\s+)?(?:{_DAY}|today|yesterday|this\s+(?:week|month|morning|afternoon"
    r"|evening)|last\s+(?:week|month|night))(?:\s+(?:morning|afternoon|evening|night))?"
)
TAIL_SAID = re.compile(
    rf",?(?P<quote>[”\"]?)\s+{_SOURCE}(?:\s+(?:of|from|for|in)\s+[\w .]{{2,30}})?\s+{_SAID}(?:\s+{_WHEN})?$",
    re.IGNORECASE,
)
LAST_SAID = re.compile(rf"{_SAID}(?:\s+{_WHEN})?$", re.IGNORECASE)
"""How whatever `TAIL_SAID` finds ends, found in a twentieth of its time."""
INNER_SAID = re.compile(rf",\s+{_SOURCE}\s+{_SAID}(?:\s+{_WHEN})?,", re.IGNORECASE)
ACCORDING = re.compile(rf"^According to {_SOURCE}\b[^,]{{0,80}},\s+", re.IGNORECASE)
TAIL_ACCORDING = re.compile(rf",?\s+according to {_SOURCE}\b[^,]*$", re.IGNORECASE)
CRIME = re.compile(
    r"\b(?:killed|shot|stabbed|raped|murdered|stole|assaulted|attacked|abused|robbed|molested|beat|strangled)\b", re.I
)
_VERB = (
    r"(?:(?:is|are|was|were|has|have|had|will|would|can|could|may|might|should|must|do|does|did|won|went|took|gave|came|saw"
    r"|began|fell|rose|spoke|knew|threw|grew|drew|flew|wrote|drove|chose|swore|stole|sank|ran|became|said|says|say|wants"
    r"|plans|faces|needs|makes|shows|gets|gives|takes|goes|keeps|calls|seeks|backs|wins|loses|leads|hopes|moves|threatens"
    r"|remains|continues|seems|appears|means|becomes|believes?|thinks?|agree|believe)\b"
    r"|(?:made|told|left|got|found|led|met|cut|hit|set|put|kept|held|lost|shot|struck|broke|stood|sent|spent|built|bought"
    r"|brought|fought|sought|thought|caught|sold|paid|felt|meant)\b(?!\s+(?:by|to|in|at|with|from|as|on|for|of|over)\b)"
    r"|[a-z]{2,}ed\b(?!\s+by\b))"
)
FINITE = re.compile(rf"\b{_VERB}")
PARTICIPLE = re.compile(  # of a subject whose verb is still to come: "Americans frustrated by ... will"
    r"\b(\w+)\s+(?:by|to|in|at|with|from|as|on|for|of|under|over|during)\b(?:(?!,|\b(?:who|which|that|but|as|after|when"
    r"|while|because|if|said)\b).)*?\b(?:is|are|was|were|has|have|had|will|would|can|could|may|might|should|must|[a-z]{2,}ed)\b"
)
ODD = re.compile(r"^[^\w\"“‘'$£€]|:|\.\.|\bto \w+$|\bsaid (?:with|in|on|at|for|by)\b")
"""What a bullet, a speaker's name, a list or a missing object leaves behind."""
SAYING = re.compile(r"(?<![,”\"])\s(?:said|says?|saying|believes?|believed|thinks?|hopes?|that)\s")
RELATIVE = re.compile(r"(?<!\w)(?:who|which|where|when|whose|that)\b")
RELATIVE_CLAUSE = re.compile(r"\b(?:who|which|where|when|whose|that)\s+\S+(?:\s+\S+)?")
CLAIM = re.compile(r"\b(?:said|says|told|claim(?:s|ed)|argue[sd]|wrote|tweeted|according to|believe[sd]?)\b")
"""Who says it: what else is cut never has it."""
LEANING = re.compile(
    r"(?:There (?:is|are|was|were|has)\b|(?:Others?|Another)\b|One (?:is|was|of)\b"
    r"|The (?:legislation|law|rally|race|move|letter|vote|changes?)\b"
    r"|(?:All|Many|Most|Several|Some) (?:of them|of those|are|were|have|had|lost|\w+ed)\b"
    r"|(?:Whether|Whatever|Whichever|What|How|That|Why|Which)\b)",
    re.IGNORECASE,
)
OPENS_CLAUSE = re.compile(
    r"(?:After|As|While|When|Although|Though|Despite|With|Amid|Following|Since|Because|Once|During|Before|In|At|On|By|For"
    r"|Like|Unlike|From|If|To|\w+ing)\b",
    re.IGNORECASE,
)
DATELINE = re.compile(
    r"^(?:[A-Z][A-Z.'’-]+(?:[ ,]+[A-Z][\w.'’-]*){0,4}\s*)?(?:\([A-Z][\w/ ]{1,20}\)\s*)?[—–]+\s*|^\([A-Z]{2,8}\)\s*"
)
BRACKETED = re.compile(r"\s*[(\[][^()\[\]]*[)\]]")
TIME_FIRST = re.compile(
    rf"^(?:{_WHEN}(?:,\s+[A-Z][a-z]{{2,8}}\.?\s+\d{{1,2}})?|(?:On|In)\s+(?:{_DAY}|(?:January|February|March|April|May|June"
    r"|July|August|September|October|November|December)(?:\s+\d{1,2})?)(?:,\s+\d{4})?|In\s+\d{4}"
    r"|(?:Earlier|Later)\s+this\s+\w+|Two\s+\w+\s+ago|Recently|Now),\s+",
    re.IGNORECASE,
)
TIME = re.compile(
    rf"(?<=\w)\s+(?:(?:early|late)\s+)?on\s+{_DAY}(?=\s+[a-z]|$|,)"
    rf"|(?<=[a-z])\s+(?:(?:early|late)\s+)?(?:on\s+)?{_DAY}(?:\s+(?:morning|afternoon|evening|night)\b(?!['’]))?"
    r"(?!\s+(?:morning|afternoon|evening|night)\b)(?:,\s+[A-Z][a-z]{2,8}\.?\s+\d{1,2},?)?(?=\s+[a-z]|$|,)"
    r"|\s+(?:earlier|later)\s+this\s+(?:week|month|year)(?=\s+[a-z]|$|,)"
    r"|\s+(?:yesterday|last\s+week|this\s+week|last\s+month)(?=\s+[a-z]|$)"
)
NO_TIME = re.compile(
    r"\b(?:a|an|the|this|that|next|last|every|each|by|until|since|before|after|from|for|to|of|and|or|through|between|than"
    r"|as|with|in|at|is|was|one \w+)$",
    re.IGNORECASE,
)
DASHES = re.compile(r"\s+(?:—|–|--|-)\s+(?:(?!\s(?:—|–|--|-)\s).)+?\s+(?:—|–|--|-)\s+|(?<=\w)—[^—]+—(?=\w)")
APPOSITIVE = re.compile(
    r",\s+(?:\d{1,3}|(?:a|an|the|one of|who|whose|which|where|when|including|such as|along with|as well as|formerly|now"
    r"|then|according to)\s(?:(?!\b(?:is|are|will|would|said|says)\b)[^,])+),(?=\s+(?!(?:and|or|nor)\b)[a-z0-9$])"
)
TAILS = (
    re.compile(r"\s*(?:—|\s–|\s--|\s-)\s+?[^—–]+$|—[^—]+$"),
    re.compile(
        r",\s+(?:(?:which|who|whose|whom|where|when|while|as|after|before|because|although|though|with|including|despite"
        r"|following|amid|even|part of|according|just|so|since|a|an|the|one of|once)\s|\w{3,}ing\s)[^,]*$"
    ),
    re.compile(r"(?<=^)(?P<kept>[^,]*),\s+and\s[^,]*$"),
    re.compile(r";\s[^;]*$"),
    re.compile(
        r"\s+(?:amid|following|despite|in an? (?:interview|statement|speech|letter|tweet|report|effort|bid|attempt|move"
        r")|in order to|in response to|as part of|as well as|in the wake of|because|after|while|during|when|by \w+ing"
        r"|even as|just as|even though|although|though|so that|ahead of|in which|at a time when)\s[^,]*$"
    ),
    re.compile(
        r",\s+(?:(?:which|who|whose|where|when|while|as|after|before|because|although|though|with|including|despite"
        r"|following|amid|even)\s|\w{3,}ing\s).*$"
    ),
)
FRONT = re.compile(
    r"^(?:After|As|While|When|Although|Though|Despite|With|Amid|Following|Since|Because|Once|During|Before|In|At|On|By|For"
    r"|More than|Over|Days|Hours|Weeks|Months|Even|Just|Like|Unlike|From|\w{3,}ing)\b[^,]*,\s+(?=\w)",
    re.IGNORECASE,
)
AS = re.compile(rf"\s+as\s+(?:the\s+)?(?:[\w.’'-]+\s+){{1,4}}?{_VERB}[^,]*$")
PHRASE = re.compile(
    r"\s+(?:over|for|with|from|at|on|in|by|about|against|among|across|under|between|through|toward)\s[^,]*$"
)
BARE = re.compile(
    rf"(?:\b(?:{_VERB}|\w+ed|\w+ing|\w+ly|out|up|off|down|away|back|in|on|over|part|place|able|likely"
    r"|due|set|half|some|of|it|\w{3,}er)|,)$"
)
SCOPED = re.compile(
    r"\b(?:first|last|most|least|more|less|fewer|than|only|record|best|worst|all|every|each|any|no|\w{3,}est|as)\b",
    re.I,
)
LEAST_LEFT = 8  # words a phrase may be cut off: by then the verb has what it needs
OFFICE = re.compile(
    r"^(?:(?:U\.S\.|US|[A-Z][a-z]+(?:an|ish|ese|li)|Former|Ex-|Vice|President|President-elect|Prime|Minister"
    r"|Attorney|General|Senate|House|Majority|Minority|Leader|Speaker|Secretary|of State|State|Defense"
    r"|Treasury|Interior|Foreign|Chancellor|Mayor|Chief|Justice|Sen\.|Rep\.|Gov\.|Senator|Governor|Congressman|Congresswoman|Democratic|Republican|Gen\.|Dr\.)\s+)+"
    r"(?=[A-Z][\w.’'-]+\s+(?:[A-Z]\.\s+)?[A-Z][\w’'-]+)"
)
COURTESY = re.compile(r"(?<!\w)(?:Mr|Mrs|Ms)\.\s+(?=[A-Z])")
NO_FRONT = re.compile(
    r"^(?:In (?:theory|principle|fact)|On paper|By contrast|In \w+, [A-Z]|\w+ing\b.*\bof\b$)", re.IGNORECASE
)

DANGLING = frozenset(
    re.findall(
        r"\w+",
        """a an the and or but nor so yet for of in on at to from by with as than that which who whom whose into onto
    over under about against between among through during before after since until while when where because if though
    although is are was were be been being has have had do does did will would can could may might shall should must
    not no his her its their our my your this these those very more most less such told including
    like via per amid despite toward towards upon within without both either neither what how why whether just also
    mr mrs ms dr gen sen rep gov st it""",
    )
)
FIRST_PERSON = re.compile(r"\b(?:us|I|I['’]\w+|(?i:we|our|ours|my|me|you|your|(?:we|you)['’]\w+))\b")
PRONOUN = re.compile(r"\b(?:he|she|him|his|her|hers|they|them|their|it|its)\b")
BACK = re.compile(
    r"\b(?:this|these|those|such|latter|former's|another|other|others|also|too|however|then|there|same)\b"
)
