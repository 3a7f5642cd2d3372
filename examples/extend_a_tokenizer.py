"""Extend a tokenizer and prove that every new token can be produced: `... MODEL_FOLDER TEXTS LANGUAGE SIZE`."""

import sys
from pathlib import Path

from mothertongue.corpus.curate import plain_texts
from mothertongue.models.load import load_tokenizer
from mothertongue.prompting.text import encode_text
from mothertongue.vocabulary.extend import extend_tokenizer

folder, source, language, size = sys.argv[1:]
texts = [document.text for document in plain_texts(Path(source), language)]
extension = extend_tokenizer(load_tokenizer(Path(folder)), texts, int(size))

for index, proof in extension.proofs.items():
    assert index in encode_text(extension.tokenizer, proof)
before, after = extension.before.characters_per_token, extension.after.characters_per_token
print(f"{len(extension.proofs)} of {len(extension.new_ids)} new tokens are proven to be reachable")
print(f"{before:.2f} -> {after:.2f} characters per token")
