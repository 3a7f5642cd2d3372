"""Compare two models by bits per byte, with an interval: `python examples/compare_two_models.py A B TEXTS LANGUAGE`.

Bits per byte can be compared across tokenizers; perplexities cannot.
"""

import sys
from pathlib import Path

from mothertongue.corpus.curate import plain_texts
from mothertongue.evaluation import Scorer, bits_per_byte, paired_bootstrap
from mothertongue.models.load import load

first, second, source, language = sys.argv[1:]
texts = [document.text for document in plain_texts(Path(source), language)]
one, other = (
    bits_per_byte(Scorer(loaded.model, loaded.tokenizer), texts) for loaded in map(load, (Path(first), Path(second)))
)
change = paired_bootstrap(one.bits, other.bits, one.bytes, seed=0)
print(f"{one.bits_per_byte:.3f} -> {other.bits_per_byte:.3f} bits per byte over {len(texts)} documents")
print(f"change {change.estimate:+.3f}, 95 % interval {change.low:+.3f} to {change.high:+.3f}")
