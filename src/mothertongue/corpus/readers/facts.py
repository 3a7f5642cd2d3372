"""Facts that formats tell about their texts, in one form.

Names in meta: `date` (ISO), `url`, `title`, `license`, `declared_language`.
"""

from __future__ import annotations

import datetime
import re
from email.utils import parsedate

LONGEST_FACT = 500
_DATE = re.compile(r"D:(\d{4})(\d\d)?(\d\d)?|(\d{4})(?:-(\d\d)(?:-(\d\d))?)?(?!\d)|(\d{4})(\d\d)(\d\d)(?!\d)", re.ASCII)


def iso_date(text: str) -> str | None:
    """Return the date at the beginning of `text` as `YYYY`, `YYYY-MM` or `YYYY-MM-DD`, or None when there is none.

    Understands ISO 8601, HTTP and mail dates, and the dates of PDF (`D:20240131`).
    """
    text = text.strip()[:LONGEST_FACT]
    found = _DATE.match(text)
    try:
        # The parser of mail dates breaks on some texts that are none.
        parts = [int(part) for part in (found.groups() if found else (parsedate(text) or ())[:3]) if part is not None]
        datetime.date(*[*parts, 1, 1][:3])
    except (ValueError, TypeError, IndexError, AttributeError):
        return None
    return "-".join([f"{parts[0]:04d}", *(f"{part:02d}" for part in parts[1:])])


def facts(**found: str | None) -> dict[str, str]:
    """Return those facts that are there, on one line each and at most 500 characters long."""
    kept = {name: " ".join(value.split())[:LONGEST_FACT] for name, value in found.items() if value}
    return {name: value.encode("utf-8", "replace").decode() for name, value in kept.items() if value}
