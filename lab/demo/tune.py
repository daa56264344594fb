# SPDX-License-Identifier: MIT
"""A tune in which every moment is unlike any other, so that a recording of it shows
what was lost and repeated: the lowest bit of each sample is random."""

import array
import math
import random

RATE = 48000
QUAVER = RATE // 5
# Names of notes as multiples of a tenth of the octave's lowest frequency.
PITCH = {"c": 261.6, "d": 293.7, "e": 329.6, "f": 349.2, "g": 392.0, "a": 440.0, "b": 493.9,
         "C": 523.3}
TUNE = "ccggaagg ffeeddcc ggffeedd ggffeedd ccggaagg ffeeddcc".replace(" ", "")
WINDOW = 32                     # frames that are found nowhere else


def note(pitch, frames):
    """Two parts of one chord, fading; whole periods, so that they can be repeated."""
    left, right = round(RATE / pitch), round(RATE / pitch * 1.5)
    samples = array.array("h")
    for step in range(8):
        gain = 12000 * 0.7 ** step
        waves = [[int(gain * math.sin(2 * math.pi * i / n)) for i in range(n)]
                 for n in (left, right)]
        piece = array.array("h", bytes(frames // 8 * 4))
        for channel, (wave, n) in enumerate(zip(waves, (left, right))):
            piece[channel::2] = array.array("h", (wave * (frames // 8 // n + 1))[:frames // 8])
        samples.extend(piece)
    return samples


def tune(seconds):
    """Its frames as bytes: S16, stereo; none is silent."""
    cache = {name: note(PITCH[name], QUAVER).tobytes() for name in set(TUNE)}
    plain = b""
    while len(plain) < seconds * RATE * 4:
        plain += b"".join(cache[name] for name in TUNE)
    plain = plain[:seconds * RATE * 4]
    low = int.from_bytes(b"\x01\x00" * (len(plain) // 2), "little")
    noise = int.from_bytes(random.Random(1).randbytes(len(plain)), "little")
    number = int.from_bytes(plain, "little")
    mixed = array.array("I", ((number | low) ^ (noise & low)).to_bytes(len(plain), "little"))
    return array.array("I", (frame or 2 for frame in mixed)).tobytes()


def same(a, at, b, bt):
    """How many bytes from there on are alike."""
    n, step = 0, 1 << 16
    while step:
        while (piece := a[at + n:at + n + step]) and len(piece) == step and \
                piece == b[bt + n:bt + n + step]:
            n += step
        step >>= 1
    return n // 4 * 4


def compare(got, source):
    """What became of source's frames in got, which begins with some zeros."""
    result = dict.fromkeys(("played", "lost", "repeated", "wrong", "silent", "silent_max"), 0)
    at = got.find(source[:WINDOW * 4])
    result["start"] = at // 4
    expected = zeros = 0
    while 0 <= at < len(got) and expected < len(source):
        n = same(got, at, source, expected)
        at, expected = at + n, expected + n
        result["played"] += n // 4
        if n:
            zeros = 0
        elif got[at:at + 4] == b"\0\0\0\0":
            zeros += 1
            at += 4
            result["silent"] += 1
            result["silent_max"] = max(result["silent_max"], zeros)
        else:
            found = source.find(got[at:at + WINDOW * 4])
            if found < 0 or found % 4:
                result["wrong"] += 1
                at += 4
                continue
            result["lost" if found > expected else "repeated"] += abs(found - expected) // 4
            expected = found
    # What was not played at the very end is lost too, but for what QEMU keeps.
    result["missing_at_end"] = (len(source) - expected) // 4
    return result
