# SPDX-License-Identifier: MIT
"""A picture of bars, one a line, as SVG that any browser shows."""

from xml.sax.saxutils import escape

LEFT, WIDTH, LINE, TOP = 330, 420, 24, 44
OURS, OTHERS = "#2a6f97", "#adb5bd"


def _bar(i, label, value, reason, colour, biggest):
    y = TOP + i * LINE
    lines = [f'<text x="{LEFT - 8}" y="{y + 15}" text-anchor="end">{escape(label)}</text>']
    if value is None:
        lines.append(f'<text x="{LEFT}" y="{y + 15}" fill="#868e96">{escape(reason or "")}</text>')
    else:
        width = round(WIDTH * value / biggest)
        lines.append(f'<rect x="{LEFT}" y="{y + 3}" width="{width}" height="{LINE - 7}" '
                     f'fill="{colour}"/>')
        lines.append(f'<text x="{LEFT + width + 6}" y="{y + 15}">{value}</text>')
    return lines


def write(path, picture):
    """picture: title, bars [(label, value or None, reason)], and ours: the word
    that the labels of our own bars begin with."""
    bars = picture["bars"]
    biggest = max((value for _, value, _ in bars if value is not None), default=1)
    height = TOP + len(bars) * LINE + 10
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 80}" '
             f'height="{height}" font-family="sans-serif" font-size="13">',
             '<rect width="100%" height="100%" fill="white"/>',
             f'<text x="10" y="24" font-weight="bold">{escape(picture["title"])}</text>']
    for i, (label, value, reason) in enumerate(bars):
        colour = OURS if label.startswith(picture["ours"]) else OTHERS
        lines += _bar(i, label, value, reason, colour, biggest)
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(lines + ["</svg>"]) + "\n")
