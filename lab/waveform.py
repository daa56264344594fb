# SPDX-License-Identifier: MIT
"""The demo's sound as a picture: what the chip played, and when its driver was
killed meanwhile."""

import array

WIDTH, HEIGHT, LEFT = 1200, 240, 10


def loudest(samples, columns):
    """For each column, the lowest and the highest sample."""
    per = max(1, len(samples) // columns)
    pieces = (samples[i * per:(i + 1) * per] for i in range(columns))
    return [(min(piece), max(piece)) if piece else (0, 0) for piece in pieces]


def draw(wav, path, frames, start, kills):
    """frames of wav from start on (both in frames), with a line at each kill."""
    with open(wav, "rb") as file:
        file.seek(44 + start * 4)
        data = file.read(frames * 4)
    samples = array.array("h", data[:len(data) // 4 * 4])[::2]
    middle = HEIGHT / 2
    bars = " ".join(f"M{LEFT + x} {middle - high / 32768 * middle:.1f}V{middle - low / 32768 * middle:.1f}"
                    for x, (low, high) in enumerate(loudest(samples, WIDTH)))
    lines = "".join(f'<path d="M{LEFT + at * WIDTH / frames:.1f} 0v{HEIGHT}" stroke="#d33"/>'
                    for at in kills)
    seconds = frames / 48000
    with open(path, "w", encoding="utf-8") as out:
        out.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH + 2 * LEFT}" '
                  f'height="{HEIGHT + 40}" font-family="sans-serif" font-size="14">\n'
                  f'<rect width="100%" height="100%" fill="#fff"/>\n'
                  f'<path d="{bars}" stroke="#357" fill="none"/>\n{lines}\n'
                  f'<text x="{LEFT}" y="{HEIGHT + 25}">{seconds:.0f} s of sound as the chip played '
                  f'it; at each red line its driver was killed ({len(kills)} times)</text>\n</svg>\n')
