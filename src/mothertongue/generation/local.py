"""Generation with a transformers model in this process: batched, repeatable, with streaming for chat.

Prompts are padded on the left. Every row samples from a random source of its own, made from the seed and the prompt,
so a batch gives what its prompts give alone. Rows that have ended leave the batch. Ids beyond the tokenizer (padding
rows of the matrix) are never chosen.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch

from mothertongue.errors import InputError, Problem
from mothertongue.generation.protocol import Completion, Prompt, Sampling
from mothertongue.prompting.chat import end_of_turn, render_chat

_UNFINISHED = "\ufffd"  # what decoding shows for a character whose last bytes are still to come


@dataclass
class _Row:
    """A prompt on its way: what was generated, its random source, and its reason to end once it has ended."""

    place: int
    prompt: list[int]
    random: np.random.Generator
    limit: int
    ids: list[int] = field(default_factory=list)
    text: str | None = None
    finished: str = ""


class LocalGenerator:
    """Completes prompts with one model; a `Generator`.

    `batch_size` rows are decoded together. `ends` are the ids that end an answer: by default the end of turn of the
    chat template and the eos ids of the generation config.
    """

    def __init__(self, model: Any, tokenizer: Any, batch_size: int = 32, ends: Sequence[int] | None = None) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.batch_size = batch_size
        self.ends = frozenset(_ends(model, tokenizer) if ends is None else ends)
        self.context: int = getattr(model.config.get_text_config(), "max_position_embeddings", None) or 1 << 30

    @cached_property
    def identity(self) -> str:
        """A hash of weights, tokenizer and template, computed once; make a new generator after training."""
        digest = hashlib.blake2b(digest_size=16)
        for name, tensor in (*self.model.named_parameters(), *self.model.named_buffers()):
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
        digest.update(self.tokenizer.backend_tokenizer.to_str().encode())
        digest.update(json.dumps([self.tokenizer.chat_template, sorted(self.ends)]).encode())
        return digest.hexdigest()

    def generate(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[Completion]:
        """One completion per prompt, in order; InputError (MT641) for a prompt that leaves no room in the context."""
        rows = self._rows(prompts, sampling)
        waiting = sorted(rows, key=lambda row: -len(row.prompt))
        for begin in range(0, len(waiting), self.batch_size):
            for _ in self._decode(waiting[begin : begin + self.batch_size], sampling):
                pass
        return [self._completion(row) for row in rows]

    def stream(self, prompt: Prompt, sampling: Sampling) -> Iterator[str]:
        """The text of one completion in pieces as it is made; joined they are `generate`'s text."""
        rows = self._rows([prompt], sampling)
        held = max((len(text) for text in sampling.stop), default=1) - 1  # a stop text may have begun
        shown = 0
        for _ in self._decode(rows, sampling):
            text = self._text(rows[0].ids).rstrip(_UNFINISHED)
            end = len(text) - held
            if not rows[0].finished and end > shown:
                yield text[shown:end]
                shown = end
        rest = self._completion(rows[0]).text[shown:]
        if rest:
            yield rest

    def _rows(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[_Row]:
        rows: list[_Row] = []
        problems: list[Problem] = []
        seen: Counter[bytes] = Counter()
        for place, prompt in enumerate(prompts):
            ids = self.prompt_ids(prompt)
            room = self.context - len(ids)
            if not ids or room < 1:
                allowed = f"1 to {self.context - 1} tokens"
                message = "the prompt leaves no room for an answer" if ids else "the prompt is empty"
                problems.append(Problem("MT641", message, f"prompt {place}", value=str(len(ids)), allowed=allowed))
            key = hashlib.sha256(json.dumps(ids).encode()).digest()
            words = np.frombuffer(key, np.uint32).tolist()
            random = np.random.default_rng([sampling.seed, seen[key], *words])
            seen[key] += 1
            rows.append(_Row(place, ids, random, min(sampling.max_new_tokens, room)))
        if problems:
            raise InputError(problems)
        return rows

    def prompt_ids(self, prompt: Prompt) -> list[int]:
        """The ids of a prompt: as given, or a chat rendered up to where the assistant begins."""
        ids: list[int] = []
        messages = []
        for part in prompt:
            if isinstance(part, int):
                ids.append(part)
            else:
                messages.append(part)
        return render_chat(self.tokenizer, messages, add_generation_prompt=True) if messages else ids

    def _decode(self, rows: list[_Row], sampling: Sampling) -> Iterator[None]:
        """Decode a batch to its end; yields after every step. Works on the rows in place."""
        training = self.model.training
        self.model.eval()
        try:
            inputs = self._prefill_inputs(rows)
            active, cache = list(rows), None
            while active:
                with torch.inference_mode():
                    output = self.model(**inputs, past_key_values=cache, use_cache=True, logits_to_keep=1)
                cache = output.past_key_values
                self._choose(active, output.logits[:, -1, : len(self.tokenizer)].float(), sampling)
                yield
                kept = [number for number, row in enumerate(active) if not row.finished]
                if len(kept) < len(active):
                    cache, inputs = _selected(cache, inputs, kept)
                    active = [active[number] for number in kept]
                inputs = _next_inputs(inputs, active)
        finally:
            self.model.train(training)

    def _prefill_inputs(self, rows: Sequence[_Row]) -> dict[str, torch.Tensor]:
        width = max(len(row.prompt) for row in rows)
        ids, mask = np.zeros((2, len(rows), width), np.int64)
        for number, row in enumerate(rows):
            ids[number, width - len(row.prompt) :] = row.prompt
            mask[number, width - len(row.prompt) :] = 1
        places = np.maximum(mask.cumsum(1) - 1, 0)
        device = self.model.get_input_embeddings().weight.device
        arrays = {"input_ids": ids, "attention_mask": mask, "position_ids": places}
        return {name: torch.from_numpy(array).to(device) for name, array in arrays.items()}

    def _choose(self, rows: Sequence[_Row], logits: torch.Tensor, sampling: Sampling) -> None:
        greedy = logits.argmax(1).tolist() if sampling.temperature == 0 else None
        for number, row in enumerate(rows):
            chosen = greedy[number] if greedy else nucleus_choice(logits[number], sampling, row.random.random())
            row.ids.append(chosen)
            if chosen in self.ends:
                row.finished = "stop"
            elif sampling.stop and (cut := _stopped(self._text(row.ids), sampling.stop)) is not None:
                row.text, row.finished = cut, "stop"
            elif len(row.ids) >= row.limit:
                row.finished = "length"

    def _completion(self, row: _Row) -> Completion:
        text = self._text(row.ids) if row.text is None else row.text
        return Completion(text, row.ids, "stop" if row.finished == "stop" else "length")

    def _text(self, ids: Sequence[int]) -> str:
        text: str = self.tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return text


def nucleus_choice(logits: torch.Tensor, sampling: Sampling, uniform: float) -> int:
    """The id that a uniform number in [0, 1) picks from the smallest set of ids that holds `top_p` of the mass.

    logits [vocabulary]; the ids of the set stand in order of falling probability.
    """
    values, order = torch.sort(logits.double() / sampling.temperature, descending=True, stable=True)
    mass = torch.softmax(values, 0).cumsum(0)
    size = int(torch.searchsorted(mass, sampling.top_p).clamp(max=len(mass) - 1)) + 1
    place = int(torch.searchsorted(mass[:size], uniform * float(mass[size - 1]), right=True).clamp(max=size - 1))
    return int(order[place])


def _ends(model: Any, tokenizer: Any) -> list[int]:
    config = getattr(model, "generation_config", None)
    listed = getattr(config, "eos_token_id", None)
    found = [] if listed is None else [listed] if isinstance(listed, int) else list(listed)
    if tokenizer.chat_template:
        found += end_of_turn(tokenizer)
    elif tokenizer.eos_token_id is not None:
        found.append(int(tokenizer.eos_token_id))
    return found


def _stopped(text: str, stops: Sequence[str]) -> str | None:
    """The text before the earliest stop text in it; None if there is none."""
    places = [place for stop in stops if stop and (place := text.find(stop)) >= 0]
    return text[: min(places)] if places else None


def _selected(cache: Any, inputs: dict[str, torch.Tensor], kept: list[int]) -> tuple[Any, dict[str, torch.Tensor]]:
    device = inputs["attention_mask"].device
    index = torch.tensor(kept, dtype=torch.long, device=device)
    if kept:
        cache.batch_select_indices(index)
    return cache, {name: tensor[index] for name, tensor in inputs.items()}


def _next_inputs(inputs: dict[str, torch.Tensor], rows: Sequence[_Row]) -> dict[str, torch.Tensor]:
    mask = inputs["attention_mask"]
    newest = torch.tensor([[row.ids[-1]] for row in rows], dtype=torch.long, device=mask.device).view(len(rows), 1)
    return {
        "input_ids": newest,
        "attention_mask": torch.cat([mask, mask.new_ones((len(rows), 1))], 1),
        "position_ids": inputs["position_ids"][:, -1:] + 1,
    }
