"""Checks of the tokenizer: added words, dead tokens, changed parts, dummies, ids without rows (rows 6-10, 17)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from mothertongue.models.doctor.finding import Found, NotApplicable, Severity, listed, shown
from mothertongue.models.doctor.folder import ModelFolder, attempt

PROBES = (
    "The miller opened the sluice.", "De molenaar opende de sluis.", "Mylläri avasi sulun.", "Młynarz otworzył śluzę.",
    "Değirmenci kapağı açtı.", "Người thợ xay mở cống.", "Мельник открыл шлюз.", "Ο μυλωνάς άνοιξε το νερό.",
    "הטוחן פתח את הסכר.", "فتح الطحان الماء.", "آسیابان آب را باز کرد.", "चक्की वाले ने पानी खोला।", "কলওয়ালা জল খুলল।",
    "மில்லர் தண்ணீரைத் திறந்தார்.", "මෝල්කරු වතුර ඇරියේය.", "คนโม่เปิดน้ำ", "ሰላም ለዓለም።", "გამარჯობა მსოფლიო", "Բարեւ աշխարհ",
    "磨坊主打开了水闸。", "粉屋は水門を開けた。", "방앗간 주인이 수문을 열었다.", "ߌ ߣߌ ߗߋ߫", "𞤀𞤣𞤤𞤢𞤥", "ᎣᏏᏲ",
    "1234567890 3.14 -1e-5",
    "def f(x):\n\treturn x ** 2  # {}[]", "😀👩‍👩‍👧 e\u0301 \u200b\u202e", "\x00\x01\x7f",
    "  \n\n\t  ", "aaaaaaaaaaaaaaaa",
)  # fmt: skip
"""Texts in many scripts, numbers, code, control characters: whatever the tokenizer makes of them needs a row."""

_MANY_WORDS = 100
_DEAD_WARNING, _DEAD_NEW_ERROR = 0.01, 0.10
_CONTEXTS = ("{}", "({}", "({}(", " {}", "1{}", "a{}", "\n{}", "{}a")
_PARTS: tuple[tuple[str, Severity], ...] = (
    ("normalizer", "error"),
    ("pre_tokenizer", "error"),
    ("post_processor", "warning"),
    ("decoder", "warning"),
)
_LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)


@cache
def byte_symbols() -> dict[str, int]:
    """The byte behind each of the 256 symbols that a byte-level tokenizer spells its tokens with."""
    visible = [byte for byte in range(256) if chr(byte).isprintable() and chr(byte) != " "]
    hidden = [byte for byte in range(256) if byte not in visible]
    return {chr(byte): byte for byte in visible} | {chr(256 + place): byte for place, byte in enumerate(hidden)}


def added_words(folder: ModelFolder) -> Iterator[Found]:
    """Row 6: added tokens that are ordinary words; they bypass the merges and are cut out of longer words."""
    words = {token.content: token for token in folder.added.values() if _is_word(token.content)}
    if words:
        inside = [text for text, token in words.items() if not token.single_word]
        yield Found(
            "error" if len(words) >= _MANY_WORDS else "warning",
            f"{len(words):,} added tokens are ordinary words ({listed(words)}); {len(inside):,} of them are also cut "
            "out of the middle of longer words",
        )


def _is_word(text: str) -> bool:
    bare = text.strip().lstrip("▁Ġ")
    return any(c.isalpha() for c in bare) and all(c.isalnum() or c in "'’-" or not c.isascii() for c in bare)


def reachable_tokens(folder: ModelFolder) -> Iterator[Found]:
    """Row 7: how many tokens some text can produce; merges at the wrong place of the list never apply."""
    ordinary = folder.ordinary
    if not ordinary:
        raise NotApplicable("the vocabulary has no ordinary tokens")
    dead = unreachable(folder)
    text = f"reachability {100 * (1 - len(dead) / len(ordinary)):.2f} %: {len(dead):,} of {len(ordinary):,} tokens"
    if dead:
        new = set(folder.new_tokens) if folder.reference is not None else set()
        lost = [token for token in dead if token in new]
        if lost:
            yield Found(
                "error" if len(lost) > _DEAD_NEW_ERROR * len(new) else "warning",
                f"{text} can never be produced, {len(lost):,} of the {len(new):,} new ones among them ({listed(lost)})",
            )
        else:
            many = len(dead) > _DEAD_WARNING * len(ordinary)
            yield Found("warning" if many else "note", f"{text} can never be produced ({listed(dead)})")


def unreachable(folder: ModelFolder) -> list[str]:
    """The ordinary tokens that no text was found to produce.

    A BPE token exists in some word only if the merges rebuild it from its own symbols, so that walk is exact. Then the
    pre-tokenizer must leave it whole: its text is encoded alone and between other characters.
    """
    model, live, ordinary = folder.live.model, folder.live, folder.ordinary
    is_bpe = folder.tokenizer_json["model"].get("type") == "BPE"
    dead = {t for t, i in ordinary.items() if [p.id for p in model.tokenize(t)] != [i]} if is_bpe else set()
    texts = {token: text for token in ordinary if token not in dead and (text := _text(folder, token)) is not None}
    for context in _CONTEXTS:
        waiting = list(texts)
        if not waiting:
            break
        encoded = live.encode_batch([context.format(texts[token]) for token in waiting], add_special_tokens=False)
        for token, encoding in zip(waiting, encoded, strict=True):
            if ordinary[token] in encoding.ids:
                del texts[token]
    return [token for token in ordinary if token in dead or token in texts]


def _text(folder: ModelFolder, token: str) -> str | None:
    """The characters that a token stands for; None where it holds only a part of one."""
    parts = folder.tokenizer_json
    if '"ByteLevel"' in json.dumps([parts.get("pre_tokenizer"), parts.get("decoder")]):
        table = byte_symbols()
        if not all(symbol in table for symbol in token):
            return token
        try:
            return bytes(table[symbol] for symbol in token).decode("utf-8")
        except UnicodeDecodeError:
            return None
    return token.removeprefix("##").replace("▁", " ")


def tokenizer_parts(folder: ModelFolder) -> Iterator[Found]:
    """Row 9: normaliser, pre-tokenizer and decoder, byte for byte as the reference's; else known to llama.cpp."""
    ours = folder.tokenizer_json
    if folder.reference is None:
        name = known_pre_tokenizer(ours)
        if name is None:
            found = json.dumps(ours.get("pre_tokenizer"), ensure_ascii=False)
            yield Found(
                "note", f"the pre-tokenizer is of no family known here ({found[:100]}); llama.cpp may not recognise it"
            )
        return
    theirs = folder.reference.tokenizer_json
    for part, severity in _PARTS:
        mine, other = (json.dumps(parts.get(part), ensure_ascii=False, sort_keys=True) for parts in (ours, theirs))
        if mine != other:
            text = f"the {part} differs: {_clipped(mine, other)}, the reference has {_clipped(other, mine)}"
            yield Found(severity, text)


