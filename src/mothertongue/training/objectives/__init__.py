"""What a step minimises. An objective turns rows into a batch and a batch into a weighted loss."""

from mothertongue.training.objectives.causal import CausalObjective
from mothertongue.training.objectives.protocol import Loss, Objective

OBJECTIVES: dict[str, type[Objective]] = {"causal": CausalObjective}
"""Every objective by name; a contract test holds each to the laws of weights and packing."""

__all__ = ["OBJECTIVES", "CausalObjective", "Loss", "Objective"]
