"""Near-identical rows: pairs are found across cells, distances are exact, damaged rows never count."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from mothertongue.models.doctor.folder import ModelFolder
from mothertongue.models.doctor.headers import Stored
from mothertongue.models.doctor.rows import NEAR, near_groups


def groups(matrix: Tensor, folder: Path) -> list[list[int]]:
    save_file({"model.embed_tokens.weight": matrix.contiguous()}, folder / "model.safetensors")
    subject = ModelFolder(folder)
    stored: Stored = subject.embedding
    return sorted(sorted(group) for group in near_groups(subject, stored, list(range(len(matrix)))))


def random_rows(rows: int, width: int) -> Tensor:
    return torch.nn.functional.normalize(torch.randn(rows, width, generator=torch.Generator().manual_seed(3)), dim=1)


def test_unit_rows_closer_than_the_limit_are_alike_and_further_ones_are_not(tmp_path: Path):
    """All rows have length 1, so the limit is a distance of NEAR itself."""
    matrix = random_rows(100, 64)
    step = torch.zeros(64)
    step[0] = 1.0
    matrix[10] = matrix[20] + 0.9 * NEAR * step
    matrix[30] = matrix[40] + 1.2 * NEAR * step
    assert groups(matrix, tmp_path) == [[10, 20]]


@pytest.mark.parametrize("width", [8, 64, 576])
def test_every_one_of_500_close_pairs_is_found(tmp_path: Path, width: int):
    matrix = random_rows(1000, width)
    direction = torch.nn.functional.normalize(
        torch.randn(500, width, generator=torch.Generator().manual_seed(4)), dim=1
    )
    matrix[500:] = matrix[:500] + 0.9 * NEAR * direction
    assert groups(matrix, tmp_path) == [[index, index + 500] for index in range(500)]


def test_zero_and_broken_rows_are_no_group(tmp_path: Path):
    matrix = random_rows(50, 16)
    matrix[[1, 2, 3]] = 0.0
    matrix[[4, 5]] = float("nan")
    assert groups(matrix, tmp_path) == []


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_rows_are_read_in_every_floating_type(tmp_path: Path, dtype: torch.dtype):
    matrix = random_rows(50, 16).to(dtype)
    matrix[7] = matrix[33]
    assert groups(matrix, tmp_path) == [[7, 33]]


def test_five_thousand_equal_rows_are_one_group(tmp_path: Path):
    matrix = random_rows(6000, 8)
    matrix[1000:] = matrix[1000].clone()
    assert groups(matrix, tmp_path) == [list(range(1000, 6000))]
