"""Study 29: several domains against one at equal size, and how much text is enough (card 29, steps 1 and 9, oracle b).

The texts are those of a made-up language (`made_corpus`) in three domains that differ in words and register. Models of
a few hundred thousand parameters are trained from scratch for the same number of tokens on one domain, on a mix of the
same size, and on nested shares of the whole corpus, which is three times as large. Values are bits per byte, averaged
over held-out texts of the three domains, so no domain counts more than another. `continued` arms start from a model of
two sister languages with the sisters' tokenizer, as mBERTu does, and are compared with the same shares from scratch.

The paper trains encoders on masked tokens; here the objective is next-token prediction. The seed draws language, texts,
first weights and order; `grid.json` in the folder has every value by domain.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Final

from mothertongue import durability
from mothertongue.studies.finding import Statistic
from mothertongue.studies.made_corpus import MadeLanguage
from mothertongue.studies.small_model import Budget, SmallModels
from mothertongue.studies.study import Scale, Study

if TYPE_CHECKING:
    from mothertongue.evaluation.scorer import DocumentBits

DOMAINS: Final = ("wiki", "law", "news")
SHARES: Final = (1, 5, 10, 25, 50, 100)
CONTINUED: Final = (10, 100)
_DISTANCE: Final = 0.3  # sister languages have three words of ten to themselves


@dataclass(frozen=True)
class _Size:
    """Documents of each domain for training and for the test, and the budget of a model."""

    documents: int
    held_out: int
    budget: Budget


_SIZES: Final = {
    Scale.SMOKE: _Size(6, 2, Budget(2, width=32, row=64, batch=2, vocabulary=300)),
    Scale.MINI: _Size(80, 25, Budget(700, width=64, most_epochs=16)),
    Scale.LAPTOP: _Size(1000, 100, Budget(3000, layers=4, width=256, vocabulary=2000, batch=8, rate=2e-3)),
    Scale.PAPER: _Size(300_000, 1000, Budget(1_000_000, 12, 768, 52_000, 512, 512, 1e-4)),
}


class DomainsAndQuantity:
    """The grid of corpora: domains by size by first weights."""

    number = 29
    claim = (
        "At equal size a corpus of several domains gives lower held-out loss over all domains than one domain alone."
    )
    arms = (
        "single",
        "mixed",
        *(f"single_{domain}" for domain in DOMAINS),
        "single_at_home",
        "single_abroad",
        "untrained",
        *(f"share_{share}" for share in SHARES),
        "gain_to_10",
        "gain_10_to_100",
        *(f"continued_{share}" for share in CONTINUED),
    )
    statistic = Statistic(arm="mixed", against="single", expected="less", threshold=0.0)

    def run(self, scale: Scale, seed: int, folder: Path) -> Mapping[str, float]:
        """Bits per byte, averaged over the domains, of a model for every corpus of the grid."""
        size = _SIZES[scale]
        texts = domain_texts(MadeLanguage(f"family-{seed}", "ours", _DISTANCE), size.documents, seed)
        held_out = domain_texts(MadeLanguage(f"family-{seed}", "ours", _DISTANCE), size.held_out, seed, "held out", 4)
        whole = interleaved(texts)
        scratch = SmallModels(whole, size.budget, seed)
        models = scratch.train(corpora(scratch, texts))
        scores = scratch.score({"untrained": scratch.untrained, **models}, held_out)
        by_domain = {name: {key: bits.bits_per_byte for key, bits in groups.items()} for name, groups in scores.items()}
        durability.write_json(folder / "grid.json", by_domain)
        values = {name: _mean(groups) for name, groups in scores.items()}
        values |= _at_home_and_abroad(scores)
        values["gain_to_10"] = values["untrained"] - values["share_10"]
        values["gain_10_to_100"] = values["share_10"] - values["share_100"]
        return values | _continued(size, seed, whole, held_out)


def domain_texts(
    language: MadeLanguage, count: int, seed: int, purpose: str = "train", sentences: int = 14
) -> dict[str, list[str]]:
    """Return `count` documents of each domain; those of one purpose differ from those of another."""
    return {
        domain: [
            language.document(random.Random(f"{purpose}/{seed}/{domain}/{number}"), domain, sentences=sentences)
            for number in range(count)
        ]
        for domain in DOMAINS
    }


def interleaved(texts: Mapping[str, Sequence[str]]) -> list[str]:
    """Return all texts, one of each domain in turn, so that every beginning of the list is a mix."""
    return [text for group in zip(*texts.values(), strict=True) for text in group]


def first_tokens(models: SmallModels, texts: Sequence[str], tokens: float) -> list[str]:
    """Return the first texts that have about `tokens` tokens together, at least one; nested for growing numbers."""
    from mothertongue.training.packing import encode_documents

    kept: list[str] = []
    for text, ids in zip(texts, encode_documents(models.tokenizer, texts), strict=True):
        if kept and tokens < len(ids) / 2:
            break
        kept.append(text)
        tokens -= len(ids)
    return kept


def corpora(models: SmallModels, texts: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return the corpora of the grid: one domain each and their mix, all of one size, and nested shares of the whole.

    The size is that of the smallest domain, in tokens.
    """
    whole = interleaved(texts)
    size = min(_tokens(models, domain) for domain in texts.values())
    alone = {f"single_{domain}": first_tokens(models, texts[domain], size) for domain in DOMAINS}
    total = _tokens(models, whole)
    shares = {f"share_{share}": first_tokens(models, whole, total * share / 100) for share in SHARES}
    return {**alone, "mixed": first_tokens(models, whole, size), **shares}


def _tokens(models: SmallModels, texts: Sequence[str]) -> int:
    from mothertongue.training.packing import encode_documents

    return sum(map(len, encode_documents(models.tokenizer, texts)))


def _continued(size: _Size, seed: int, whole: Sequence[str], held_out: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Bits per byte of models that start from a model of two sister languages, by share of the corpus."""
    family = f"family-{seed}"
    sisters = [
        text
        for name in ("left", "right")
        for text in interleaved(domain_texts(MadeLanguage(family, name, _DISTANCE), size.documents // 2, seed, name))
    ]
    models = SmallModels(sisters, size.budget, seed)
    base = models.train({"base": sisters})["base"]
    total = _tokens(models, whole)
    parts = {f"continued_{share}": first_tokens(models, whole, total * share / 100) for share in CONTINUED}
    scores = models.score(models.train(parts, base), held_out)
    return {name: _mean(groups) for name, groups in scores.items()}


def _mean(groups: Mapping[str, DocumentBits]) -> float:
    return fmean(bits.bits_per_byte for bits in groups.values())


def _at_home_and_abroad(scores: Mapping[str, Mapping[str, DocumentBits]]) -> dict[str, float]:
    """The mean of the models of one domain over all texts, over texts of their domain, and over those of the others."""
    pairs = [
        (domain == tested, scores[f"single_{domain}"][tested].bits_per_byte) for domain in DOMAINS for tested in DOMAINS
    ]
    return {
        "single": fmean(value for _, value in pairs),
        "single_at_home": fmean(value for home, value in pairs if home),
        "single_abroad": fmean(value for home, value in pairs if not home),
    }


STUDY: Study = DomainsAndQuantity()
