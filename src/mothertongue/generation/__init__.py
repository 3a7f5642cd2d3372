"""The generation room: prompts enter, completions leave.

`protocol` holds the contract, `local` the model in this process (batched, seeded, streaming), `cache` keeps
completions by content. Importing this package imports no torch; `mothertongue.generation.local` does.
"""

from __future__ import annotations

from mothertongue.generation.cache import CachedGenerator, GenerationCache
from mothertongue.generation.protocol import Completion, Generator, Prompt, Sampling

__all__ = ["CachedGenerator", "Completion", "GenerationCache", "Generator", "Prompt", "Sampling"]
