"""What all tests share: the fault harness on the path, a quick disk, faults inside this process, a tiny model."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "faults"))

from mothertongue import faults


@pytest.fixture(autouse=True)
def machine_as_found() -> Iterator[None]:
    """What training switches on for the whole process is switched off again: other tests need true arithmetic."""
    yield
    if "torch" in sys.modules:
        import torch

        torch.set_flush_denormal(False)
        torch.use_deterministic_algorithms(False)


@pytest.fixture
def quick_path() -> Iterator[Path]:
    """A folder in memory where there is one: fault tests sync thousands of files."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None, prefix="mothertongue-") as folder:
        yield Path(folder)


@pytest.fixture
def inject(tmp_path: Path) -> Iterator[Callable[[str], Callable[[], list[str]]]]:
    """`inject("ENOSPC:3")` makes the third step from now fail; the returned function gives the evidence."""
    points, log = faults.FAULTS, tmp_path / "fired"

    def set_fault(text: str) -> Callable[[], list[str]]:
        points.count, points.fault, points.log = 0, faults.Fault.parse(text) if text else None, str(log)
        log.unlink(missing_ok=True)
        return lambda: log.read_text().splitlines() if log.exists() else []

    yield set_fault
    points.count, points.fault, points.log, points.names = 0, None, "", None


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tiny model and tokenizer, made once; tests must not write into it."""
    from mothertongue import testing

    return testing.tiny_folder(tmp_path_factory.mktemp("models") / "tiny")
