"""Study 14: what an age cut, a quality filter, a toxicity filter and a missing domain change (card 14).

A made-up language (`made_corpus`) gives documents of four domains and eight years; a tenth of them has no grammar, a
tenth is full of insults, and the others have an insult now and then. The corpus room measures them as it would a real
corpus: domain and year from the metadata, toxic sentences by a list, fluency by an n-gram model of clean wiki and tale
documents, badness by a classifier that learned these against unsorted ones. Each intervention is a rule over the
attributes. One small model is trained on what each rule keeps, all for the same number of tokens; values are changes
of bits per byte against the model of the full corpus, so below zero is a gain. `same` is the full corpus in another
order: the noise of one comparison.

Also measured: the share of sampled texts with a toxic word, how well a linear probe on the model's hidden states tells
insults with unseen toxic words from harmless remarks, and ageing (`temporal_degradation`) over corpora of two years
each, in bits per byte a year. `decisions.md` and `decisions.json` in the folder are the decision table with intervals
over documents. The seed draws language, texts, first weights and order.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Final

from mothertongue import durability
from mothertongue.corpus.document import Document, size_of
from mothertongue.studies.finding import Statistic
from mothertongue.studies.interventions import FULL, as_markdown, as_values, decision_table, temporal_degradation
from mothertongue.studies.made_corpus import TAG, MadeLanguage
from mothertongue.studies.measured import Measured, measured
from mothertongue.studies.probe import probe_accuracy, toxic_share
from mothertongue.studies.small_model import Budget, SmallModels, each
from mothertongue.studies.study import Scale, Study

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM

    from mothertongue.corpus.profile import LanguageProfile
    from mothertongue.evaluation.scorer import DocumentBits

DOMAINS: Final = ("wiki", "news", "tale", "talk")
FIRST_YEAR: Final = 2000
YEARS: Final = 8
TESTED: Final = (2001, 2003, 2005, 2007)
GROUPS: Final = ("clean", *DOMAINS, "toxic")
INTERVENTIONS: Final = (
    "same",
    "fluency_mild",
    "quality_mild",
    "quality_strict",
    "quality_inverse",
    "toxicity",
    "toxicity_inverse",
    *(f"without_{domain}" for domain in DOMAINS),
    "until_2003",
)
_RATES: Final = ("toxic_generation", "toxic_identification")
_MILD, _STRICT = 0.9, 0.45  # shares of documents that the quality filters keep


@dataclass(frozen=True)
class _Size:
    """Documents of the corpus, good ones for the filters, of each cell of the test (domain by year); samples of a model
    and remarks for the probe; the budget of a model."""

    documents: int
    examples: int
    held_out: int
    samples: int
    budget: Budget


_SIZES: Final = {
    Scale.SMOKE: _Size(64, 30, 1, 4, Budget(2, width=32, row=64, batch=2, vocabulary=300)),
    Scale.MINI: _Size(256, 200, 6, 96, Budget(140, width=64)),
    Scale.LAPTOP: _Size(4096, 1000, 30, 500, Budget(3000, layers=4, width=256, vocabulary=2000, batch=8, rate=2e-3)),
    Scale.PAPER: _Size(10_000_000, 5000, 500, 10_000, Budget(88_064, 24, 2048, 32_000, 512, 4096, 1e-3)),
}


class PretrainersGuide:
    """One model for each decision about the corpus."""

    number = 14
    claim = "Leaving one domain out raises the loss on that domain more than on any other."
    arms = (
        "own_over_any_other",
        "own",
        "others",
        *(f"{name}/{group}" for name in INTERVENTIONS for group in GROUPS),
        *(f"{name}/{rate}" for name in INTERVENTIONS for rate in _RATES),
        *(f"{name}/kept" for name in INTERVENTIONS),
        "loss_per_year",
        "loss_per_year_correlation",
    )
    statistic = Statistic(arm="own_over_any_other", expected="greater", threshold=0.0)

    def run(self, scale: Scale, seed: int, folder: Path) -> Mapping[str, float]:
        """Changes against the full corpus, by intervention and group of held-out texts."""
        size = _SIZES[scale]
        language = MadeLanguage(f"guide-{seed}", "ours")
        documents = made_documents(language, size.documents, seed)
        found = _measured(documents, size.examples, language, folder, seed)
        chosen = {FULL: documents, **{name: found.kept(rule) for name, rule in interventions(found).items()}}
        kept = {name: sum(map(size_of, texts)) / sum(map(size_of, documents)) for name, texts in chosen.items()}
        chosen["same"] = documents[::-1]
        chosen |= {f"around_{year}": found.kept(f"date.year in [{year - 1}, {year}]") for year in TESTED}
        models = SmallModels([document.text for document in documents], size.budget, seed)
        trained = models.train({name: [document.text for document in texts] for name, texts in chosen.items()})
        scores = models.score(trained, held_out_texts(language, size.held_out, seed))
        listed = {name: scores[name] for name in (FULL, *INTERVENTIONS)}
        rates = dict(
            zip(listed, each(lambda name: _rates(models, trained[name], language, size, seed), listed), strict=True)
        )
        rows = decision_table(listed, kept, rates, groups(), seed)
        durability.write_text(folder / "decisions.md", as_markdown(rows))
        durability.write_json(folder / "decisions.json", as_values(rows))
        values = {f"{row.name}/{group}": row.deltas[group].estimate for row in rows for group in GROUPS}
        values |= {f"{row.name}/{rate}": row.rates[rate] for row in rows for rate in _RATES}
        values |= {f"{row.name}/kept": row.kept for row in rows}
        return values | own_and_others(values) | _ageing(scores)


def made_documents(language: MadeLanguage, count: int, seed: int) -> list[Document]:
    """Return `count` documents of the domains and years in equal shares; a tenth is noise and a tenth is toxic."""
    found = []
    for number in range(count):
        domain, year = DOMAINS[number % len(DOMAINS)], number // len(DOMAINS) % YEARS
        draw = random.Random(f"guide/{seed}/{number}")
        kind = draw.random()
        if kind < 0.1:
            text = language.noise(draw)
        else:
            text = language.document(draw, domain, year=year, toxic=0.4 if kind < 0.2 else 0.04)
        meta = {"domain": domain, "year": FIRST_YEAR + year}
        found.append(Document(f"{number:08d}", text, f"made/{domain}", TAG, meta))
    random.Random(f"guide/{seed}").shuffle(found)
    return found


def held_out_texts(language: MadeLanguage, count: int, seed: int) -> dict[str, list[str]]:
    """Return short clean texts by domain and year, `wiki/2001` and so on, and toxic ones of all domains as `toxic`."""

    def texts(name: str, domain: str, year: int, many: int, toxic: float) -> list[str]:
        draws = (random.Random(f"guide/held out/{seed}/{name}/{number}") for number in range(many))
        return [language.document(draw, domain, year=year, sentences=4, toxic=toxic) for draw in draws]

    cells = {f"{domain}/{year}": (domain, year - FIRST_YEAR) for domain in DOMAINS for year in TESTED}
    found = {name: texts(name, *cell, count, 0.0) for name, cell in cells.items()}
    return found | {"toxic": [text for name, cell in cells.items() for text in texts(f"toxic/{name}", *cell, 1, 0.6)]}


def groups() -> dict[str, list[str]]:
    """Return which parts of the held-out texts each group has; every clean part is in two."""
    domains = {domain: [f"{domain}/{year}" for year in TESTED] for domain in DOMAINS}
    return {"clean": [part for parts in domains.values() for part in parts], **domains, "toxic": ["toxic"]}


def interventions(found: Measured) -> dict[str, str]:
    """Return the rule of every intervention; thresholds of quality are the quantiles that keep the wanted share."""
    mild, strict = (found.quantile("quality.badness", share) for share in (_MILD, _STRICT))
    return {
        "same": "true",
        "fluency_mild": f"fluency.bits_per_character <= {found.quantile('fluency.bits_per_character', _MILD)!r}",
        "quality_mild": f"quality.badness <= {mild!r}",
        "quality_strict": f"quality.badness <= {strict!r}",
        "quality_inverse": f"quality.badness > {strict!r}",
        "toxicity": "toxicity.listed_share <= 0.1",
        "toxicity_inverse": "toxicity.listed_share > 0",
        **{f"without_{domain}": f"domain.domain != '{domain}'" for domain in DOMAINS},
        "until_2003": "date.year <= 2003",
    }


def own_and_others(values: Mapping[str, float]) -> dict[str, float]:
    """Return what a missing domain costs on itself and on others, and by how much the first is more in the worst case.

    The worst case is taken over left-out domains and, for each, over the other domains.
    """
    own = {domain: values[f"without_{domain}/{domain}"] for domain in DOMAINS}
    others = {
        domain: [values[f"without_{domain}/{other}"] for other in DOMAINS if other != domain] for domain in DOMAINS
    }
    return {
        "own": fmean(own.values()),
        "others": fmean(value for found in others.values() for value in found),
        "own_over_any_other": min(own[domain] - max(others[domain]) for domain in DOMAINS),
    }


def _measured(
    documents: Sequence[Document], examples: int, language: MadeLanguage, folder: Path, seed: int
) -> Measured:
    from mothertongue.corpus.classifier import train_classifier
    from mothertongue.corpus.fluency_training import train_fluency

    profile = language.profile()
    good = [
        language.document(random.Random(f"guide/good/{seed}/{number}"), ("wiki", "tale")[number % 2], year=number % 8)
        for number in range(examples)
    ]
    unsorted = [document.text for document in made_documents(language, examples, -1 - seed)]
    quality, fluency = folder / "quality.model", folder / "fluency.model"
    train_classifier(good, unsorted, profile, seed).write(quality)
    train_fluency(good, profile).write(fluency)
    taggers: dict[str, dict[str, str]] = {
        "domain": {},
        "date": {},
        "toxicity": {},
        "quality": {"model": str(quality)},
        "fluency": {"model": str(fluency)},
    }
    return measured(documents, taggers, profile)


def _rates(
    models: SmallModels, model: LlamaForCausalLM, language: MadeLanguage, size: _Size, seed: int
) -> dict[str, float]:
    profile: LanguageProfile = language.profile()
    train, test = (remarks(language, part, size.samples, seed) for part in (0, 1))
    return {
        "toxic_generation": toxic_share(model, models.tokenizer, size.samples, profile, seed),
        "toxic_identification": probe_accuracy(model, models.tokenizer, train, test),
    }


def remarks(language: MadeLanguage, part: int, count: int, seed: int) -> list[tuple[str, bool]]:
    """Return insults and harmless remarks in turn, with the words of one half (part 0 or 1) of the lexicon."""
    draw = random.Random(f"guide/remarks/{seed}/{part}")
    toxic = language.toxic_words[part::2]
    found = []
    for number in range(count):
        harmless = language.word("noun", 2 * draw.randrange(40) + part, 0)
        found.append((language.remark(draw, harmless if number % 2 else draw.choice(toxic)), number % 2 == 0))
    return found


def _ageing(scores: Mapping[str, Mapping[str, DocumentBits]]) -> dict[str, float]:
    grid = {
        (trained, tested): -fmean(scores[f"around_{trained}"][f"{domain}/{tested}"].bits_per_byte for domain in DOMAINS)
        for trained in TESTED
        for tested in TESTED
    }
    found = temporal_degradation(grid)
    return {"loss_per_year": found.per_year, "loss_per_year_correlation": found.correlation}


STUDY: Study = PretrainersGuide()
