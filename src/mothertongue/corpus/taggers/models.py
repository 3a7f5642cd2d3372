"""Trained models behind taggers: read once per process, checked against the hash in the settings and the language."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from mothertongue.corpus.classifier import TextClassifier, read_classifier
from mothertongue.corpus.fluency import FluencyModel, read_fluency
from mothertongue.corpus.profile import LanguageProfile
from mothertongue.errors import InputError, Problem


def classifier(path: str, sha256: str, profile: LanguageProfile) -> TextClassifier:
    """Return the text classifier of a file; raises InputError MT279 when it learned another language."""
    model = _classifier(path, sha256)
    _same_language(path, model.language, profile)
    return model


def fluency(path: str, sha256: str, profile: LanguageProfile) -> FluencyModel:
    """Return the fluency model of a file; raises InputError MT279 when it learned another language."""
    model = _fluency(path, sha256)
    _same_language(path, model.language, profile)
    return model


@lru_cache(maxsize=4)
def _classifier(path: str, sha256: str) -> TextClassifier:
    del sha256  # part of the key: a file with another content is read again
    return read_classifier(Path(path))


@lru_cache(maxsize=2)
def _fluency(path: str, sha256: str) -> FluencyModel:
    del sha256
    return read_fluency(Path(path))


def _same_language(path: str, language: str, profile: LanguageProfile) -> None:
    if language.partition("-")[0] != profile.language.partition("-")[0]:
        do = f"train a model on texts in {profile.language}"
        raise InputError(
            Problem("MT279", "learned another language", where=path, value=language, allowed=profile.language, do=do)
        )
