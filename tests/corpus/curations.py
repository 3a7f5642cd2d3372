"""Small folders of curation, built through the contracts: documents with attributes that the test chooses."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from mothertongue.corpus.attributes import write_attributes
from mothertongue.corpus.document import Document, ids_checksum, write_shard
from mothertongue.corpus.profile import LanguageProfile
from mothertongue.corpus.tagger import SPANS

PROFILE = LanguageProfile(language="nl", scripts=("Latn",), thresholds={"minimum_words": 5.0})


def spans(*found: tuple[int, int]) -> list[dict[str, float]]:
    return [{"start": start, "end": end, "score": 1.0} for start, end in found]


def build(
    folder: Path,
    shards: Sequence[Sequence[Document]],
    attributes: Mapping[str, Mapping[str, Sequence[Sequence[object]]]],
    profile: LanguageProfile = PROFILE,
) -> list[dict[str, tuple[str, str]]]:
    """Write shards and attributes (tagger -> column -> shard -> values); return where those of each shard are."""
    profile.write(folder / "profile.toml")
    places: list[dict[str, tuple[str, str]]] = []
    for number, documents in enumerate(shards):
        write_shard(folder / f"documents/{number:05d}.parquet", documents)
        places.append({})
        for tagger, columns in attributes.items():
            arrays = {name: to_array(values[number]) for name, values in columns.items()}
            batch = pa.RecordBatch.from_pydict(arrays)
            path, key = f"attributes/{tagger}@1/{number:05d}.parquet", f"{tagger}@1"
            checksum = ids_checksum(document.id for document in documents)
            write_attributes(folder / path, [batch], batch.schema, key=key, checksum=checksum)
            places[number][tagger] = (path, key)
    return places


def to_array(values: Sequence[object]) -> pa.Array:
    first = next((value for value in values if value is not None), 0)
    return pa.array(values, SPANS) if isinstance(first, list) else pa.array(values)


def tokenizer(path: Path) -> str:
    """Write a small byte-level tokenizer and return its path."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=280, initial_alphabet=alphabet, show_progress=False)
    made.train_from_iterator(["een woord en nog een woord"], trainer)
    made.save(str(path))
    return str(path)


def words(number: int, first: str = "woord") -> str:
    return " ".join([first] * number)
