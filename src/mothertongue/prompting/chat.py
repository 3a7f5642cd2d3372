"""Chats to token ids by the model's own template, with message content encoded apart from the template's scaffold.

The template runs in a capped worker (`renderer.py`) twice: once with the messages and once with placeholders for
their contents. The second text tells which characters of the first are scaffold. Only scaffold may become control
tokens (law 4). Where no content holds a control string the ids equal `tokenizer.apply_chat_template`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mothertongue.errors import InputError, Problem
from mothertongue.prompting.renderer import shared_renderer
from mothertongue.prompting.text import Encoded, control_tokens, encode_scaffold, encode_with_offsets, repair_surrogates

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Message = Mapping[str, str]

_ROLE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")


@dataclass(frozen=True)
class RenderedChat:
    """A chat as ids, the text they stand for, and a mask that is 1 on what the assistant writes.

    The mask covers the assistant's content and everything up to and including the control token that ends the turn.
    `ids` and `assistant_mask` have the same length; `text` is the template's output.
    """

    ids: list[int]
    text: str
    assistant_mask: list[int]


@dataclass(frozen=True)
class _Piece:
    """A stretch of the rendered text: scaffold (`message` is None) or the content of a message."""

    text: str
    message: int | None


def render_chat(
    tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message], add_generation_prompt: bool
) -> list[int]:
    """Token ids of a chat; special tokens inside the contents stay text. Raises as `render_chat_masked`."""
    return render_chat_masked(tokenizer, messages, add_generation_prompt).ids


def render_chat_masked(
    tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message], add_generation_prompt: bool = False
) -> RenderedChat:
    """A chat as ids with the mask of the assistant's tokens.

    Messages are mappings with the string keys `role` and `content`. Raises InputError: MT633 no template, MT634 a
    malformed message, MT635 the template changes or drops a content, MT636 the tokenizer cannot keep content and
    scaffold apart; TemplateRefusedError (MT631) when the template breaks a limit or fails.
    """
    template = chat_template(tokenizer)
    chat = _checked(messages)
    variables = {**_named_tokens(tokenizer), "add_generation_prompt": add_generation_prompt}
    variables.update(tools=None, documents=None)
    contents = [message["content"] for message in chat]
    marks = _placeholders(contents, template)
    marked = [{**message, "content": mark} for message, mark in zip(chat, marks, strict=True)]
    text, skeleton = shared_renderer().render(template, [chat, marked], variables)
    pieces = _located(text, _split(skeleton, marks), contents)
    encoded = _encode_pieces(tokenizer, pieces)
    mask = _assistant_mask(pieces, encoded, chat, set(control_tokens(tokenizer).values()))
    return RenderedChat(encoded[0], text, mask)


def chat_template(tokenizer: PreTrainedTokenizerBase) -> str:
    """The source of the template in the model's folder; InputError (MT633) if it has none."""
    template = tokenizer.chat_template
    if isinstance(template, dict):
        template = template.get("default")
    if not template:
        raise InputError(
            Problem("MT633", "the model has no chat template", key="chat_template", do="add chat_template.jinja")
        )
    return str(template)


