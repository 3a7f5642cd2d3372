"""The tree of an expression: frozen nodes that print themselves as text which parses back to the same tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

PROFILE: Final = "profile"


@dataclass(frozen=True)
class Constant:
    """A number, a text or a truth value."""

    value: float | str | bool
    place: int = field(default=0, compare=False)

    def __str__(self) -> str:
        if isinstance(self.value, str):
            return f"'{self.value}'" if '"' in self.value else f'"{self.value}"'
        return str(self.value).lower() if isinstance(self.value, bool) else number_text(self.value)


@dataclass(frozen=True)
class Name:
    """An attribute (`tagger.column`) or an entry of the language profile (`profile.NAME`)."""

    name: str
    place: int = field(default=0, compare=False)

    @property
    def tagger(self) -> str:
        """What stands before the first dot."""
        return self.name.partition(".")[0]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Call:
    """`known(NAME)`: whether an attribute has a value; `count(NAME)`: how many spans it holds."""

    function: str
    name: Name
    place: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return f"{self.function}({self.name})"


@dataclass(frozen=True)
class Arithmetic:
    """Two numbers joined by `+ - * /`; a division by zero is unknown."""

    operator: str
    left: Node
    right: Node
    place: int = field(default=0, compare=False)

    def __str__(self) -> str:
        level = _binding(self)
        return f"{_inner(self.left, level)} {self.operator} {_inner(self.right, level + 1)}"


@dataclass(frozen=True)
class Comparison:
    """One comparison of two values of one kind; chains become several, joined by `AllOf`."""

    operator: str
    left: Node
    right: Node
    place: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return f"{_inner(self.left, 5)} {self.operator} {_inner(self.right, 5)}"


@dataclass(frozen=True)
class Member:
    """Whether a value is one of a list, or one of a list in the profile."""

    item: Node
    choices: tuple[Constant, ...] | Name
    negated: bool = False
    place: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return f"{_inner(self.item, 5)} {self.threshold}"

    @property
    def threshold(self) -> str:
        """The text from `in` on."""
        choices = f"[{', '.join(map(str, self.choices))}]" if isinstance(self.choices, tuple) else str(self.choices)
        return ("not in " if self.negated else "in ") + choices


@dataclass(frozen=True)
class Not:
    """The opposite of a truth value; unknown stays unknown."""

    part: Node
    place: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return f"not {_inner(self.part, 4)}"


@dataclass(frozen=True)
class AllOf:
    """Parts that must all hold."""

    parts: tuple[Node, ...]
    place: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return " and ".join(_inner(part, 3) for part in self.parts)


@dataclass(frozen=True)
class AnyOf:
    """Parts of which one must hold."""

    parts: tuple[Node, ...]
    place: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return " or ".join(_inner(part, 2) for part in self.parts)


Node: TypeAlias = Constant | Name | Call | Arithmetic | Comparison | Member | Not | AllOf | AnyOf


@dataclass(frozen=True)
class Expression:
    """A parsed text; equal trees are equal expressions, however they were written."""

    node: Node
    text: str = field(default="", compare=False)

    @property
    def names(self) -> tuple[Name, ...]:
        """AllOf names from left to right, each once."""
        return tuple(dict.fromkeys(node for node in walk(self.node) if isinstance(node, Name)))

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes it needs, as `tagger.column`."""
        return tuple(name.name for name in self.names if name.tagger != PROFILE)

    @property
    def profile_names(self) -> tuple[str, ...]:
        """The entries of the profile it needs, without `profile.`."""
        return tuple(name.name.partition(".")[2] for name in self.names if name.tagger == PROFILE)

    @property
    def taggers(self) -> tuple[str, ...]:
        """The taggers it needs."""
        return tuple(dict.fromkeys(name.tagger for name in self.names if name.tagger != PROFILE))

    @property
    def conjuncts(self) -> tuple[Node, ...]:
        """The parts that must all hold, in order; the expression itself when it is no conjunction."""
        return self.node.parts if isinstance(self.node, AllOf) else (self.node,)

    def __str__(self) -> str:
        return str(self.node)


def number_text(value: float) -> str:
    """Return a number as it is written by hand: whole numbers without a point, others in their shortest form."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def children(node: Node) -> tuple[Node, ...]:
    """Return the parts of a node from left to right."""
    if isinstance(node, Arithmetic | Comparison):
        return node.left, node.right
    if isinstance(node, Member):
        return (node.item, *node.choices) if isinstance(node.choices, tuple) else (node.item, node.choices)
    if isinstance(node, AllOf | AnyOf):
        return node.parts
    if isinstance(node, Not):
        return (node.part,)
    return (node.name,) if isinstance(node, Call) else ()


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and all below it, each before its parts."""
    yield node
    for part in children(node):
        yield from walk(part)


def _binding(node: Node) -> int:
    """Return how tightly a node holds its parts together, from `or` to names."""
    if isinstance(node, Arithmetic):
        return 6 if node.operator in "*/" else 5
    levels = {AnyOf: 1, AllOf: 2, Not: 3, Comparison: 4, Member: 4}
    return levels.get(type(node), 7)


def _inner(node: Node, level: int) -> str:
    """Return the text of a part, in parentheses where it binds less tightly than `level`."""
    return str(node) if _binding(node) >= level else f"({node})"