def _clipped(text: str, other: str) -> str:
    """Eighty characters of `text` around the first that differs from `other`."""
    first = next((place for place, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), 0)
    start = max(0, first - 20)
    return ("..." if start else "") + text[start : start + 80] + ("..." if len(text) > start + 80 else "")


def known_pre_tokenizer(parts: dict[str, Any]) -> str | None:
    """The family of a tokenizer's pre-tokenizer: gpt-2, smollm, llama-3, qwen2 or sentencepiece; None if unknown."""
    pre, model = parts.get("pre_tokenizer"), parts["model"]
    if pre is None or pre.get("type") == "Metaspace":
        return "sentencepiece" if model.get("byte_fallback") or model.get("type") == "Unigram" else None
    steps = [_step(step) for step in (pre.get("pretokenizers") or [] if pre.get("type") == "Sequence" else [pre])]
    families = {
        ("bytes, words",): "gpt-2",
        ("digits", "bytes, words"): "smollm",
        (f"split {_LLAMA3}", "bytes"): "llama-3",
        (f"split {_LLAMA3.replace('{1,3}', '')}", "bytes"): "qwen2",
    }
    return families.get(tuple(steps))


def _step(step: dict[str, Any]) -> str:
    if step.get("type") == "ByteLevel" and not step.get("add_prefix_space"):
        return "bytes, words" if step.get("use_regex", True) else "bytes"
    if step.get("type") == "Digits" and step.get("individual_digits"):
        return "digits"
    if step.get("type") == "Split" and step.get("behavior") == "Isolated" and not step.get("invert"):
        return f"split {step.get('pattern', {}).get('Regex')}"
    return f"other {step.get('type')}"


def dummy_tokens(folder: ModelFolder) -> Iterator[Found]:
    """Row 10: `<extra_id_n>` tokens that only fill a matrix up to a multiple of 64."""
    dummies = [token for token in folder.vocab if re.fullmatch(r"<extra_id_\d+>", token)]
    if dummies:
        filled = max(folder.vocab.values()) + 1
        yield Found(
            "warning",
            f"{len(dummies):,} dummy tokens ({listed(dummies)}) fill the vocabulary up to {filled:,}"
            + (", a multiple of 64" if filled % 64 == 0 else ""),
        )


def encoded_ids(folder: ModelFolder) -> Iterator[Found]:
    """Row 17: no text leads to an id without a row; ids that the vocabulary itself lists are row 5's to report."""
    listed_ids = set(folder.vocab.values())
    sources: list[tuple[str, Any]] = [("tokenizer.json", lambda text: folder.live.encode(text).ids)]
    if attempt(lambda: folder.tokenizer)[0] == "":
        sources.append(("transformers", lambda text: folder.tokenizer(text)["input_ids"]))
    texts = [*PROBES, *(token.content for token in folder.added.values())]
    for name, encode in sources:
        worst = max(((index, text) for text in texts for index in encode(text)), default=(-1, ""))
        if worst[0] >= folder.rows and worst[0] not in listed_ids:
            yield Found(
                "error", f"{name} encodes {shown(worst[1])} to id {worst[0]:,}, the matrix has {folder.rows:,} rows"
            )
            return
