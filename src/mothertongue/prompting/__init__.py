"""The prompting room: chats and texts enter, token ids leave.

Plain text is encoded with special tokens as text (`text`), chats by the model's own template in a capped worker
process with content apart from scaffold (`chat`, `renderer`, `worker`; law 4). Imports no torch and no transformers.
"""

from __future__ import annotations

from mothertongue.prompting.chat import RenderedChat, chat_template, end_of_turn, render_chat, render_chat_masked
from mothertongue.prompting.renderer import TemplateRefusedError
from mothertongue.prompting.text import (
    check_single_start,
    control_tokens,
    document_start,
    encode_text,
    encode_texts,
)

__all__ = [
    "RenderedChat",
    "TemplateRefusedError",
    "chat_template",
    "check_single_start",
    "control_tokens",
    "document_start",
    "encode_text",
    "encode_texts",
    "end_of_turn",
    "render_chat",
    "render_chat_masked",
]
