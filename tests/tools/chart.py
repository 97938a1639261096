"""Draws series of numbers as a line chart in SVG, both axes logarithmic. Needs nothing but Python.

    import chart
    text = chart.svg("Title", "rules", {"CPU in ms": [(1, 5.0), (10, 6.2)], "memory in MB": [(1, 8.0), (10, 9.0)]})
"""

import math
from html import escape

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 46, 76
COLOURS = ["#1f6feb", "#c2410c", "#15803d", "#7e22ce", "#475569"]
DASHES = ["", "6 4", "2 3", "8 3 2 3", "1 4"]


def decades(values):
    """The powers of ten around the values."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return list(range(low, max(high, low + 1) + 1))


def power(exponent):
    return f"{10 ** exponent:,}" if exponent >= 0 else f"{10.0 ** exponent:g}"


def scale(powers, begin, end):
    """Where on a line a value stands."""
    first, last = powers[0], powers[-1]
    return lambda value: begin + (math.log10(value) - first) / (last - first) * (end - begin)


def grid(across, up, x, y):
    style = 'stroke="#d0d7de" stroke-width="1"'
    for exponent in across:
        at = x(10.0 ** exponent)
        yield f'<line x1="{at:.1f}" y1="{TOP}" x2="{at:.1f}" y2="{HEIGHT - BOTTOM}" {style}/>'
        yield f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{power(exponent)}</text>'
    for exponent in up:
        at = y(10.0 ** exponent)
        yield f'<line x1="{LEFT}" y1="{at:.1f}" x2="{WIDTH - RIGHT}" y2="{at:.1f}" {style}/>'
        yield f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{power(exponent)}</text>'


def line(number, name, points, x, y):
    colour, dash = COLOURS[number % len(COLOURS)], DASHES[number % len(DASHES)]
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    way = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in points)
    yield f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>'
    for a, b in points:
        yield f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="3" fill="{colour}"><title>{escape(name)}: {b:,.1f} at {a:,}</title></circle>'
    left = LEFT + number * 210
    yield f'<line x1="{left}" y1="{HEIGHT - 16}" x2="{left + 28}" y2="{HEIGHT - 16}" stroke="{colour}" stroke-width="2"{dashes}/>'
    yield f'<text x="{left + 34}" y="{HEIGHT - 12}">{escape(name)}</text>'


def svg(title, across, series):
    """The chart; all numbers are above zero."""
    points = [point for line_of in series.values() for point in line_of]
    right, up = decades([a for a, _ in points]), decades([b for _, b in points])
    x, y = scale(right, LEFT, WIDTH - RIGHT), scale(up, HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="24" font-size="15">{escape(title)}</text>',
        *grid(right, up, x, y),
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - BOTTOM + 36}" text-anchor="middle">{escape(across)}</text>',
    ]
    for number, (name, values) in enumerate(series.items()):
        parts.extend(line(number, name, values, x, y))
    return "\n".join([*parts, "</svg>"]) + "\n"
