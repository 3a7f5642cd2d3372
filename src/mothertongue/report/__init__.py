"""The report room: results in, pages out.

Enters: a `Report` that the stages filled with measurements, or models that stream text. Leaves: report.json, a
self-contained report.html, and a chat in the terminal or on a local page. Nothing here imports torch.
"""

from mothertongue.report.model import Report
from mothertongue.report.verdict import build_verdict

__all__ = ["Report", "build_verdict"]
