"""Charts as inline SVG: coloured by the page's own variables, so that they follow light, dark and print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

WIDTH, HEIGHT = 360, 270
LEFT, RIGHT, TOP, BOTTOM = 56, 22, 12, 40


def _x(share: float) -> float:
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def _y(share: float) -> float:
    return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)


def _chart(title: str, parts: Sequence[Markup]) -> Markup:
    head = Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(WIDTH, HEIGHT, title)
    return head + Markup("<title>{}</title>").format(title) + Markup("").join(parts) + Markup("</svg>")


def _axes(
    across: str, up: str, ticks: Sequence[tuple[float, str]], levels: Sequence[tuple[float, str]]
) -> list[Markup]:
    """Grid lines, tick labels and the names of both axes; positions are shares of the plot."""
    parts = []
    for share, label in levels:
        parts.append(
            Markup('<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(_x(0), _x(1), _y(share), _y(share))
        )
        parts.append(
            Markup('<text class="tick" x="{}" y="{}" text-anchor="end">{}</text>').format(
                LEFT - 6, _y(share) + 4, label
            )
        )
    for share, label in ticks:
        parts.append(
            Markup('<text class="tick" x="{}" y="{}" text-anchor="middle">{}</text>').format(
                _x(share), _y(0) + 16, label
            )
        )
    middle = round((TOP + HEIGHT - BOTTOM) / 2, 1)
    parts.append(
        Markup('<text class="axis" x="{}" y="{}" text-anchor="middle">{}</text>').format(_x(0.5), HEIGHT - 6, across)
    )
    parts.append(
        Markup('<text class="axis" x="13" y="{}" text-anchor="middle" transform="rotate(-90 13 {})">{}</text>').format(
            middle, middle, up
        )
    )
    return parts


_SHARES = tuple((share, f"{share:.0%}") for share in (0.0, 0.25, 0.5, 0.75, 1.0))


def reliability_chart(bins: Sequence[Mapping[str, float]]) -> Markup:
    """Stated probability against how often it came true; a dot's area grows with the decisions it stands for."""
    parts = _axes("probability the model states", "how often it is true", _SHARES, _SHARES)
    parts.append(Markup('<line class="ideal" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(_x(0), _y(0), _x(1), _y(1)))
    points = " ".join(f"{_x(row['confidence'])},{_y(row['correct'])}" for row in bins)
    parts.append(Markup('<polyline class="line" points="{}"/>').format(points))
    most = max((row["count"] for row in bins), default=1)
    for row in bins:
        radius = round(2.5 + 6.5 * (row["count"] / most) ** 0.5, 1)
        parts.append(
            Markup('<circle class="dot" cx="{}" cy="{}" r="{}"><title>{}</title></circle>').format(
                _x(row["confidence"]),
                _y(row["correct"]),
                radius,
                f"states {row['confidence']:.1%}, true {row['correct']:.1%}, {row['count']:,.0f} decisions",
            )
        )
    return _chart("Reliability: stated probability against how often it is true", parts)


def risk_chart(curve: Sequence[Mapping[str, float]], unit: str = "wrong") -> Markup:
    """How many of the surest rows are wrong, by how many rows are taken."""
    top = _ceiling(max(point["risk"] for point in curve))
    levels = [(step / 4, f"{top * step / 4:.0%}" if top >= 0.08 else f"{top * step / 4:.1%}") for step in range(5)]
    parts = _axes("share of articles it may answer, surest first", f"share {unit}", _SHARES, levels)
    whole = curve[-1]["risk"] / top
    parts.append(
        Markup('<line class="ideal" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(_x(0), _x(1), _y(whole), _y(whole))
    )
    points = [(_x(point["coverage"]), _y(point["risk"] / top)) for point in curve]
    area = [(points[0][0], _y(0)), *points, (points[-1][0], _y(0))]
    parts.append(Markup('<polygon class="area" points="{}"/>').format(" ".join(f"{x},{y}" for x, y in area)))
    parts.append(Markup('<polyline class="line" points="{}"/>').format(" ".join(f"{x},{y}" for x, y in points)))
    for point, (x, y) in zip(curve, points, strict=True):
        surest = f"the surest {point['coverage']:.0%} (probability {point['confidence']:.2f} and up)"
        label = f"{surest}: {point['risk']:.1%} {unit}"
        parts.append(Markup('<circle class="dot" cx="{}" cy="{}" r="3"><title>{}</title></circle>').format(x, y, label))
    return _chart("Coverage against risk", parts)


def histogram(
    title: str, across: str, ticks: Sequence[str], series: Mapping[str, Sequence[int]], every: int = 1
) -> Markup:
    """Bars side by side, each series as shares of its own sum.

    Args:
        title: read out in place of the picture.
        across: name of the axis.
        ticks: a name per bin.
        series: counts per bin; the first is the model's.
        every: how many bins there are to a tick that is written.
    """
    shares = {name: [count / max(1, sum(counts)) for count in counts] for name, counts in series.items()}
    top = _ceiling(max((max(values, default=0) for values in shares.values()), default=0))
    bins = len(ticks)
    levels = [(step / 4, f"{top * step / 4:.0%}") for step in range(5)]
    marks = [((place + 0.5) / bins, tick) for place, tick in enumerate(ticks) if place % every == 0]
    parts = _axes(across, "share", marks, levels)
    width = (WIDTH - LEFT - RIGHT) / bins * 0.8 / max(1, len(series))
    for order, (name, values) in enumerate(shares.items()):
        for place, value in enumerate(values):
            x = _x((place + 0.1) / bins) + order * width
            tall = value / top * (HEIGHT - TOP - BOTTOM)
            parts.append(
                Markup('<rect class="bar{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>').format(
                    order, round(x, 1), round(_y(0) - tall, 1), round(width * 0.94, 1), round(tall, 1),
                    f"{name}, {ticks[place]}: {value:.1%}",
                )
            )  # fmt: skip
    return _chart(title, parts)


def _ceiling(value: float) -> float:
    """The next round share above a value, for the top of an axis."""
    return next(step for step in (0.004, 0.01, 0.02, 0.04, 0.08, 0.12, 0.2, 0.32, 0.4, 0.6, 0.8, 1.0) if value <= step)
