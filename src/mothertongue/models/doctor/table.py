"""The one table of checks: code, name, evidence, function. A check is added by a row here and a row in doctor.toml."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NoReturn

from mothertongue.models.doctor import adapters, chat, files, loading, rows, tokens
from mothertongue.models.doctor.finding import Check, Found, NotApplicable
from mothertongue.models.doctor.folder import ModelFolder


def _not_in_a_folder(reason: str) -> Callable[[ModelFolder], Iterable[Found]]:
    def check(_: ModelFolder) -> NoReturn:
        raise NotApplicable(reason)

    return check


_TRAINING = _not_in_a_folder("happens while training and leaves no trace in the folder")
_ONLINE = _not_in_a_folder("happens while training with TRL; a merged folder, as adapter-format asks for, avoids it")

CHECKS: tuple[Check, ...] = (
    Check("MT421", "files", "field notes (c) output", files.readable_files),
    Check("MT422", "whole-weights", "reliability R32", files.whole_weights),
    Check("MT423", "no-pickles", "reliability R34", files.no_pickles),
    Check("MT424", "no-code", "reliability R34", files.no_code),
    Check("MT425", "one-type", "field notes (c) output", files.one_type),
    Check("MT426", "generation-settings", "field notes (c) output", files.generation_settings),
    Check("MT427", "no-quantisation", "field notes (c) output", files.no_quantisation),
    Check("MT428", "card", "field notes (c) model card", files.card),
    Check("MT429", "loads", "field notes (b) row 4", loading.loads),
    Check("MT431", "adapter-rows", "field notes (b) row 1", adapters.adapter_rows),
    Check("MT432", "tied-weights", "field notes (b) row 2", rows.tied_weights),
    Check("MT433", "identical-rows", "field notes (b) row 3", rows.identical_rows),
    Check("MT434", "shapes", "field notes (b) row 4", rows.shapes),
    Check("MT435", "row-count", "field notes (b) row 5", rows.row_count),
    Check("MT436", "added-words", "field notes (b) row 6", tokens.added_words),
    Check("MT437", "reachable-tokens", "field notes (b) row 7", tokens.reachable_tokens),
    Check("MT438", "adapter-format", "field notes (b) row 8", adapters.refused_formats),
    Check("MT439", "tokenizer-parts", "field notes (b) row 9", tokens.tokenizer_parts),
    Check("MT440", "dummy-tokens", "field notes (b) row 10", tokens.dummy_tokens),
    Check("MT441", "full-head-copy", "field notes (b) row 10", adapters.full_head_beside_rows),
    Check("MT446", "one-bos", "field notes (b) row 16", chat.one_bos),
    Check("MT448", "template-ends", "field notes (b) row 16", chat.template_ends),
    Check("MT447", "encoded-ids", "field notes (b) row 17", tokens.encoded_ids),
    Check("MT451", "rl-adapters", "field notes (b) row 11", _ONLINE),
    Check("MT452", "filtered-gradients", "field notes (b) row 12", _TRAINING),
    Check("MT453", "fused-loss-sharded", "field notes (b) row 13", _TRAINING),
    Check("MT454", "fused-loss-scale", "field notes (b) row 14", _TRAINING),
    Check("MT455", "sharded-tokens", "field notes (b) row 15", _TRAINING),
)
"""Every check in the order in which it runs and is shown."""
