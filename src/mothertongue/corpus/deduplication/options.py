"""What to look for: the options of deduplication, checked all at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mothertongue.errors import InputError, Problem

Way = Literal["off", "sorted", "bloom"]
Verification = Literal["shingles", "signature", "off"]


class DeduplicationOptions(BaseModel):
    """Which kinds of duplicates are looked for, and how. Values are plain, so that a task can carry them as JSON."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)

    url: Way = "sorted"
    """Documents with the same address. `sorted` is exact and names the document that stays; `bloom` needs one pass and
    little disk, names none, and calls a new address known with `bloom_false_positives`."""
    url_field: Annotated[str, Field(min_length=1)] = "url"
    """The field of `meta` that holds the address; documents without it take no part."""
    exact: bool = True
    """Documents with the same text, white space and composition (NFC) apart."""
    near: bool = True
    """Documents whose sets of five-token shingles have a Jaccard similarity of at least `near_threshold`."""
    near_threshold: Annotated[float, Field(ge=0.1, le=1.0)] = 0.7
    near_recall: Annotated[float, Field(ge=0.5, lt=1.0)] = 0.995
    """Least chance that a pair at the threshold becomes a candidate; decides bands and rows."""
    near_lanes: Annotated[int, Field(ge=8, le=1024)] = 128
    """Values in a signature."""
    near_verify: Verification = "shingles"
    """What a candidate must pass: exact Jaccard of `shingles`, the share of equal lanes of the `signature` (smaller
    index, error about 0.04 with 128 lanes), or nothing (`off`)."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Seed of the hash functions of signatures."""
    paragraphs: Way = "off"
    """Lines that occurred before, as spans of code points."""
    paragraph_characters: Annotated[int, Field(ge=1)] = 50
    """Shorter lines may repeat: headings, speakers, answers."""
    substrings: bool = False
    """Stretches of at least `substring_characters` code points that occurred before, wherever they begin."""
    substring_characters: Annotated[int, Field(ge=16, le=16_384)] = 200
    bloom_false_positives: Annotated[float, Field(gt=0.0, lt=0.5)] = 1e-6
    """Wanted chance that a Bloom filter calls a new key known."""
    dump: str = ""
    """Name of these documents in the index; needed with an index. A dump that is curated again replaces itself."""

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> DeduplicationOptions:
        """Return the options of a section of a recipe; raises InputError MT230 with every value that is wrong."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise InputError(
                _wrong(".".join(map(str, row["loc"])), str(row["input"])[:80], row["msg"]) for row in error.errors()
            ) from error

    def kinds(self) -> tuple[str, ...]:
        """Return the kinds that are looked for, in the order in which they are: each passes over what one before it
        called a duplicate."""
        wanted = {
            "url": self.url != "off",
            "exact": self.exact,
            "near": self.near,
            "paragraphs": self.paragraphs != "off",
            "substrings": self.substrings,
        }
        return tuple(kind for kind, on in wanted.items() if on)


def _wrong(key: str, value: str, allowed: str) -> Problem:
    do = "choose a value that is allowed"
    return Problem("MT230", "an option of deduplication is wrong", key=key, value=value, allowed=allowed, do=do)
