"""What judges the documents of a curation: the profile, the rules by step of the funnel, the options of the taggers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from mothertongue.corpus.account import duplicate_reason
from mothertongue.corpus.deduplication import COLUMNS
from mothertongue.corpus.identify import make_identifier
from mothertongue.corpus.language import MINIMUM_PROBABILITY, accepted_labels
from mothertongue.corpus.mix import age_rules
from mothertongue.corpus.options import CurateOptions
from mothertongue.corpus.profile import LanguageProfile, neutral_profile, read_profile
from mothertongue.corpus.rules import EditRule, RuleSet, read_rules
from mothertongue.corpus.scripts import explicit_script
from mothertongue.corpus.taggers import make_tagger

LANGUAGE_THRESHOLD: Final = "minimum_language_probability"
LENGTH: Final = "length"


@dataclass(frozen=True)
class Criteria:
    """Everything that judges documents, ready: the profile, the rules by step, the options of the taggers."""

    profile: LanguageProfile
    steps: dict[str, RuleSet]
    """Step of the funnel -> its rules, in order."""
    settings: dict[str, dict[str, Any]]
    known: bool
    """Whether the identifier knows the language, or one that it cannot be told from."""
    kinds: tuple[str, ...]
    """The kinds of duplicates that are looked for."""
    measured: tuple[str, ...]
    """The taggers that run, sorted: those that rules need, and those that only the mix and the card show."""

    @property
    def rules(self) -> RuleSet:
        """All rules in one set."""
        joined = RuleSet()
        for rules in self.steps.values():
            joined = joined.then(rules)
        return joined

    def reasons(self) -> dict[str, list[str]]:
        """Return step of the funnel -> its reasons, each where it stands first."""
        seen: set[str] = set()
        found: dict[str, list[str]] = {}
        for name, rules in self.steps.items():
            found[name] = [rule.reason for rule in rules.rules if rule.reason not in seen]
            seen |= set(found[name])
        return found

    @property
    def first_rules(self) -> RuleSet:
        """The rules that need no duplicates: they decide before duplicates are looked for."""
        rules = self.rules
        return RuleSet(
            tuple(rule for rule in rules.rules if not set(rule.keep.taggers) & set(self.kinds)),
            tuple(edit for edit in rules.edits if edit.tagger not in self.kinds),
            rules.minimum_characters,
        )

    def columns(self) -> dict[str, pa.Schema]:
        """Return tagger, or kind of duplicates -> its columns."""
        taggers = {name: make_tagger(name, self.settings.get(name)).columns for name in self.measured}
        return taggers | {kind: COLUMNS[kind] for kind in self.kinds}


def make_criteria(language: str, options: CurateOptions) -> Criteria:
    """Return what judges the documents; raises InputError for a profile, rule or identifier that cannot be used."""
    checked = options.language_check != "off"
    labels = make_identifier(options.identifier).labels if checked else frozenset()
    known = bool(accepted_labels(language, labels))
    profile = read_profile(options.profile, language) if options.profile else _neutral(language, options, known)
    if LANGUAGE_THRESHOLD in profile.unsettled or LANGUAGE_THRESHOLD not in profile.thresholds:
        # What holds for any language until a text has settled it.
        thresholds = {**profile.thresholds, LANGUAGE_THRESHOLD: MINIMUM_PROBABILITY}
        unsettled = tuple(name for name in profile.unsettled if name != LANGUAGE_THRESHOLD)
        profile = profile.model_copy(update={"thresholds": thresholds, "unsettled": unsettled})
    length = read_rules([], {"too_short": f"basic.characters >= {options.minimum_characters}"})
    steps = {LENGTH: RuleSet(length.rules, minimum_characters=options.minimum_characters)}
    steps |= {Path(name).stem: read_rules([name]) for name in options.rules}
    given = {rule.reason for rules in steps.values() for rule in rules.rules}
    if options.language_check == "strict" and "language" not in given:
        steps["language"] = read_rules(["language"])
    if options.keep:
        steps["keep"] = read_rules([], options.keep)
    if options.years is not None:
        steps["age"] = age_rules(*options.years)
    if options.evaluation is not None:
        steps["decontamination"] = read_rules([], {"contamination": "contamination.hits == 0"})
    for kind in options.deduplication().kinds():
        steps[f"{kind}_duplicates"] = _duplicate_rules(kind)
    rules = [steps[name] for name in steps]
    settings = {name: dict(values) for rule_set in rules for name, values in rule_set.settings.items()}
    if checked:
        settings.setdefault("language", {})["identifier"] = options.identifier
    if options.evaluation is not None:
        settings["contamination"] = {"items": str(options.evaluation)}
    kinds = options.deduplication().kinds()
    needed = {name for rule_set in rules for name in rule_set.taggers} | set(options.measure) | _of_mix(options)
    needed |= {"language"} if checked else set()
    return Criteria(profile, steps, settings, known, kinds, tuple(sorted(needed - set(kinds))))


def _of_mix(options: CurateOptions) -> set[str]:
    """Return the taggers that the mix groups or repeats by."""
    if options.mix is None:
        return set()
    names = (options.mix.group, options.mix.clusters)
    return {name.partition(".")[0] for name in names if "." in name} - {"meta"}


def _neutral(language: str, options: CurateOptions, known: bool) -> LanguageProfile:
    """Return the profile of a tag; its writing systems bind only where the tag names one or nothing else can tell."""
    profile = neutral_profile(language)
    binding = options.language_check == "strict" and (explicit_script(language) or not known)
    return profile if binding else profile.model_copy(update={"scripts": ()})


def _duplicate_rules(kind: str) -> RuleSet:
    if "duplicate" in COLUMNS[kind].names:
        return read_rules([], {duplicate_reason(kind): f"{kind}.duplicate == 0"})
    return RuleSet(edits=(EditRule(f"{kind}.repeated"),))
