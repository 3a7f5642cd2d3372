"""Completions kept by content, so that a run that continues does not generate again what it had."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from mothertongue import durability
from mothertongue.generation.protocol import Completion, Generator, Prompt, Sampling


class GenerationCache:
    """Completions in a JSON Lines file, found by key; a half line that a crash left is cut off when it is opened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._found: dict[str, Completion] = {}
        if path.exists():
            self._load()

    def __len__(self) -> int:
        return len(self._found)

    def get(self, key: str) -> Completion | None:
        """The completion under a key, or None."""
        return self._found.get(key)

    def put(self, key: str, completion: Completion) -> None:
        """Keep a completion: one whole line in the file."""
        if key in self._found:
            return
        durability.append_line(self.path, json.dumps({"key": key, **asdict(completion)}, ensure_ascii=False))
        self._found[key] = completion

    def _load(self) -> None:
        data = self.path.read_bytes()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            durability.truncate_file(self.path, whole)
        for line in data[:whole].split(b"\n"):
            try:
                row = json.loads(line)
                made = Completion(row["text"], row["ids"], row["finish_reason"])
                self._found[row["key"]] = made
            except (ValueError, TypeError, KeyError):
                continue  # a damaged line is a completion that will be made again


class CachedGenerator:
    """A generator that asks another one only for what its cache lacks; equal answers to the other one's."""

    def __init__(self, generator: Generator, cache: GenerationCache) -> None:
        self._generator = generator
        self._cache = cache

    @property
    def identity(self) -> str:
        """The identity of the generator behind."""
        return self._generator.identity

    def generate(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[Completion]:
        """One completion per prompt, in order, from the cache or from the generator behind it."""
        keys = self._keys(prompts, sampling)
        places: dict[str, list[int]] = defaultdict(list)
        for place, prompt in enumerate(prompts):
            places[json.dumps(_plain(prompt))].append(place)
        # All copies of a prompt together: the k-th copy's answer depends on the copies before it in the call.
        wanted = [
            place
            for group in places.values()
            if any(self._cache.get(keys[k]) is None for k in group)
            for place in group
        ]
        if wanted:
            for place, made in zip(
                wanted, self._generator.generate([prompts[k] for k in wanted], sampling), strict=True
            ):
                self._cache.put(keys[place], made)
        found = [self._cache.get(key) for key in keys]
        return [completion for completion in found if completion is not None]

    def _keys(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[str]:
        seen: Counter[str] = Counter()
        keys = []
        for prompt in prompts:
            text = json.dumps(_plain(prompt))
            content = json.dumps([self.identity, text, asdict(sampling), seen[text]])
            keys.append(hashlib.sha256(content.encode()).hexdigest())
            seen[text] += 1
        return keys


def _plain(prompt: Prompt) -> list[int | dict[str, str]]:
    return [part if isinstance(part, int) else dict(part) for part in prompt]
