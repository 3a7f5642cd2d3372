"""The cache gives the same answers as the generator behind it, over restarts and torn lines, and asks once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mothertongue.generation import CachedGenerator, Completion, GenerationCache, Prompt, Sampling


class Counting:
    """Answers with the prompt and the number of equal prompts before it in the call; keeps what it was asked."""

    def __init__(self, identity: str = "one") -> None:
        self.identity = identity
        self.asked: list[list[Prompt]] = []

    def generate(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[Completion]:
        self.asked.append(list(prompts))
        texts = [str(prompt) for prompt in prompts]
        return [
            Completion(f"{text} {texts[:k].count(text)} é {sampling.seed}", [k], "stop") for k, text in enumerate(texts)
        ]


def test_a_second_call_asks_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "cache.jsonl"
    prompts: list[Prompt] = [[1, 2], [{"role": "user", "content": "a"}], [1, 2]]
    behind = Counting()
    first = CachedGenerator(behind, GenerationCache(path)).generate(prompts, Sampling())
    later = Counting()
    again = CachedGenerator(later, GenerationCache(path))
    assert again.generate(prompts, Sampling()) == first
    assert later.asked == []
    assert first[0].text != first[2].text
    again.generate(prompts[:2], Sampling(seed=1))
    assert later.asked == [prompts[:2]]


def test_another_model_is_asked_again(tmp_path: Path) -> None:
    cache = GenerationCache(tmp_path / "cache.jsonl")
    CachedGenerator(Counting("one"), cache).generate([[1]], Sampling())
    other = Counting("two")
    CachedGenerator(other, cache).generate([[1]], Sampling())
    assert other.asked == [[[1]]]


def test_copies_of_a_prompt_are_asked_together(tmp_path: Path) -> None:
    cache = GenerationCache(tmp_path / "cache.jsonl")
    behind = Counting()
    cached = CachedGenerator(behind, cache)
    cached.generate([[1]], Sampling())
    assert [answer.text for answer in cached.generate([[2], [1], [1]], Sampling())] == [
        "[2] 0 é 0",
        "[1] 0 é 0",
        "[1] 1 é 0",
    ]


def test_a_torn_line_is_cut_off_and_made_again(tmp_path: Path) -> None:
    path = tmp_path / "cache.jsonl"
    CachedGenerator(Counting(), GenerationCache(path)).generate([[1], [2]], Sampling())
    whole = path.read_bytes()
    path.write_bytes(whole[:-4])
    cache = GenerationCache(path)
    assert len(cache) == 1
    CachedGenerator(Counting(), cache).generate([[1], [2]], Sampling())
    assert len(GenerationCache(path)) == 2
    path.write_bytes(b'{"key": 1\n[]\n' + path.read_bytes())
    assert len(GenerationCache(path)) == 2
