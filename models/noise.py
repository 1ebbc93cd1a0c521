"""What web pages and wire services wrap around a story, as data: one rule a row.

A rule takes a whole line, a whole sentence (in a text without lines), or the beginning or end of a line up to a
sentence boundary; never words in the middle of a sentence. Each carries an invented example that it must match
and a near miss that it must leave alone; the tests walk through all of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["prefix", "line", "block", "suffix"]
"""``prefix`` and ``suffix``: the beginning or end of a line; ``line``: all of a line or sentence; ``block``: a
line that heads a list of other stories' headlines, which go with it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of noise. ``pattern`` is a regular expression; ``cased`` says whether capitals matter to it.

    ``cue`` holds lower-case strings of which every match contains one: a rule that could begin with any word
    is tried only on lines that do.
    """

    name: str
    kind: Kind
    pattern: str
    example: str
    counterexample: str
    cased: bool = False
    cue: tuple[str, ...] = ()


_AGENCY = r"(?:cnn|reuters|ap|afp|upi|bbc|xinhua|ani|pti|ians|aap|efe|dpa|tass|bloomberg|politico|npr|cnbc|[\w-]+\.com)"
_CREDIT = (
    r"(?:getty(?: images)?|ap(?: photo)?|associated press|reuters|afp|epa|pa|shutterstock|istock|alamy"
    r"|nasa|rex|wenn"
    r"|bloomberg|handout|file(?: photo)?|courtesy|supplied|pool|wikimedia|flickr|instagram|twitter"
    r"|facebook|youtube)"
)
_DASH = r"(?:-{1,3}|[–—]{1,3})"
_PLACE = r"[A-Z][\w.'’-]*(?: (?:[A-Z][\w.'’-]*|de|of|la|al|el|and)){0,3}"
_PERSON = r"[A-Z][a-z'’][\w.'’-]*(?: (?:[A-Z]\.|[A-Z][a-z'’][\w.'’-]*|de|van|von|al|bin)){1,3}"
_CAPITALS = r"[A-Z][A-Z.'’-]{2,}(?: [A-Z][A-Z.'’-]+){0,3}"
_DATE = r"(?:, [A-Z][a-z]{2,8}\.? \d{1,2}(?:, \d{4})?)?"
_TIME = r"\d{1,2}[:.]\d\d(?:[:.]\d\d)?\s?(?:[ap]\.?m\.?)?\s?(?:[a-z]{2,4}\b)?"
_MONTH = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.?"
_DAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?"
_ROLE = r"(?:staff|writer|reporter|correspondent|editor|columnist|contributor|contributing|senior|chief|special)"
_NAME = r"(?:[A-Z@][\w.'’@-]*|and|for|in|of|the|at|de|van|von|bin|al|" + _ROLE + r"s?)(?:[\s,|•&;/()]+|$)"

RULES: tuple[Rule, ...] = (
    # --- what stands before the first word of a story
    Rule(
        "dateline, agency",
        "prefix",
        rf"(?:[^\W\d][\w.'’-]*(?:,? [\w.'’-]+){{0,6}} ?)?\({_AGENCY}\) ?{_DASH}\s*",
        "Harbour Town, Ohio (Reuters) - ",
        "The minister (Reuters) said",
    ),
    Rule(
        "dateline, agency glued",
        "prefix",
        rf"(?:{_PLACE}(?:, {_PLACE}){{0,2}}{_DATE} ?)?\((?:CNN|Reuters|REUTERS|AP|AFP|UPI|ANI|PTI"
        rf"|IANS)\)\s*(?=[A-Z\"“‘'])",
        "Port Ellery (CNN)The",
        "Members of the panel (CNN) had",
        cased=True,
    ),
    Rule(
        "dateline, any agency",
        "prefix",
        rf"{_CAPITALS}(?:, {_PLACE}){{0,2}}{_DATE} ?\([A-Z][\w.& -]{{1,25}}\) ?{_DASH}?\s*(?=[A-Z\"“‘'\d])",
        "QUARRY BAY, Norland(Fjordpress)A",
        "NATO (North Atlantic alliance) members",
        cased=True,
    ),
    Rule(
        "dateline, place and agency",
        "prefix",
        rf"{_PLACE}(?:, {_PLACE}){{0,2}}{_DATE} \([A-Z][\w.&/ -]{{1,25}}\) {_DASH} (?=[A-Z\"“‘'\d])",
        "Santa Veta, May 4 (Coastwire) — Two",
        "Anna Veta (Labour) — a critic",
        cased=True,
    ),
    Rule(
        "dateline, source only",
        "prefix",
        r"\([a-z][^()]{1,30}\) (?:--|[–—]) ",
        "(The Gardener's Weekly) -- Roses",
        "(He was not) and went home",
    ),
    Rule(
        "dateline, capitals",
        "prefix",
        rf"{_CAPITALS}(?:, {_PLACE}){{0,2}}{_DATE} {_DASH} (?=[A-Z\"“‘'\d])",
        "NEW HARBOUR, Me., March 3 — The",
        "NATO — which met on Monday —",
        cased=True,
    ),
    Rule(
        "dateline, capitals and colon",
        "prefix",
        r"\A(?=[A-Z]{4}|[A-Z]{3} [A-Z]{4})[A-Z]{3,}(?: [A-Z]{3,}){0,2}: (?=[A-Z\"“‘'\d])",
        "NEW HARBOUR: The council",
        "NASA: a history",
        cased=True,
    ),
    Rule(
        "dateline, state",
        "prefix",
        rf"{_PLACE}, (?:[A-Z][a-z]{{2,5}}\.|(?:[A-Z]\.){{2}}|[A-Z][a-z]+) (?:--|[–—]) (?=[A-Z\"“‘'\d])",
        "Old Ferry, Minn. — Two",
        "Jones, Smith and Brown — partners",
        cased=True,
    ),
    Rule(
        "outlet glued",
        "prefix",
        r"[A-Z]\w+ [A-Z][a-z]{2,}[A-Z][a-z]{2,}: (?=[A-Z\"“‘'\d])",
        "Norland PressHerald: The",
        "Norland Press: the history",
        cased=True,
    ),
    Rule(
        "byline, broken",
        "prefix",
        r"by ?\. (?:[a-z][\w'’. -]{2,60}?(?:, [a-z][\w ’'&-]{2,40})? ?\. )(?:and [a-z][\w '’-]{2,50} ?\. ?){0,3}"
        r"(?:follow @@? ?\w+ ?\. ?)?(?:published: ?\. ?[^|.]{5,40} ?\. ?)?(?:\| ?\. ?)?(?:updated: ?\. ?[^|.]{5,40} ?\. ?)?",
        "by. jane doe for the chronicle. published:. 05:15 est, 9 june 2014. |. updated:. 04:22 est, 10 june 2014. a bridge",
        "by noon. the bridge was open.",
    ),
    Rule(
        "byline, before a dateline",
        "prefix",
        rf"By {_PERSON}(?: and {_PERSON})? (?=[A-Z]{{3,}}[^.]{{0,40}} {_DASH} )",
        "By Jane Doe LONDON (Reuters) - The",
        "By Monday LONDON was quiet",
        cased=True,
    ),
    Rule(
        "time stamp",
        "prefix",
        rf"(?:published|updated)(?: at)?:? {_TIME},? (?:\d{{1,2}} )?{_MONTH}(?: \d{{1,2}},?)?(?: \d{{4}})?"
        rf"(?: \| updated:? {_TIME},? (?:\d{{1,2}} )?{_MONTH}(?: \d{{1,2}},?)?(?: \d{{4}})?)? ",
        "published: 12:03 est, 4 march 2013 | updated: 14:10 est, 4 march 2013 a",
        "published in march 2013, the book",
    ),
    Rule(
        "advertisement, before text",
        "prefix",
        r"ADVERTISEMENT (?=[A-Z])",
        "ADVERTISEMENT The",
        "ADVERTISEMENT rates",
        cased=True,
    ),
    # --- captions and credits
    Rule(
        "image prompt",
        "line",
        r"(?:enlarge this image|(?:toggle|hide|view|show) caption|image (?:copyright|source|caption|credit)"
        r"|media (?:playback|caption))\b.{0,400}(?<![.!?;])",
        "Enlarge this image toggle caption Jo Doe/Fjordpress",
        "Image copyright was the subject of the hearing.",
    ),
    Rule(
        "image prompt, end",
        "line",
        r"(?:toggle|hide) caption\.?|media playback is (?:un)?supported.{0,80}",
        "toggle caption.",
        "Toggle captions on the screen were too small.",
    ),
    Rule(
        "credit",
        "line",
        r"\(?(?:photos?|images?|pictures?|photograph(?:s|er|y)?|credits?|illustrations?|graphics?|videos?"
        r"|file photo|picture credit|photo credit|image credit)(?: by"
        r"| courtesy(?: of)?)?\s?[:|©]\s?[^.!?]{2,120}\.?\)?",
        "Photo: Jo Doe / Fjordpress",
        "Photos of the bridge were shown in court.",
    ),
    Rule(
        "credit, by",
        "line",
        r"\(?(?:Photos?|Images?|Pictures?|Photographs?|Illustrations?|Graphics?|Video) (?:by"
        r"|courtesy of) [A-Z][\w.'’/ ,-]{2,60}\)?",
        "Photo by Jo Doe",
        "Photos by the dozen arrived.",
        cased=True,
    ),
    Rule(
        "credit, agency",
        "line",
        rf"\(?(?:©\s?)?(?:[\w.'’-]+ ){{0,4}}[\w.'’-]*\s?[/|,•]\s?{_CREDIT}(?:\s?[/|,]\s?[\w .'’-]{{2,30}}){{0,2}}\)?",
        "Jo Doe | Getty Images",
        "The bank, Reuters said",
        cue=("/", "|", "•", "©", ", ap", ", afp", ", reuters", ", getty", ", epa", ", associated"),
    ),
    Rule(
        "credit, agency alone",
        "line",
        rf"\(?(?:{_CREDIT}|the associated press)\)?\.?",
        "Getty Images",
        "Getty sued",
    ),
    Rule(
        "caption, credit at its end",
        "line",
        r".{15,300}[.!?\"”] \(?(?:[A-Z][\w.'’-]+ ){1,3}[A-Z][\w.'’-]+ ?[/|] ?[A-Z][\w.'’ /-]{1,40}\)?",
        "Two swans at the weir on a cold day. Jo Doe/Fjordpress",
        "Two swans at the weir. He asked Jo Doe/Roe about it.",
        cased=True,
        cue=("/", "|"),
    ),
    Rule(
        "caption, credit in brackets",
        "line",
        rf".{{3,300}}\((?:[^()]{{0,40}}[/|] ?)?(?:photos?|image|picture|credit"
        rf"|{_CREDIT})(?: photos?)?(?: ?[:/|,] ?[^()]{{2,60}})?\)\.?",
        "The weir in spring (Jo Doe/AP Photo)",
        "The weir (image right) is old (Twitter and others say).",
        cue=("(",),
    ),
    Rule(
        "caption, file",
        "line",
        r"FILE(?: PHOTO)? ?[-–—:] .{10,400}",
        "FILE - In this photo, a bridge",
        "FILE formats",
        cased=True,
    ),
    Rule(
        "caption, pictured",
        "line",
        r"(?:pictured|above|below|left|right|stock image|file image)(?:,? (?:above|below|left"
        r"|right))? ?: .{2,200}",
        "Pictured: the weir and its keeper.",
        "Pictured in the weir was its keeper.",
    ),
    Rule(
        "slides",
        "line",
        r"(?:slideshow|gallery|photos?|pictures?|images?|videos?|audio|graphics?|interactive)(?: gallery)?"
        r"(?: ?\(?\d* ?(?:images?|photos?|slides|pictures|videos)?\)?)?:?|(?:prev(?:ious)?"
        r"|next) image \d+ of \d+.{0,40}"
        r"|(?:image|photo|slide) \d+ (?:of|/) \d+.{0,40}|\d+ ?/ ?\d+",
        "Slideshow (3 Images)",
        "Images of 3 bridges.",
    ),
    # --- who wrote it, and when
    Rule(
        "byline",
        "line",
        rf"(?:[Bb]y|BY|Written by|Posted by|Story by|Words by|Text by):?\s+(?=[A-Z@])(?>{_NAME}|(?:on"
        rf"|\d[\d:.]*)[\s,|]+){{1,16}}+(?:\d[\d:.]*)?",
        "By Jane Doe, Staff Writer",
        "By Friday the council had voted.",
        cased=True,
    ),
    Rule(
        "byline, role",
        "line",
        r"(?:[\w'’-]+ ){0,3}(?:correspondent|reporter|staff writer|columnist|contributor|(?:news|city|sports?"
        r"|managing|executive|political|business) editor)",
        "Gardening correspondent",
        "The correspondent left.",
        cue=("correspondent", "reporter", "writer", "columnist", "contributor", "editor"),
    ),
    Rule(
        "byline, lower case",
        "line",
        r"by\.?|by:? [\w.'’ -]{3,50}(?:,| for| in) (?:.{0,30}\b)?(?:staff writer|reporter|correspondent"
        r"|press association|associated press|mail ?online|reuters)\b.{0,40}",
        "by jane doe, staff writer",
        "by monday, the ferry ran again.",
    ),
    Rule(
        "byline, desk",
        "line",
        r"(?:and )?(?:[\w.'’-]+ ){2,3}for (?:mail ?online|daily mail(?: australia)?|dailymail\.com)\.?"
        r"|(?:and )?(?:daily mail|mail ?online|mail on sunday|pa|press association|associated press|reuters"
        r"|sportsmail|staff|news) (?:reporter|writer|staff|correspondent)s?\.?",
        "jane doe for mailonline.",
        "She wrote for the daily mail.",
        cue=("mail", "reporter", "writer", "staff", "correspondent"),
    ),
    Rule(
        "desk",
        "line",
        rf"\(?(?:(?:Additional|Further|With) )?(?:[Rr]eporting|[Ww]riting|[Ee]diting|Compiled|Edited|Written"
        rf"|Graphics|Translation)(?: and (?:[Rr]eporting|[Ww]riting|[Ee]diting))? by:? (?>{_NAME}|(?:additional"
        rf"|reporting|writing|editing|by|with)[\s,;]+){{1,60}}+",
        "(Reporting by Jane Doe and Ann Roe; Editing by Jo Poe)",
        "Reporting by the Courier led to the inquiry.",
        cased=True,
    ),
    Rule(
        "desk, contributors",
        "line",
        r"\(?.{2,200}\b(?:contributed|contributes|contributing) (?:(?:to|reporting to|reporting for"
        r"|reporting from [\w .,]{2,40} (?:to|for)) )?(?:this|the) (?:report|story|article|analysis|post|piece"
        r"|review)\b.{0,30}",
        "Ann Roe in Santa Veta contributed to this report.",
        "Heavy rain contributed to the collapse.",
        cue=("contribut",),
    ),
    Rule(
        "desk, agencies",
        "line",
        r"contributing ?: .{2,150}|(?:[-–—]+ ?)?with (?:assistance|reporting|files|additional reporting) (?:by"
        r"|from) .{2,150}"
        r"|(?:from )?(?:staff(?: and)? )?(?:wire|news service|agency) (?:reports|services)\.?"
        r"|additional reporting by .{2,150}|[-–—]{1,2} ?(?:agencies|reuters|ap|afp|pti|ians|ani)",
        "Contributing: Ann Roe, the Fjordpress",
        "Contributing to the fund is easy.",
    ),
    Rule(
        "time stamp, line",
        "line",
        rf"(?>(?:first |last |originally )?(?:published|updated|posted|modified|created|filed)\b[\s:.|]*)++"
        rf"(?>(?:at|on)\b ?|{_TIME}|{_DAY}|{_MONTH}|\d|[\s,;|/.:]|[ap]\.?m\b\.?|[a-z]{{2,4}}t\b|updated"
        rf"|published|posted|ago\b|hours?\b|minutes?\b|days?\b|\||gmt|et\b)*+"
        rf"|\d{{1,2}} {_MONTH} \d{{4}} last updated.{{0,30}}",
        "Updated Nov 19, 9:41 AM; Posted Nov 18",
        "Updated figures show growth.",
    ),
    Rule(
        "date, line",
        "line",
        rf"(?>(?:{_DAY}|{_MONTH})[\s,]+)*+(?>\d[\d/:.,-]*(?:st|nd|rd|th)?)(?>[\s,|•-]++(?:{_DAY}|{_MONTH}"
        rf"|\d[\d/:.,-]*|at|[ap]\.?m\.?|[ecmp][sd]?t|gmt|utc|ist|bst))++\.?",
        "11:21 pm CST, Tuesday, November 19, 2019",
        "11 May be enough",
    ),
    Rule(
        "date, age",
        "line",
        r"\d+ (?:second|minute|min|hour|hr|day|week|month|year)s? ago",
        "7 years ago",
        "7 years ago, she left.",
    ),
    Rule(
        "reading time",
        "line",
        r"(?:\d+|one|two|three|four|five)[ -]min(?:ute)?s? read|(?:estimated )?reading time.{0,30}",
        "4 min read",
        "4 minutes read like hours.",
    ),
    # --- prompts
    Rule(
        "share",
        "line",
        r"(?:share|tweet|pin|print|email|e-mail|save|facebook|twitter|whatsapp|linkedin|reddit|pinterest"
        r"|telegram|instagram|youtube|messenger|flipboard|copy link|x|sms|tumblr|rss)(?:[\s|/,•·&+:.]+(?:share"
        r"|tweet|pin|post|print|email|e-mail|save|facebook|twitter|whatsapp|linkedin|reddit|pinterest|telegram"
        r"|instagram|youtube|messenger|flipboard|x|sms|tumblr|rss|on|this|via|to|by|article|story|page|link"
        r"|comments?|copy|a|friend|with|friends|your|the|it|and|more|open|in|new|window|feed"
        r"|\d+)\b)*[\s.:!»|]*",
        "Share on Facebook  Tweet  Email this article",
        "Share prices fell",
    ),
    Rule(
        "share, prompt",
        "line",
        r"(?:share|read or share|like|bookmark) this (?:story|article|page|post|video)\b.{0,100}|share (?:your"
        r"|this) .{0,60}\bcomments?.{0,40}|e-?mail(?: this(?: article| story)?)? to a friend\.?",
        "Share this story with your friends!",
        "Share this wealth, she urged them.",
    ),
    Rule(
        "follow",
        "line",
        r"(?:[-–—] )?(?:follow|like|join|find|connect with) (?:us|our .{2,40}|@@? ?\w+"
        r"|(?:[\w.'’-]+ ){1,5}) ?(?:(?:on|at|:) .{0,30}(?:facebook|twitter|instagram|youtube|linkedin|tiktok"
        r"|telegram|whatsapp|threads|snapchat|social media|\bx\b|@).{0,140})|follow @@? ?\w+.{0,80}"
        r"|follow us\b.{0,20}",
        "Follow us on Twitter and Instagram for live updates.",
        "Follow the river to the weir.",
    ),
    Rule(
        "newsletter",
        "line",
        r"(?:\W*(?:sign up|subscribe|register)\b(?:.{0,200}\b(?:newsletters?|inbox|alerts?|e-?mails?|updates?"
        r"|digest|briefing|magazine|podcast|free|issues?|channel|here|now|today)\b.{0,200}|(?: now"
        r"| today)?[.!]?))"
        r"|newsletter sign[ -]?up.{0,400}|(?:get|want|receive|let|like) .{3,200}\b(?:inbox|newsletters?"
        r"|breaking news alerts?)\b.{0,250}"
        r"|by signing up,? you .{0,200}|(?:enter|type) your e-?mail.{0,100}|thank you for (?:subscribing"
        r"|signing up).{0,100}|manage newsletters",
        "Sign up for our newsletter and get the morning headlines in your inbox.",
        "Sign up for the draft, the minister told young men.",
    ),
    Rule(
        "cookies",
        "line",
        r"(?:this|our|the) (?:web)?site uses cookies.{0,300}|we (?:and our partners )?use cookies.{0,300}"
        r"|by (?:continuing|using|clicking|browsing).{0,150}\b(?:cookies|privacy policy|terms).{0,200}"
        r"|(?:accept|reject|manage|allow)(?: all)? cookies.{0,60}|cookies? (?:policy|settings|preferences"
        r"|notice|consent).{0,60}|(?:read )?our (?:cookie|privacy) policy.{0,40}",
        "This website uses cookies. Read our cookie policy.",
        "The bakery uses cookies to teach fractions.",
    ),
    Rule(
        "advertisement",
        "line",
        r"(?:(?:advertisements?|advertising|sponsored(?: content| links?| by.{0,30})?|promoted(?: content)?"
        r"|paid (?:content|post)|ad|advert)(?:[\s:.-]+|$))+(?:continue reading.{0,60}|story continues.{0,40})?",
        "ADVERTISEMENT",
        "Advertisements were torn down.",
    ),
    Rule(
        "continues",
        "line",
        r"(?:story|article|text|post|report) continue[sd]? (?:below|after).{0,60}|continue reading\b.{0,80}"
        r"|skip (?:to (?:the )?(?:main )?(?:content|article|end)|advert\w*|ad|in\b.{0,20}).{0,40}|loading\.*…?"
        r"|please wait\.*",
        "Story Continued Below",
        "Story continues to unfold in the north.",
    ),
    Rule(
        "rights",
        "line",
        r"(?:tm ?& ?)?(?:©|\(c\) ?\d{4}|â©).{0,300}|copyright ?(?:©|\(c\)|\d{4}).{0,300}"
        r"|copyright [\w.,&]+(?: [\w.,&]+){0,2} \d{4}\.?|all rights reserved\b.{0,300}"
        r"|(?:entire )?contents of this .{0,30}copyright.{0,60}",
        "© 2024 Fjordpress. All rights reserved.",
        "Copyright law was changed in 2024.",
    ),
    Rule(
        "rights, anywhere",
        "line",
        r"[^.]{1,120}\b(?:all rights reserved\b|copyright ?(?:©|\(c\)|\d{4})).{0,300}",
        "Fjordpress and partners, all rights reserved",
        "All rights of the tenants were reserved by the court.",
        cue=("rights reserved", "copyright"),
    ),
    Rule(
        "contact, anywhere",
        "line",
        r".{3,80}\b(?:can|may) be (?:reached|contacted|e-?mailed|followed) (?:at|on|via)\b.{0,120}",
        "Jo Doe may be reached at desk@weirandswan.example.",
        "The deal may be reached by Friday.",
        cue=("be reached", "be contacted", "be emailed", "be e-mailed", "be followed"),
    ),
    Rule(
        "offers, anywhere",
        "line",
        r".{0,60}\b(?:risk free issues|issues free)\b.{0,60}",
        "That is like getting four issues free.",
        "The issues freed him.",
        cue=("issues",),
    ),
    Rule(
        "rights, use",
        "line",
        r"(?:this|the|no) (?:material|content|copy|article|story|part)\b.{0,60}\b(?:may not|may"
        r"|cannot) be (?:published|reproduced|copied|in its final|used without).{0,300}"
        r"|reproduction in whole or.{0,100}|(?:used|reprinted|republished)(?: here)? (?:by"
        r"|with)(?: the)? permission.{0,100}|content created by .{0,200}",
        "This material may not be published, broadcast, rewritten or redistributed.",
        "This material may be stronger than steel.",
    ),
    Rule(
        "scroll down",
        "line",
        r"(?:videos?:? )?scroll (?:down|below)(?: below)?(?: for| to (?:watch|see|read|view|find)"
        r"| and)?\b.{0,120}|see below for (?:video|more).{0,20}",
        "Scroll down for video",
        "Scrolls were found down the hill.",
    ),
    Rule(
        "click",
        "line",
        r"[\W_]*(?:click|tap)(?: on)? (?:here|below|the link|through|play|to (?:get|read|view|see|watch|listen"
        r"|enlarge|subscribe|sign|share|expand|play|follow|join))\b.{0,250}|click for .{3,150}"
        r"|download pdf .{3,100}",
        "Click here to see the pictures.",
        "Click beetles are common.",
    ),
    Rule(
        "watch",
        "line",
        r"(?:watch|hear|see|read|listen to|learn|view|find)\b.{2,160} ?[»›]\.?|(?:read|see|view) the (?:full"
        r"|original|entire|rest of the|whole) (?:article|story|post|statement|transcript)\b.{0,100}"
        r"|listen to (?:this )?article.{0,80}|watch the (?:latest )?video .{0,60}(?:above|below|at .{3,40})\.?",
        "watch the keeper feed the swans ».",
        "Watch the keeper, they said.",
    ),
    Rule(
        "read more",
        "line",
        r"[(\[]?(?:read|see|view|show|load|learn|find out)? ?more ?(?:»|>>|›|→|…|\.\.\.)?[)\]]?"
        r"|[(\[]?(?:read more|read also|see more|see also|also (?:read|see|watch|on)|related(?: (?:article"
        r"|story|video|coverage|stories|articles|content|links?))?|must[- ]read|recommended(?: reading)?"
        r"|more from [\w. ]{2,30}|more on [\w. ]{2,30}|don['’]t miss|you may also like) ?[:|] ?\S.{0,200}",
        "Read More: What the swans eat in winter",
        "Read more slowly, she told him.",
    ),
    Rule(
        "read more, headline",
        "line",
        r"(?:MORE|WATCH|PHOTOS|VIDEO|LISTEN|OPINION|READ|More|Watch|Listen|Photos|Video"
        r"|In pictures): \S.{3,160}(?<![.;,])",
        "WATCH: Swans return to the weir",
        "WATCH: the group that he founded is small.",
        cased=True,
    ),
    Rule(
        "read more about",
        "line",
        r"read more (?:about|on|of|from|here)\b.{2,150}|for more\b.{0,120}\b(?:visit|click|go to|see|follow"
        r"|tune|watch|read|check|log on|articles)\b.{0,120}|for the latest\b.{0,150}",
        "Read more about the weir from our sister paper.",
        "For more than a year, the weir was shut.",
    ),
    Rule(
        "elsewhere",
        "line",
        r"(?:[\w-]+\.com|cnn opinion|opinion|video) ?: [^.]{5,80}\.?|visit .{2,60}\b(?:homepage|website"
        r"|for more)\b.{0,60}|watch .{2,60}\b\d{1,2}(?::\d\d)? ?[ap]\.?m\b.{0,40}",
        "weirandswan.com: ten walks by the water",
        "Opinion polls: the lead narrows.",
    ),
    Rule(
        "comments",
        "line",
        r"sorry,? (?:but )?we are (?:not|no longer|unable).{0,80}|(?:view|show|load|post|leave|add|read|write"
        r"|see|join|hide)(?: all| a| your| the)? ?(?:\d+ )?(?:comments?|reply|replies|discussion"
        r"|conversation)\b.{0,40}|(?:\d[\d,]* |no )?comments?(?: \(?\d+\)?)?(?: yet)?"
        r"|(?:to )?have your say\b.{0,80}|(?:the )?comments? (?:below|above|policy|are (?:closed|moderated|off"
        r"|disabled)|have (?:been )?(?:closed|moderated))\b.{0,150}|(?:what do you think|do you agree"
        r"|tell us)\b.{0,120}\b(?:comments?|below)\b.{0,40}|log ?in to (?:comment|reply).{0,40}",
        "View 12 Comments",
        "Comments by the mayor angered voters.",
    ),
    Rule(
        "comment by a reader",
        "line",
        r"[a-z\d]\w{3,30} says:",
        "swanlover77 says:",
        "The keeper says:",
        cased=True,
        cue=("says:",),
    ),
    Rule(
        "contact",
        "line",
        r"(?:contact|reach|e-?mail|write to|send|got|have|know|do you have"
        r"|are you)\b.{0,160}\b\S+@\S+\.\w+.{0,80}|(?:send|got|have) (?:a |us |your )?(?:letters|tips?"
        r"|news tip|story tip)\b.{0,120}|(?:follow|e-?mail) (?:him|her|them|the (?:writer|author"
        r"|reporter))\b.{0,100}",
        "Have a tip? Write to desk@weirandswan.example.",
        "Have a tipple, he said.",
    ),
    Rule(
        "opinions",
        "line",
        r"the (?:opinions|views)(?: and (?:opinions|views))?(?: expressed)?(?: (?:in|on) this \w+| here(?:in)?"
        r"| by (?:columnists|contributors|the (?:author|writer)))? (?:are|is|do|does|of the (?:author|writer)"
        r"|represent|belong)\b.{0,250}|(?:this )?(?:column|commentary|op-ed) (?:does not|reflects"
        r"|is the).{0,150}",
        "The opinions expressed in this column are those of the writer.",
        "The opinions of the jury differed.",
    ),
    Rule(
        "editor's note",
        "line",
        r"(?:editor|author|publisher)['’]?s?['’]? note ?[:-].{0,400}",
        "Editor's note: Jo Doe keeps the weir.",
        "Editors note the change in tone.",
    ),
    Rule(
        "app",
        "line",
        r"(?:click (?:here )?)?(?:to )?(?:get|download|install|try)\b(?: (?:here|to get))?(?: (?:the|our"
        r"|for)\b)?(?: .{0,40})?\bapps?\b.{0,80}",
        "Download our app for live scores",
        "Get applause, he said.",
    ),
    Rule(
        "offers",
        "line",
        r"(?:enter to win|subscribe to|start your (?:free )?trial|try \d+|get a free|support (?:our"
        r"|independent|quality|progressive|local|\w+['’]s)) .{0,200}(?:journalism|magazine|issue|trial"
        r"|giveaway|price|gift|reporting|newsroom|contribution).{0,150}|(?:become a (?:member|subscriber"
        r"|supporter)|donate(?: now| today| here)?|make a (?:donation|contribution))\b.{0,100}",
        "Support our independent journalism with a gift.",
        "Support our troops, the banner said.",
    ),
    Rule(
        "help lines",
        "line",
        r"for confidential (?:support|help|advice)\b.{0,300}",
        "For confidential support call 555 0100.",
        "For confidential reasons he stayed silent.",
    ),
    Rule(
        "transcript",
        "line",
        r"this is a rush transcript.{0,100}|this copy may not be in its final form.{0,60}"
        r"|please note that there may be a delay.{0,200}|transcript[.:]?",
        "This is a rush transcript.",
        "This is a rush hour.",
    ),
    Rule(
        "history of the text",
        "line",
        r"(?:\W*(?:correction|clarification|editor.s note)\W.{0,30}|\W*)?(?:this (?:story|article|post|report|page"
        r"|column|piece|version)(?: (?:has been|was|is|will be|originally|first|may be))+ (?:updated|corrected"
        r"|amended|appeared|published|republished|first|originally|more than|breaking|developing|part of"
        r"|being)\b.{0,250}|an? (?:earlier|previous) version of this (?:story|article|post|report|page|column"
        r"|piece)\b.{0,300})"
        r"|this is a (?:breaking|developing)(?: news)? story.{0,150}",
        "This story has been updated with comment from the keeper.",
        "This story has a happy end.",
    ),
    Rule(
        "label",
        "line",
        r"\[?(?:analysis|opinion|exclusive|breaking|editorial|commentary|pullquote|close|menu|home|search"
        r"|log ?in|sign ?in|sign ?out|register|my account|back to top|top|skip|news|video|live|play|pause|mute"
        r"|share|loading|trending|sections?|next|prev(?:ious)?|privacy (?:policy|notice)|terms (?:of (?:use"
        r"|service)|(?:and|&) conditions)|contact(?: us)?|about(?: us)?|careers|advertise(?: with us)?"
        r"|ad choices|adchoices|site ?map|help|faqs?|rss feeds?|newsletters?|source|e-?edition|subscribe"
        r"|download|tags?|topics?|categor(?:y|ies))(?: ?/ ?opinion)?\]? ?[:.|›»]*",
        "ANALYSIS/OPINION:",
        "Opinion is split.",
    ),
    Rule(
        "web address",
        "line",
        r"(?:https?://|www\.)\S+",
        "https://weirandswan.example/a",
        "www is short for it",
    ),
    Rule(
        "code",
        "line",
        r"(?:.*(?:\bvar \w+ ?=|\bfunction ?\([\w, ]*\) ?\{|\bdocument\.\w+\(|</?(?:a|div|p|span|img|script"
        r"|iframe|li|ul) [a-z-]+=[^>]*>|\w+=\"https?:)|/\*).*",
        "var player = load();",
        "Her function (chair) was unpaid.",
        cue=("=", "{", "<", "/*"),
    ),
    Rule("no words", "line", r"[\W_]*", "* * *", "* a *"),
    # --- lists of other stories
    Rule(
        "related list",
        "block",
        r"(?:[-–—*•>» ]*)(?:read more|see also|also (?:read|see|watch|on)|more(?: (?:on|from|in|about) .{2,40}"
        r"| (?:news|stories|coverage|headlines|information|reading|like this))?|related(?: (?:articles?"
        r"|stor(?:y|ies)|coverage|content|topics?|links?|posts?|news|reading))?|(?:you (?:may|might)"
        r"|we think you['’]ll) (?:also )?(?:like|be interested in)|recommended(?: (?:stories|for you|reading"
        r"|videos?))?|most (?:popular|read|viewed|shared|watched|commented)(?: .{2,20})?|trending(?: (?:now"
        r"|stories|news|topics|on .{2,20}))?|popular(?: (?:now|stories|posts|articles))?|top (?:stories|news"
        r"|headlines|picks|videos)|latest(?: (?:news|stories|headlines|videos))?|editors?['’]?s? (?:picks?"
        r"|choice)|don['’]t miss|must[- ]reads?|around the web|from the web|sponsored stories"
        r"|what to read next|read (?:next|this next|also)|up next|in this (?:story|section)|recent (?:posts"
        r"|stories|articles|comments)|further reading|suggested (?:stories|articles|reading)|keep reading"
        r"|other stories|elsewhere on .{2,30})(?: ?[:.…›»>-]+ ?)?",
        "Read More:",
        "More than a year",
    ),
    Rule(
        "story highlights",
        "block",
        r"(?:story )?highlights\b(?: [^.!?]{5,140})?:?",
        "Story highlights Weir reopens",
        "Highlights of the day were few.",
    ),
    # --- what hangs on the last sentence of a line
    Rule(
        "read more, end",
        "suffix",
        r"[\[(]?(?:read|see|continue|view) (?:more|reading)\b(?: ?[:»›→…-] ?[^.!?]{0,120}|[^.!?\w]{0,6})$",
        "Read more »",
        "Read more books",
        cue=("read", "continue", "see more", "view more"),
    ),
    Rule(
        "desk, end",
        "suffix",
        r"\(?(?:additional )?(?:reporting|writing|editing) by (?>[\w.'’-]+[ ,;]+){1,40}+[\w.'’-]+\)?$",
        "(Reporting by Jane Doe; Editing by Jo Poe)",
        "Reporting by radio: it was quiet",
        cue=("reporting by", "writing by", "editing by"),
    ),
    Rule(
        "rights, end",
        "suffix",
        r"(?:©|copyright (?:©|\(c\)|\d{4})) ?.{0,120}$",
        "© 2024 Fjordpress",
        "copyright law",
        cue=("©", "copyright"),
    ),
    Rule(
        "image prompt, end of line",
        "suffix",
        r"(?:toggle|hide) caption(?: [^.!?]{0,80})?$",
        "hide caption",
        "hide captions",
        cue=("caption",),
    ),
)

_LOOSE_START = r"[\s\"“”'‘’*•>|-]*+"


def compile_rules(kind: Kind, *, cased: bool = False, cued: bool = False) -> re.Pattern[str]:
    """The rules of a kind as one pattern: ``rule_name`` says which of them matched.

    Rules without regard to case are written in lower case and matched against a lower-cased line, which is
    several times faster than ``re.IGNORECASE``; so is naming a rule by an empty group at its end.
    """
    chosen = [
        f"(?:{rule.pattern})(?P<r{i}>)"
        for i, rule in enumerate(RULES)
        if rule.kind == kind and rule.cased == cased and bool(rule.cue) == cued
    ]
    alternatives = "|".join(chosen) or r"(?!)"
    return re.compile(f"{_LOOSE_START}(?:{alternatives})" if kind == "line" else f"(?:{alternatives})")


def cues(kind: Kind) -> tuple[str, ...]:
    """Lower-case strings of which a line must contain one for the cued rules of a kind to be worth trying."""
    return tuple(dict.fromkeys(cue for rule in RULES if rule.kind == kind for cue in rule.cue))


def rule_name(found: re.Match[str]) -> str:
    """The name of the rule behind a match of a pattern from ``compile_rules``."""
    return RULES[int((found.lastgroup or "r0")[1:])].name
