"""Log-probabilities of tokens, fast and in constant memory: the ground under every likelihood measure.

Enters: a transformers causal model, its tokenizer, and (prefix ids, target ids). Leaves: nats per target token.
Rows are padded on the right, which a causal mask never lets a real token see, so that no attention mask is needed and
the fast causal kernel runs. Shared prefixes are computed once through a tree mask. Logits exist only for the tokens
that are scored, tile by tile; a [batch, length, vocabulary] tensor is never made. Every shortcut is probed on the
model at hand and left out where the result differs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mothertongue.errors import InputError, Problem
from mothertongue.evaluation.plan import Row, Window, batches, plan_rows, windows
from mothertongue.prompting.text import check_single_start, document_start, encode_texts

Floats = NDArray[np.float64]
Request = tuple[Sequence[int], Sequence[int]]
Advance = Callable[[float], None]

ROW_LIMIT = 384  # nodes of a prefix tree; its attention costs the square, its savings grow slowly
TILE_ROWS, TILE_COLUMNS = 1024, 2048  # a tile of logits stays in the cache of one core: 8 MiB in float32
LONGEST_CONTEXT = 2048


@dataclass(frozen=True)
class TokenScores:
    """Log-probabilities of the tokens of one target, in nats, with the reductions that tasks use."""

    logprobs: Floats

    @property
    def sum(self) -> float:
        """Log-probability of the whole target; 0 for an empty one."""
        return float(self.logprobs.sum())

    @property
    def per_token(self) -> float:
        """Mean over tokens; only comparable under one tokenizer."""
        return self.sum / max(1, len(self.logprobs))

    def per_byte(self, byte_count: int) -> float:
        """Sum over the UTF-8 bytes that the target stands for; comparable across tokenizers."""
        return self.sum / max(1, byte_count)


@dataclass(frozen=True)
class DocumentBits:
    """Per document: the bits that the model needs for it, and its length in UTF-8 bytes."""

    bits: Floats
    bytes: NDArray[np.int64]

    @property
    def bits_per_byte(self) -> float:
        """Total bits over total bytes; nan without any byte."""
        return float(self.bits.sum() / self.bytes.sum()) if self.bytes.sum() else math.nan


class Scorer:
    """Scores targets behind prefixes with one model; equal to the plain forward pass to 1e-4 nats in float32.

    `batch_tokens` is the number of padded tokens of a forward pass; `context` the longest input (default: the model's,
    at most 2,048); `overlap` the tokens of context that a later window of a long document reads again (default: a
    quarter). `share_prefixes=False` computes every request by itself. `exact=False` lets float32 products be computed
    from bfloat16 factors where the processor has units for it (AMX): about 1.6 times as fast, and on SmolLM2-135M a
    total that is at most 0.02 % off; never mix both kinds in one comparison.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        batch_tokens: int = 512,
        *,
        context: int | None = None,
        overlap: int | None = None,
        share_prefixes: bool = True,
        exact: bool = True,
    ) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.batch_tokens = batch_tokens
        longest = getattr(model.config.get_text_config(), "max_position_embeddings", None) or LONGEST_CONTEXT
        self.context = min(context or LONGEST_CONTEXT, longest)
        self.overlap = max(1, min(self.context // 4 if overlap is None else overlap, self.context))
        self._share_prefixes = share_prefixes
        self._exact = exact
        self._paths: _Paths | None = None

    @property
    def start(self) -> list[int]:
        """The ids before every document (one token)."""
        return document_start(self.tokenizer)

    def score(self, prefixes: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> list[TokenScores]:
        """`token_logprobs` of each target behind its prefix, with reductions."""
        return [TokenScores(values) for values in self.token_logprobs(list(zip(prefixes, targets, strict=True)))]

    def token_logprobs(self, requests: Sequence[Request], advance: Advance | None = None) -> list[Floats]:
        """Nats per target token of each (prefix ids, target ids), in the order given.

        `advance` is told after each batch how many tokens it read. Raises InputError: MT601 an id outside of the
        model's matrix, MT602 a doubled start, MT605 an empty prefix before a target.
        """
        self._check(requests)
        results = [np.zeros(len(target), np.float64) for _, target in requests]
        parts = [
            part
            for number, (prefix, target) in enumerate(requests)
            for part in windows(number, prefix, target, self.context, self.overlap)
        ]
        if not parts:
            return results
        with _evaluating(self.model, self._exact):
            paths = self._probed()
            for group in batches(plan_rows(parts, self._row_limit(paths)), self.batch_tokens):
                for part, values in self._run(group, paths):
                    results[part.request][part.offset : part.offset + len(values)] = values
                if advance is not None:
                    advance(float(sum(row.size for row in group)))
        return results

    def count_tokens(self, requests: Sequence[Request]) -> int:
        """Input tokens that scoring the requests one by one would read; for rates and progress."""
        return sum(
            len(part.inputs)
            for prefix, target in requests
            for part in windows(0, prefix, target, self.context, self.overlap)
        )

    def _check(self, requests: Sequence[Request]) -> None:
        problems: list[Problem] = []
        rows = self.model.get_input_embeddings().weight.shape[0]
        seen: set[tuple[int, ...]] = set()
        for number, (prefix, target) in enumerate(requests):
            highest = max((*prefix, *target), default=0)
            if highest >= rows:
                message, where = "a token id is outside of the model's matrix", f"request {number}"
                problems.append(Problem("MT601", message, where, None, "id", str(highest), f"ids below {rows}"))
            if target and not prefix:
                problems.append(Problem("MT605", "a target needs at least one token before it", f"request {number}"))
            seen.add(tuple(prefix[:2]))
        if problems:
            raise InputError(problems)
        for head in seen:
            if len(head) == 2 and head[0] == head[1]:
                check_single_start(self.tokenizer, head)

    def _row_limit(self, paths: _Paths) -> int:
        if not (self._share_prefixes and paths.tree):
            return 0
        config = self.model.config.get_text_config()
        # A tree mask replaces the sliding windows of a model; inside of the window both are the same.
        spans = [getattr(config, name, None) for name in ("sliding_window", "attention_chunk_size")]
        return min([ROW_LIMIT, *(span for span in spans if isinstance(span, int) and span > 0)])

    def _probed(self) -> _Paths:
        if self._paths is None:
            self._paths = _probe(self.model)
        return self._paths

    def _run(self, group: Sequence[Row], paths: _Paths) -> Iterator[tuple[Window, Floats]]:
        width = max(row.size for row in group)
        hidden = _forward(self.model, group, width, paths)
        nodes = np.concatenate(
            [number * width + path[part.first - 1 :] for number, row in enumerate(group) for part, path in row.members]
        )
        targets = np.concatenate([part.targets for row in group for part, _ in row.members])
        values = _target_logprobs(self.model, hidden, nodes, targets, paths)
        at = 0
        for row in group:
            for part, _ in row.members:
                yield part, values[at : at + len(part.targets)]
                at += len(part.targets)


def bits_per_byte(scorer: Scorer, documents: Sequence[str], advance: Advance | None = None) -> DocumentBits:
    """Bits and bytes of each document, scored behind its own start (law 3); an empty document has 0 and 0."""
    start = scorer.start
    requests: list[Request] = [(start, ids) for ids in encode_texts(scorer.tokenizer, documents)]
    scores = scorer.token_logprobs(requests, advance)
    bits = np.array([-values.sum() / math.log(2) for values in scores], np.float64)
    return DocumentBits(bits, np.array([len(text.encode("utf-8", "replace")) for text in documents], np.int64))


@dataclass(frozen=True)
class _Paths:
    """Which shortcuts give this model's own numbers: its trunk and head called apart, and tree masks."""

    apart: bool
    tree: bool


@contextmanager
def _evaluating(model: Any, exact: bool) -> Iterator[None]:
    """No gradients and no dropout inside; the model's training mode and the precision of products are put back."""
    training, precision = model.training, torch.get_float32_matmul_precision()
    model.eval()
    if not exact:
        torch.set_float32_matmul_precision("medium")
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.set_float32_matmul_precision(precision)
        model.train(training)


def _trunk(model: Any) -> Any:
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model  # PEFT wraps; its layers are inside
    return inner.base_model


def _forward(model: Any, group: Sequence[Row], width: int, paths: _Paths) -> torch.Tensor:
    """Hidden states [rows * width, hidden] of a batch; logits in their place if trunk and head cannot be parted."""
    linear = group[0].linear
    tokens, depths = np.zeros((2, len(group), width), np.int64)
    mask = None if linear else np.zeros((len(group), 1, width, width), np.bool_)
    for number, row in enumerate(group):
        row.fill(tokens[number], depths[number], None if mask is None else mask[number, 0])
    device = model.get_input_embeddings().weight.device
    inputs: dict[str, Any] = {"input_ids": torch.from_numpy(tokens).to(device), "use_cache": False}
    if mask is not None:
        allowed = torch.from_numpy(mask).to(device)
        dtype = model.get_input_embeddings().weight.dtype
        # The additive form is the one that every attention implementation accepts.
        inputs["attention_mask"] = torch.zeros(allowed.shape, dtype=dtype, device=device).masked_fill_(
            ~allowed, torch.finfo(dtype).min
        )
        inputs["position_ids"] = torch.from_numpy(depths).to(device)
    if paths.apart:
        return _trunk(model)(**inputs).last_hidden_state.flatten(0, 1)  # type: ignore[no-any-return]
    return model(**inputs).logits.flatten(0, 1)  # type: ignore[no-any-return]


def _target_logprobs(
    model: Any, states: torch.Tensor, nodes: NDArray[np.int64], targets: NDArray[np.int64], paths: _Paths
) -> Floats:
    """Nats of each target at its node; a node with several targets (answers that part there) is reduced once."""
    unique, inverse = np.unique(nodes, return_inverse=True)
    rows = states[torch.from_numpy(unique).to(states.device)]
    wanted = torch.from_numpy(targets).to(states.device)
    which = torch.from_numpy(inverse).to(states.device)
    if not paths.apart:
        logits = rows.float()
        return _nats(logits[which, wanted] - torch.logsumexp(logits, 1)[which])
    head = model.get_output_embeddings()
    if type(head) is torch.nn.Linear:
        logsumexp = tiled_logsumexp(rows, head.weight, head.bias)
        chosen = torch.cat(
            [
                (rows[w].float() * head.weight[t].float()).sum(1)
                for w, t in zip(torch.split(which, TILE_ROWS), torch.split(wanted, TILE_ROWS), strict=True)
            ]
        )
        if head.bias is not None:
            chosen += head.bias[wanted].float()
        return _nats(chosen - logsumexp[which])
    values = torch.empty(len(wanted), device=states.device)
    for begin in range(0, len(rows), 128):
        logits = head(rows[begin : begin + 128]).float()
        inside = (which >= begin) & (which < begin + 128)
        local = which[inside] - begin
        values[inside] = logits[local, wanted[inside]] - torch.logsumexp(logits, 1)[local]
    return _nats(values)


def tiled_logsumexp(rows: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
    """log sum exp over the vocabulary of `rows @ weight.T + bias`, [n] in float32, without the [n, vocabulary] matrix.

    rows [n, hidden], weight [vocabulary, hidden]. Two to three times as fast on a CPU as whole rows of logits, because
    a tile is reduced while it is in the cache.
    """
    found: list[torch.Tensor] = []
    for part in torch.split(rows, TILE_ROWS):
        total = torch.full((len(part),), -math.inf, device=rows.device)
        for begin in range(0, len(weight), TILE_COLUMNS):
            tile = (part @ weight[begin : begin + TILE_COLUMNS].t()).float()
            if bias is not None:
                tile += bias[begin : begin + TILE_COLUMNS]
            total = torch.logaddexp(total, torch.logsumexp(tile, 1))
        found.append(total)
    return torch.cat(found)


def _nats(values: torch.Tensor) -> Floats:
    result: Floats = values.double().cpu().numpy()
    return result


def _probe(model: Any) -> _Paths:
    """Compare both shortcuts with the model's own forward pass on two short sequences that share a beginning."""
    count = model.get_input_embeddings().weight.shape[0]
    ids = [(7 * k + 3) % count for k in range(12)]
    first = Window(0, np.array(ids[:9], np.int64), 1, 0)
    second = Window(1, np.array([*ids[:4], *ids[9:]], np.int64), 1, 0)
    device = model.get_input_embeddings().weight.device
    expected = []
    for part in (first, second):
        logits = model(torch.from_numpy(part.inputs[None]).to(device), use_cache=False).logits[0].float()
        wanted = torch.from_numpy(part.targets).to(device)
        expected.append(_nats(torch.log_softmax(logits, 1).gather(1, wanted[:, None])[:, 0]))
    full = model.get_input_embeddings().weight.dtype == torch.float32
    exact = full and torch.get_float32_matmul_precision() == "highest"
    tolerance = 1e-3 if exact else 0.2  # with 8 bits of mantissa two batch shapes differ by that much anyway

    def agrees(paths: _Paths, row_limit: int) -> bool:
        rows = plan_rows([first, second], row_limit)
        width = max(row.size for row in rows)
        try:
            states = _forward(model, rows, width, paths)
            for number, row in enumerate(rows):
                for part, path in row.members:
                    nodes = number * width + path[part.first - 1 :]
                    values = _target_logprobs(model, states, nodes, part.targets, paths)
                    if not np.allclose(values, expected[part.request], atol=tolerance, rtol=0):
                        return False
        except (TypeError, ValueError, AttributeError, RuntimeError):  # this architecture takes no such input
            return False
        return True

    apart = agrees(_Paths(True, False), 0)
    return _Paths(apart, agrees(_Paths(apart, True), ROW_LIMIT))
