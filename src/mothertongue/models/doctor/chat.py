"""Checks of how a prompt begins and how an answer ends: one BOS token, and a template that stops (row 16)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from mothertongue.models.doctor.finding import Found, NotApplicable, listed, shown
from mothertongue.models.doctor.folder import ModelFolder

# The capped process that renders templates everywhere else. It is a script that imports nothing of the package, and
# is only ever started as one, so the room above is not imported.
_WORKER = Path(__file__).parents[2] / "prompting" / "worker.py"
_SECONDS = 60.0
_QUESTION, _ANSWER = "questionmark", "answermark"
_CHAT = [{"role": "user", "content": _QUESTION}, {"role": "assistant", "content": _ANSWER}]
_TEMPLATE = "chat_template.jinja"
_LARGEST_TEMPLATE = 1 << 20


@dataclass(frozen=True)
class _Rendered:
    """A question with its answer, the question alone, and the question with the assistant's turn opened."""

    chat: str
    closed: str
    opened: str


def one_bos(folder: ModelFolder) -> Iterator[Found]:
    """Row 16: a text and a chat begin with exactly one BOS token where the tokenizer wants one."""
    tokenizer = folder.tokenizer
    bos = tokenizer.bos_token_id
    plain = _ids(tokenizer("a"))
    raw = folder.live.encode("a").ids
    if plain != raw:
        yield Found("warning", f"tokenizer.json alone encodes 'a' as {raw[:8]}, transformers as {plain[:8]}")
    if bos is None:
        return
    adds = _leading(plain, bos)
    if adds > 1:
        yield Found("error", f"encoding adds the BOS token {shown(tokenizer.bos_token)} {adds} times: {plain[:8]}")
    settings = folder.json("tokenizer_config.json") if folder.exists("tokenizer_config.json") else {}
    if settings.get("add_bos_token") and not adds:
        yield Found("error", f"add_bos_token is true, but encoding begins without BOS: {plain[:8]}")
    template = _template(folder)
    if template is None:
        return
    try:
        text = _render(template, _variables(tokenizer)).chat
    except ValueError:
        return  # the check of the template says so
    begin = _leading(folder.live.encode(text, add_special_tokens=False).ids, bos)
    if begin > 1:
        yield Found("error", f"the chat template writes the BOS token {begin} times")
    elif adds and not begin:
        yield Found("error", "encoding adds a BOS token to texts, but the chat template writes none")
    elif adds == 1 and begin == 1:
        yield Found(
            "note",
            "template and tokenizer both add a BOS token: a rendered chat must be encoded with "
            "add_special_tokens=False, or it begins with two",
        )


def template_ends(folder: ModelFolder) -> Iterator[Found]:
    """Row 16: a chat template is there, renders, and ends an answer with a token at which generation stops."""
    template = _template(folder)
    if template is None:
        yield Found("warning", "the folder has no chat template")
        return
    yield from _two_templates(folder, template)
    try:
        rendered = _render(template, _variables(folder.tokenizer))
    except ValueError as error:
        yield Found("error", f"the chat template does not render: {error}")
        return
    if _QUESTION not in rendered.chat or _ANSWER not in rendered.chat:
        yield Found("error", "the chat template drops the text of a message")
        return
    if rendered.opened == rendered.closed:
        yield Found("warning", "the chat template ignores add_generation_prompt: the assistant's turn is never opened")
    yield from _end(folder, rendered.chat.rsplit(_ANSWER, 1)[1])


def _end(folder: ModelFolder, tail: str) -> Iterator[Found]:
    controls = {index for index, token in folder.added.items() if token.special}
    controls |= set(folder.tokenizer.all_special_ids)
    written = folder.live.encode(tail, add_special_tokens=False).ids
    ends = [index for index in written if index in controls]
    if not ends:
        text = f"the chat template ends the assistant's turn with {shown(tail)}, which is no control token"
        yield Found("error", text)
    elif ends[0] not in folder.end_ids and not folder.is_adapter:  # an adapter stops where its base does
        name = folder.live.id_to_token(ends[0])
        yield Found(
            "error",
            f"the chat template ends the assistant's turn with {shown(name)} (id {ends[0]}), but "
            f"generation stops at {listed(folder.end_ids) or 'no token'}",
        )


def _two_templates(folder: ModelFolder, template: str) -> Iterator[Found]:
    if folder.exists(_TEMPLATE) and folder.exists("tokenizer_config.json"):
        other = folder.json("tokenizer_config.json").get("chat_template")
        if isinstance(other, str) and other != template:
            yield Found("warning", f"{_TEMPLATE} and the chat_template in tokenizer_config.json differ")


def _template(folder: ModelFolder) -> str | None:
    if folder.exists(_TEMPLATE):
        path = folder.path / _TEMPLATE
        if path.stat().st_size > _LARGEST_TEMPLATE:
            raise NotApplicable(f"{_TEMPLATE} is larger than a mebibyte")
        return path.read_text("utf-8", "replace")
    if folder.is_adapter:
        raise NotApplicable("the folder holds an adapter without a chat template")
    found = folder.json("tokenizer_config.json").get("chat_template")
    if isinstance(found, list):  # an old form: named templates
        named = {entry.get("name"): entry.get("template") for entry in found if isinstance(entry, dict)}
        found = named.get("default")
    return found if isinstance(found, str) and found else None


def _variables(tokenizer: Any) -> str:
    names = {name: str(token) for name, token in tokenizer.special_tokens_map.items() if isinstance(token, str)}
    return json.dumps({**names, "tools": None, "documents": None})


def _render(template: str, variables: str) -> _Rendered:
    """The template's texts; ValueError if it is refused or fails. `variables` is JSON."""
    found = _rendered(template, variables)
    if isinstance(found, str):
        raise ValueError(found)
    return found


@lru_cache(maxsize=8)
def _rendered(template: str, variables: str) -> _Rendered | str:
    """The template's texts from one capped process, or why there are none."""
    given = json.loads(variables)
    requests = (
        {"template": template, "variants": [_CHAT, _CHAT[:1]], "variables": {**given, "add_generation_prompt": False}},
        {"template": template, "variants": [_CHAT[:1]], "variables": {**given, "add_generation_prompt": True}},
    )
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONIOENCODING": "utf-8:surrogatepass"}
    environment |= {"SYSTEMROOT": os.environ["SYSTEMROOT"]} if "SYSTEMROOT" in os.environ else {}
    try:
        done = subprocess.run(
            [sys.executable, "-P", str(_WORKER)],
            input="".join(json.dumps(request) + "\n" for request in requests),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            encoding="utf-8",
            errors="surrogatepass",
            timeout=_SECONDS,
            check=False,
        )
        first, second = (json.loads(line) for line in done.stdout.splitlines()[1:])
    except (subprocess.TimeoutExpired, ValueError):
        return "it ended the process that renders it"
    for reply in (first, second):
        if "refused" in reply:
            return f"{reply['refused']}: {reply['message'][:150]}"
    return _Rendered(first["texts"][0], first["texts"][1], second["texts"][0])


def _ids(encoded: Any) -> list[int]:
    return [int(index) for index in encoded["input_ids"]]


def _leading(found: Sequence[int], token: int) -> int:
    return next((place for place, index in enumerate(found) if index != token), len(found))
