"""Teach a model from Python: `python examples/teach_from_python.py TEXTS LANGUAGE RUN [key=value ...]`."""

import sys
from pathlib import Path

from mothertongue import load_recipe
from mothertongue.report.html import read_report
from mothertongue.stages.teach import run_recipe

texts, language, run, *changes = sys.argv[1:]
recipe = load_recipe(None, changes, values={"language": language, "corpus.sources": [Path(texts)]})
run_recipe(recipe, Path(run))
report = read_report(Path(run) / "report.json")
for name, bits in report.measures.bits_per_byte.items():
    print(f"{name}: {bits.before:.3f} -> {bits.after:.3f} bits per byte")