def end_of_turn(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Ids that end an assistant's answer: the control token that the template writes after it, and the eos token."""
    found = [] if tokenizer.eos_token_id is None else [int(tokenizer.eos_token_id)]
    chat = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    rendered = render_chat_masked(tokenizer, chat)
    controls = set(control_tokens(tokenizer).values())
    ends = [
        index for index, own in zip(rendered.ids, rendered.assistant_mask, strict=True) if own and index in controls
    ]
    return ends + [index for index in found if index not in ends]


def _named_tokens(tokenizer: PreTrainedTokenizerBase) -> dict[str, str]:
    return {name: str(token) for name, token in tokenizer.special_tokens_map.items() if isinstance(token, str)}


def _checked(messages: Sequence[Message]) -> list[dict[str, str]]:
    problems: list[Problem] = []
    for index, message in enumerate(messages):
        where = f"message {index + 1}"
        role, content = message.get("role"), message.get("content")
        if not isinstance(role, str) or not _ROLE.fullmatch(role):
            problems.append(Problem("MT634", "a message needs a role", where, key="role", value=repr(role)[:80]))
        if not isinstance(content, str):
            kind = type(content).__name__
            problems.append(Problem("MT634", "a message needs text", where, key="content", value=kind))
    if not messages:
        problems.append(Problem("MT634", "a chat needs at least one message"))
    if problems:
        raise InputError(problems)
    return [{"role": m["role"], "content": repair_surrogates(m["content"])} for m in messages]


def _placeholders(contents: Sequence[str], template: str) -> list[str]:
    """One marker per content that occurs nowhere else; letters only, so that no template treats it specially."""
    stem = "contentmark"
    while stem in template or any(stem in content for content in contents):
        stem += "q"
    return [f"{stem}x{index}x" for index in range(len(contents))]


def _split(skeleton: str, marks: Sequence[str]) -> list[_Piece]:
    pattern = "(" + "|".join(map(re.escape, marks)) + ")"
    place = {mark: index for index, mark in enumerate(marks)}
    return [_Piece(part, place.get(part)) for part in re.split(pattern, skeleton) if part]


def _located(text: str, skeleton: Sequence[_Piece], contents: Sequence[str]) -> list[_Piece]:
    """The skeleton with contents put in as the template wrote them: whole, or with outer white space removed."""
    pieces: list[_Piece] = []
    at = 0
    for number, piece in enumerate(skeleton):
        if piece.message is None:
            written = piece.text if text.startswith(piece.text, at) else None
        else:
            following = skeleton[number + 1] if number + 1 < len(skeleton) else None
            written = _as_written(text, at, contents[piece.message], following)
        if written is None:
            raise _changed(piece.message)
        pieces.append(_Piece(written, piece.message))
        at += len(written)
    dropped = set(range(len(contents))) - {piece.message for piece in skeleton}
    lost = [index for index in sorted(dropped) if contents[index].strip()]
    if at != len(text) or lost:
        raise _changed(lost[0] if lost else None)
    return pieces


def _as_written(text: str, at: int, content: str, following: _Piece | None) -> str | None:
    for form in (content, content.strip(), content.rstrip(), content.lstrip()):
        end = at + len(form)
        ends_well = end == len(text) if following is None else True
        if following is not None and following.message is None:
            ends_well = text.startswith(following.text, end)
        if text.startswith(form, at) and ends_well:
            return form
    return None


def _changed(message: int | None) -> InputError:
    where = "" if message is None else f"message {message + 1}"
    return InputError(Problem("MT635", "the chat template changes or drops the text of a message", where))


def _encode_pieces(tokenizer: PreTrainedTokenizerBase, pieces: Sequence[_Piece]) -> Encoded:
    expected = _scaffold_controls(tokenizer, pieces)
    text = "".join(piece.text for piece in pieces)
    controls = control_tokens(tokenizer)
    plain = encode_scaffold(tokenizer, text)
    if _found_controls(plain, set(controls.values())) == expected:
        return plain
    apart = _encode_apart(tokenizer, text, expected)
    if not _cutting_is_neutral(tokenizer, pieces, controls):
        raise InputError(Problem("MT636", "this tokenizer cannot encode special tokens inside a message as text"))
    return apart


def _cutting_is_neutral(
    tokenizer: PreTrainedTokenizerBase, pieces: Sequence[_Piece], controls: Mapping[str, int]
) -> bool:
    """Whether encoding in parts changes nothing on the same chat without the special tokens in its contents.

    Tokenizers that add a space to each part fail here.
    """
    for whole_content in (False, True):  # the second where the seam of content and scaffold makes a token
        cleaned = [
            piece if piece.message is None else _Piece("x" if whole_content else _cleaned(piece.text, controls), 0)
            for piece in pieces
        ]
        text = "".join(piece.text for piece in cleaned)
        expected = _scaffold_controls(tokenizer, cleaned)
        whole = encode_scaffold(tokenizer, text)
        if _found_controls(whole, set(controls.values())) == expected:
            return _encode_apart(tokenizer, text, expected)[0] == whole[0]
    return False


def _scaffold_controls(tokenizer: PreTrainedTokenizerBase, pieces: Sequence[_Piece]) -> list[tuple[int, int, int]]:
    """(id, first character, last character) of each control token that the scaffold alone gives."""
    controls = set(control_tokens(tokenizer).values())
    found: list[tuple[int, int, int]] = []
    at = 0
    for piece in pieces:
        if piece.message is None:
            encoded = encode_scaffold(tokenizer, piece.text)
            found += [(index, at + a, at + b) for index, a, b in _found_controls(encoded, controls)]
        at += len(piece.text)
    return found


def _found_controls(encoded: Encoded, controls: set[int]) -> list[tuple[int, int, int]]:
    return [(index, a, b) for index, (a, b) in zip(*encoded, strict=True) if index in controls]


def _encode_apart(tokenizer: PreTrainedTokenizerBase, text: str, expected: list[tuple[int, int, int]]) -> Encoded:
    """Encode the text between the scaffold's control tokens as plain text, and put their ids where they stand."""
    ids: list[int] = []
    offsets: list[tuple[int, int]] = []
    at = 0
    for index, first, last in [*expected, (-1, len(text), len(text))]:
        if first > at:
            part, ranges = encode_with_offsets(tokenizer, text[at:first])
            ids += part
            offsets += [(at + a, at + b) for a, b in ranges]
        if index >= 0:
            ids.append(index)
            offsets.append((first, last))
        at = last
    return ids, offsets


def _cleaned(content: str, controls: Mapping[str, int]) -> str:
    """The content with a letter in the place of every control string, also of those that the removal makes."""
    strings = sorted(filter(None, controls), key=len, reverse=True)
    while any(string in content for string in strings):
        for string in strings:
            content = content.replace(string, "x")
    return content


def _assistant_mask(
    pieces: Sequence[_Piece], encoded: Encoded, chat: Sequence[Message], controls: set[int]
) -> list[int]:
    """1 from the first token of each assistant content through the next control token of the scaffold."""
    ids, offsets = encoded
    mask = [0] * len(ids)
    at = 0
    spans: list[tuple[int, int, bool]] = []
    for piece in pieces:
        if piece.message is not None:
            spans.append((at, at + len(piece.text), chat[piece.message]["role"] == "assistant"))
        at += len(piece.text)
    for number, (begin, end, own) in enumerate(spans):
        limit = spans[number + 1][0] if number + 1 < len(spans) else at
        if not own:
            continue
        inside = [k for k, (a, b) in enumerate(offsets) if a < end and b > begin]
        closing = [k for k, (a, b) in enumerate(offsets) if ids[k] in controls and end <= a and b <= limit]
        for k in inside or closing[:1]:
            mask[k] = 1
        if closing:
            first = inside[-1] if inside else closing[0]
            mask[first : closing[0] + 1] = [1] * (closing[0] + 1 - first)
    return mask
