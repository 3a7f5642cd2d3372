"""Duplicates: exact ones by hash, near ones by MinHash bands with an exact check, and overlap between two sets.

Everything is a function of the set of documents: their order in the input changes nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mothertongue.corpus.deduplication.keys import text_key
from mothertongue.corpus.deduplication.letters import Hashes
from mothertongue.corpus.deduplication.minhash import LANES, band_hashes, bands_for, jaccard, shingles, signature
from mothertongue.corpus.document import Document

# A bucket of boilerplate can hold everything: each document is compared with at most so many leaders of its bucket.
MOST_LEADERS = 64
CACHE_BYTES = 64 * 1024 * 1024
INDEX_SHINGLES = 4_000_000
# Short texts share whole sentences by chance of the genre; below this, one text inside another means nothing.
CONTAINMENT_SHINGLES = 20


@dataclass(frozen=True)
class Deduplicated:
    """Documents that stay, in their input order, and for each removed id the id that stands for it."""

    kept: list[Document]
    removed: dict[str, str]
    """Id of a removed document -> id of its representative."""
    cluster_sizes: dict[str, int]
    """Id of a representative with duplicates -> documents in its cluster, itself included."""


def rank(document: Document) -> tuple[int, str, str]:
    """Return the order in which documents stand for their cluster: the longest first, then the smallest id."""
    return (-len(document.text), document.id, document.text)


def deduplicate_exact(documents: Sequence[Document]) -> Deduplicated:
    """Return documents without exact repetitions (white space apart)."""
    groups: dict[int, list[int]] = {}
    for index, document in enumerate(documents):
        groups.setdefault(text_key(document.text), []).append(index)
    return _clusters(documents, list(groups.values()))


def deduplicate_near(
    documents: Sequence[Document],
    threshold: float,
    *,
    lanes: int = LANES,
    seed: int = 0,
    tick: Callable[[float], None] | None = None,
) -> Deduplicated:
    """Return documents without near-duplicates: pairs whose five-token shingles have Jaccard >= `threshold`.

    `tick` is called with the characters done. Clusters are the connected parts of the verified pairs.
    """
    order = sorted(range(len(documents)), key=lambda index: rank(documents[index]))
    ordered = [documents[index] for index in order]
    signatures = np.empty((len(ordered), lanes), dtype=np.uint32)
    solid = np.zeros(len(ordered), dtype=bool)
    for row, document in enumerate(ordered):
        hashes = shingles(document.text)
        solid[row] = len(hashes) > 0
        signatures[row] = signature(hashes, lanes, seed)
        if tick is not None:
            tick(float(len(document.text)))
    pairs = _Pairs(ordered, threshold)
    bands, rows = bands_for(threshold, lanes)
    for band in range(bands):
        for bucket in _buckets(band_hashes(signatures, rows, band), solid):
            pairs.compare(bucket)
    groups: dict[int, list[int]] = {}
    for row in range(len(ordered)):
        groups.setdefault(pairs.root(row), []).append(order[row])
    return _clusters(documents, list(groups.values()))


def _buckets(keys: NDArray[np.uint64], solid: NDArray[np.bool_]) -> Iterator[list[int]]:
    """Yield the groups of two or more rows with equal key, rows ascending, in the order of keys."""
    rows = np.flatnonzero(solid)
    ordered = rows[np.argsort(keys[rows], kind="stable")]
    borders = np.flatnonzero(np.diff(keys[ordered])) + 1
    for group in np.split(ordered, borders):
        if len(group) > 1:
            yield [int(row) for row in group]


class _Pairs:
    """Union-find over verified pairs; rows are ordered by rank, so the smallest row of a cluster represents it."""

    def __init__(self, documents: Sequence[Document], threshold: float) -> None:
        self._documents, self._threshold = documents, threshold
        self._parents = list(range(len(documents)))
        self._different: set[tuple[int, int]] = set()
        self._cache: OrderedDict[int, Hashes] = OrderedDict()
        self._cached_bytes = 0

    def root(self, row: int) -> int:
        while self._parents[row] != row:
            self._parents[row] = self._parents[self._parents[row]]
            row = self._parents[row]
        return row

    def compare(self, bucket: Sequence[int]) -> None:
        """Join each row of a bucket with the leaders that it is near to; a row near to none leads, too."""
        leaders: list[int] = []
        for row in bucket:
            near = [leader for leader in leaders if self._is_near(leader, row)]
            for leader in near:
                first, second = sorted((self.root(leader), self.root(row)))
                self._parents[second] = first
            if not near and len(leaders) < MOST_LEADERS:
                leaders.append(row)

    def _is_near(self, first: int, second: int) -> bool:
        if self.root(first) == self.root(second):
            return True
        if (first, second) in self._different:
            return False
        near = jaccard(self._shingles(first), self._shingles(second)) >= self._threshold
        if not near:
            self._different.add((first, second))
        return near

    def _shingles(self, row: int) -> Hashes:
        """Return the shingles of a row, kept in a cache of at most 64 MiB."""
        if row in self._cache:
            self._cache.move_to_end(row)
            return self._cache[row]
        hashes = shingles(self._documents[row].text)
        self._cache[row] = hashes
        self._cached_bytes += hashes.nbytes
        while self._cached_bytes > CACHE_BYTES and len(self._cache) > 1:
            self._cached_bytes -= self._cache.popitem(last=False)[1].nbytes
        return hashes


def _clusters(documents: Sequence[Document], groups: Sequence[Sequence[int]]) -> Deduplicated:
    removed: dict[str, str] = {}
    sizes: dict[str, int] = {}
    gone: set[int] = set()
    for group in groups:
        first, *others = sorted(group, key=lambda index: (rank(documents[index]), index))
        if others:
            sizes[documents[first].id] = len(group)
        for index in others:
            gone.add(index)
            removed[documents[index].id] = documents[first].id
    kept = [document for index, document in enumerate(documents) if index not in gone]
    return Deduplicated(kept, dict(sorted(removed.items())), dict(sorted(sizes.items())))


def overlap(first: Iterable[Document], second: Iterable[Document], threshold: float) -> set[str]:
    """Return the ids of documents in `first` that repeat a document of `second`; see `KnownTexts` for what repeats.

    The first side is read once as a stream, the second is held as hashes.
    """
    known = KnownTexts(second, threshold)
    return {document.id for document in first if known.repeats(document.text)}


class KnownTexts:
    """Texts against which others are compared, exactly and without sampling.

    A pair repeats when the texts are equal, when the Jaccard similarity of their shingles reaches `threshold`, or when
    that share of the smaller text stands in the larger one. About 16 bytes of memory for each word of the known texts.
    """

    def __init__(self, documents: Iterable[Document], threshold: float, *, characters: bool = False) -> None:
        """Take documents in their order; with `characters`, every letter is a token."""
        self._blocks, self._threshold = list(_index_blocks(documents, characters)), threshold
        self._characters = characters

    def repeats(self, text: str) -> bool:
        """Return whether `text` repeats one of the known texts."""
        key = text_key(text)
        if any(key in block.keys for block in self._blocks):
            return True
        return bool((self.similarities(text) >= self._threshold).any())

    def similarities(self, text: str) -> NDArray[np.float64]:
        """Return for each known text, in order, the larger of Jaccard similarity and share of the smaller one."""
        own = shingles(text, characters=self._characters)
        return np.concatenate([np.empty(0), *(block.similarities(own) for block in self._blocks)])


class _Index:
    """The shingles of some documents in one sorted table: shingle -> document."""

    def __init__(self, texts: Sequence[tuple[str, Hashes]]) -> None:
        hashes = np.concatenate([part for _, part in texts])
        owners = np.repeat(np.arange(len(texts)), [len(part) for _, part in texts])
        order = np.argsort(hashes, kind="stable")
        self._hashes, self._owners = hashes[order], owners[order]
        self._sizes = np.array([len(part) for _, part in texts])
        self.keys = {text_key(text) for text, _ in texts}

    def similarities(self, own: Hashes) -> NDArray[np.float64]:
        """Return the similarity of each document to a text with the shingles `own`."""
        starts = np.searchsorted(self._hashes, own, side="left")
        ends = np.searchsorted(self._hashes, own, side="right")
        found = ends > starts
        hits = [self._owners[start:end] for start, end in zip(starts[found], ends[found], strict=True)]
        if not hits:
            return np.zeros(len(self._sizes))
        shared = np.bincount(np.concatenate(hits), minlength=len(self._sizes))
        jaccards = shared / (self._sizes + len(own) - shared)
        smaller = np.minimum(self._sizes, len(own))
        contained = np.where(smaller >= CONTAINMENT_SHINGLES, shared / np.maximum(smaller, 1), 0.0)
        return np.maximum(jaccards, contained)


def _index_blocks(documents: Iterable[Document], characters: bool) -> Iterator[_Index]:
    texts: list[tuple[str, Hashes]] = []
    total = 0
    for document in documents:
        hashes = shingles(document.text, characters=characters)
        if total and total + len(hashes) > INDEX_SHINGLES:
            yield _Index(texts)
            texts, total = [], 0
        texts.append((document.text, hashes))
        total += len(hashes)
    if texts:
        yield _Index(texts)
