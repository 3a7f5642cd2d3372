"""Tests of this folder write many small files: in memory, where there is such a folder."""

from pathlib import Path

import pytest


@pytest.fixture
def tmp_path(quick_path: Path) -> Path:
    return quick_path
