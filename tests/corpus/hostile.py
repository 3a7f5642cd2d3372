"""Hostile inputs from a seed: texts that break taggers, and files that break readers.

`hostile_texts(seed, count)` gives texts; the same seed gives the same texts on every machine.
Every kind of text comes in turn, and every 64th text is about a million characters long.
"""

import random
from collections.abc import Callable, Iterator

LONG = 1_000_000
LONG_EVERY = 64

Draw = random.Random
Kind = Callable[[Draw, int], str]

EMOJI = "😀🏳️‍🌈👩‍👩‍👧‍👦👍🏽🇳🇱🇳❤️‍🔥🧑🏿‍🚀"
DIRECTIONS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u180e\u115f\u3164"
BREAKS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029\r\n\n\n"
SPACES = " \t\u00a0\u1680\u2000\u2003\u202f\u205f\u3000"
# Digits that str.isdigit() takes and int() does not, letters that grow or shrink when case or form is changed.
ODD_DIGITS = "²③৪٣߃𝟘𝍩௰½Ⅻ〇"
GROWING = "ßİŉǰΐﬃﷺﬗẞſǅ"
MARKS = "\u0300\u0301\u0323\u0489\u20dd\u1ab0\u0f39\u0315"
PUNCTUATION = "!?.,;:…-–—*#_=~^|/\\'\"«»()[]{}<>&%$@"
UNASSIGNED = "\U0010ffff\ufffe\ufffd\u0378\ue000\U000e0041\U000f0000\ufdd0"
LETTERS = {
    "latin": "abcdefghijklmnopqrstuvwxyzéèëïñøåšž",
    "arabic": "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "hebrew": "אבגדהוזחטיכלמנסעפצקרשת",
    "thai": "กขคงจฉชซฌญฎฐดตถทธนบปผพภมยรลวสหอฮะาิีุูเแโใไ",
    "han": "的一是不了人我在有他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自",
    "devanagari": "अआइईउऊएऐओऔकखगघचछजझटठडढतथदधनपफबभमयरलवशषसह्ािीुूेैोौं",
}


def _from(alphabet: str) -> Kind:
    return lambda draw, size: "".join(draw.choices(alphabet, k=size))


def _run(alphabet: str) -> Kind:
    """Return a kind that repeats one character of an alphabet."""
    return lambda draw, size: draw.choice(alphabet) * size


def _repeated(*units: str) -> Kind:
    """Return a kind that repeats one of some strings and breaks off with an odd ending, as backtracking dislikes."""

    def make(draw: Draw, size: int) -> str:
        unit = draw.choice(units)
        return (unit * (size // len(unit) + 1))[:size] + draw.choice(["", "!", "\n", "\0", " ", "x"])

    return make


def _words(script: str, separator: str) -> Kind:
    def make(draw: Draw, size: int) -> str:
        words = ["".join(draw.choices(LETTERS[script], k=draw.randint(1, 12))) for _ in range(max(1, size // 8))]
        return separator.join(words)

    return make


def _nested(opening: str, closing: str) -> Kind:
    """Return a kind of deep nesting, closed or left open."""

    def make(draw: Draw, size: int) -> str:
        depth = max(1, size // (len(opening) + len(closing)))
        return opening * depth + "kern" + closing * (depth if draw.random() < 0.5 else depth // 2)

    return make


def _sprinkled(alphabet: str) -> Kind:
    """Return a kind of usual words with a foreign character after every seven letters."""

    def make(draw: Draw, size: int) -> str:
        text = _words("latin", " ")(draw, size)
        pieces = [text[start : start + 7] for start in range(0, len(text), 7)]
        return "".join(piece + draw.choice(alphabet) for piece in pieces)

    return make


def _any_code_point(draw: Draw, size: int) -> str:
    return "".join(chr(draw.randrange(0x110000)) for _ in range(size))


def _repeated_lines(draw: Draw, size: int) -> str:
    lines = [_words("latin", " ")(draw, 40) for _ in range(3)]
    return "\n".join(draw.choices(lines, k=max(1, size // 40)))


def _towers(draw: Draw, size: int) -> str:
    return "".join(letter + "".join(draw.choices(MARKS, k=60)) for letter in draw.choices("aeo", k=max(1, size // 61)))


KINDS: dict[str, Kind] = {
    "emoji": _from(EMOJI),
    "one emoji": _run("😀❤👍"),
    "one letter": _run("aب的\u0e01"),
    "one mark": _run(PUNCTUATION),
    "marks": _from(PUNCTUATION),
    "spaces": _from(SPACES),
    "breaks": _from(BREAKS),
    "one break": _run("\n\r\u2028"),
    "short lines": _from("ab\n"),
    "repeated lines": _repeated_lines,
    "lone surrogates": _from("\ud800\udbff\udc00\udfffab "),
    "sprinkled surrogates": _sprinkled("\ud83d\ude00\udfff"),
    "directions": _from(DIRECTIONS + LETTERS["hebrew"]),
    "right to left": _words("arabic", " "),
    "sprinkled directions": _sprinkled(DIRECTIONS),
    "zero width": _from(ZERO_WIDTH),
    "sprinkled zero width": _sprinkled(ZERO_WIDTH),
    "NUL": _sprinkled("\0"),
    "controls": _from("".join(map(chr, range(32))) + "\x7f\x80\x9f"),
    "combining towers": _towers,
    "only combining marks": _from(MARKS),
    "growing letters": _from(GROWING + "\u0130\u0345"),
    "odd digits": _from(ODD_DIGITS),
    "digits": _from("0123456789"),
    "unassigned": _from(UNASSIGNED),
    "any code point": _any_code_point,
    "no spaces": _from(LETTERS["han"]),
    "no spaces, with marks": _from(LETTERS["thai"]),
    "clusters": _words("devanagari", " "),
    "one line of words": _words("latin", " "),
    "one word": _from(LETTERS["latin"]),
    "addresses cut short": _repeated("a@", "a.a@a.", "http://a/", "www.a.", "@@@@", "a.b-c_d+e@f.g."),
    "numbers cut short": _repeated("1.", "192.168.", "+31 6 ", "4111-", "NL91ABNA", "0x0", "1,000,", "(020)"),
    "patterns that backtrack": _repeated("a a", "((", "aaab", ".-.", "- -", "  .", "<a", "&#1", "{{", "\\x", "\\ud800"),
    "HTML, deep": _nested("<div>", "</div>"),
    "XML, deep": _nested('<a b="c">', "</a>"),
    "JSON, deep": _nested('{"a":[', "]}"),
    "brackets": _nested("([{«", "»}])"),
    "boilerplate of programs": _repeated("lorem ipsum ", "javascript {", "read more...\n", "- \n", "cookies "),
    "little": lambda draw, _size: draw.choice(["", " ", "\n", "\0", "\ufeff", "\ud800", "a", "😀", "\u0301", "²"]),
}


def hostile_texts(seed: int, count: int) -> Iterator[str]:
    """Yield `count` texts that no writer meant to write; some hold lone surrogates, so encode with `surrogatepass`."""
    kinds = list(KINDS.values())
    for number in range(count):
        draw = random.Random(f"{seed}:{number}")
        size = LONG if number % LONG_EVERY == LONG_EVERY - 1 else int(10 ** draw.uniform(0, 4))
        yield kinds[number % len(kinds)](draw, size)
