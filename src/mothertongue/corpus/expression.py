"""The small language of rules: comparisons, arithmetic and logic over attributes, and nothing else.

A text such as `gopher.word_count >= profile.minimum_words and not c4.curly_brace` enters, a tree leaves. Names are
`tagger.column` or `profile.NAME`; there are numbers, texts in quotes, `true`, `false`, chained comparisons, `in [..]`,
`and or not`, `+ - * /`, parentheses, and the calls `known(NAME)` and `count(SPANS)`. No code of the user ever runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NoReturn

from mothertongue.corpus.expression_nodes import (
    AllOf,
    AnyOf,
    Arithmetic,
    Call,
    Comparison,
    Constant,
    Expression,
    Member,
    Name,
    Node,
    Not,
)

LONGEST: Final = 2_000
DEEPEST: Final = 40
MOST_OPERATIONS: Final = 100
FUNCTIONS: Final = ("known", "count")
MIRRORED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
"""Comparison -> the one that says the same with its sides exchanged."""

_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<number>(?:\d[\d_]{0,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][+-]?\d{1,3})?(?![\w.]))"
    r"|(?P<text>\"[^\"\n]*\"|'[^'\n]*')|(?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*)*)|(?P<mark><=|>=|==|!=|[<>+\-*/()\[\],])"
)


class ExpressionError(ValueError):
    """A text is no expression; `place` is the code point, counted from 0, at which that shows."""

    def __init__(self, message: str, place: int) -> None:
        super().__init__(message)
        self.message, self.place = message, place


def parse(text: str) -> Expression:
    """Return the expression of a text; raises ExpressionError with the place of the first thing that is wrong.

    Texts have at most 2,000 code points and nest at most 40 deep, so no text can exhaust memory or stack.
    """
    if len(text) > LONGEST:
        raise ExpressionError(f"is longer than {LONGEST:,} characters", LONGEST)
    return Expression(_Parser(text).whole(), text)


def _number(token: _Token) -> float:
    value = float(token.text.replace("_", ""))
    if value == float("inf"):
        raise ExpressionError("has a number that is too large", token.place)
    return value


def _flat(kind: type[AllOf] | type[AnyOf], parts: Iterable[Node]) -> tuple[Node, ...]:
    """Return parts with those of the same kind opened: `a and (b and c)` has three parts."""
    return tuple(inner for part in parts for inner in (part.parts if isinstance(part, kind) else (part,)))


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    place: int


def _tokens(text: str) -> Iterator[_Token]:
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise ExpressionError(f"has {text[place]!r} where no such character can stand", place)
        if found.lastgroup != "space":
            yield _Token(str(found.lastgroup), found.group(), place)
        place = found.end()
    yield _Token("end", "", place)


class _Parser:
    """Recursive descent, one method per level of binding, loosest first."""

    def __init__(self, text: str) -> None:
        self.tokens = list(_tokens(text))
        self.position = 0
        self.depth = self.operations = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.position]

    def whole(self) -> Node:
        node = self.disjunction()
        if self.token.kind != "end":
            self.fail("the end, or and, or or")
        return node

    def fail(self, wanted: str) -> NoReturn:
        found = repr(self.token.text) if self.token.text else "the end"
        raise ExpressionError(f"has {found} where {wanted} should stand", self.token.place)

    def take(self, *texts: str) -> str:
        """Return the next token and go on if it is one of `texts`, else an empty text."""
        if self.token.kind in ("mark", "name") and self.token.text in texts:
            self.position += 1
            return self.tokens[self.position - 1].text
        return ""

    def expect(self, text: str) -> None:
        if not self.take(text):
            self.fail(repr(text))

    def disjunction(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise ExpressionError(f"nests more than {DEEPEST} deep", self.token.place)
        place, parts = self.token.place, [self.conjunction()]
        while self.take("or"):
            parts.append(self.conjunction())
        self.depth -= 1
        return AnyOf(_flat(AnyOf, parts), place) if len(parts) > 1 else parts[0]

    def conjunction(self) -> Node:
        place, parts = self.token.place, [self.negation()]
        while self.take("and"):
            parts.append(self.negation())
        return AllOf(_flat(AllOf, parts), place) if len(parts) > 1 else parts[0]

    def negation(self) -> Node:
        place, count = self.token.place, 0
        while self.take("not"):
            count += 1
        node = self.comparison()
        # Pairs of `not` cancel out, which also keeps the tree flat.
        return Not(node, place) if count % 2 else node

    def comparison(self) -> Node:
        place, left = self.token.place, self.sum()
        if self.token.text == "in" or self.token.text == "not":
            negated = bool(self.take("not"))
            self.expect("in")
            return Member(left, self.choices(), negated, place)
        parts: list[Node] = []
        while operator := self.take(*MIRRORED):
            right = self.sum()
            parts.append(Comparison(operator, left, right, place))
            left = right
        return AllOf(tuple(parts), place) if len(parts) > 1 else parts[0] if parts else left

    def choices(self) -> tuple[Constant, ...] | Name:
        if self.token.kind == "name":
            node = self.atom()
            return node if isinstance(node, Name) else self.fail("a list in brackets or profile.NAME")
        self.expect("[")
        found = [self.constant()]
        while self.take(","):
            found.append(self.constant())
        self.expect("]")
        return tuple(found)

    def constant(self) -> Constant:
        node = self.factor()
        return node if isinstance(node, Constant) else self.fail("a number, a text or a truth value")

    def sum(self) -> Node:
        node = self.product()
        while operator := self.take("+", "-"):
            node = self.arithmetic(operator, node, self.product())
        return node

    def product(self) -> Node:
        node = self.factor()
        while operator := self.take("*", "/"):
            node = self.arithmetic(operator, node, self.factor())
        return node

    def arithmetic(self, operator: str, left: Node, right: Node) -> Node:
        self.operations += 1
        if self.operations > MOST_OPERATIONS:
            raise ExpressionError(f"has more than {MOST_OPERATIONS} arithmetic operations", right.place)
        return Arithmetic(operator, left, right, left.place)

    def factor(self) -> Node:
        place, sign = self.token.place, 1
        while self.take("-"):
            sign = -sign
        node = self.atom()
        if sign > 0:
            return node
        if isinstance(node, Constant) and not isinstance(node.value, str | bool):
            return Constant(-node.value, place)
        return self.arithmetic("-", Constant(0.0, place), node)

    def atom(self) -> Node:
        token = self.token
        if self.take("("):
            node = self.disjunction()
            self.expect(")")
            return node
        if token.kind not in ("number", "text", "name") or token.text in ("and", "or", "not", "in"):
            self.fail("a number, a text, a name or a parenthesis")
        self.position += 1
        if token.kind == "number":
            return Constant(_number(token), token.place)
        if token.kind == "text":
            return Constant(token.text[1:-1], token.place)
        if token.text in ("true", "false"):
            return Constant(token.text == "true", token.place)
        return self.call(token) if token.text in FUNCTIONS and self.token.text == "(" else self.name(token)

    def call(self, function: _Token) -> Call:
        self.expect("(")
        token = self.token
        if token.kind != "name":
            self.fail("the name of an attribute")
        self.position += 1
        name = self.name(token)
        self.expect(")")
        return Call(function.text, name, function.place)

    def name(self, token: _Token) -> Name:
        if token.text.count(".") != 1:
            raise ExpressionError(f"has the name {token.text!r}; names are tagger.column or profile.NAME", token.place)
        return Name(token.text, token.place)
