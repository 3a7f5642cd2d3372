"""How deep HTML nests, found by reading its tags once: parsers need quadratic time for pages that nest without end."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from mothertongue.corpus.readers.blocks import words
from mothertongue.corpus.readers.streams import UnreadableError

_TAG = re.compile(r"<(?:(!--)|(/?)([a-zA-Z][^\s/>]{0,60})(?:[^<>]{0,4000}?(/)>)?)")
_COMMENT_END = re.compile(r"--!?>")
# Elements without content, and those that the next one of their kind closes: they never pile up.
_FLAT = words(
    "area base br col embed hr image img input link meta param source track wbr html head body p li dd dt option "
    "optgroup tr td th thead tbody tfoot colgroup caption rp rt rb rtc a nobr button"
)
# Their content is text, whatever it looks like.
_RAW = words("script style textarea title xmp iframe noembed noframes")
_FORMATTING = words("b big code em font i s small strike strong tt u")
_BLOCKS = words(
    "address applet article aside blockquote body center details dialog dir div dl fieldset figcaption figure footer "
    "form frameset h1 h2 h3 h4 h5 h6 header hgroup listing main marquee menu nav noscript object ol pre search section "
    "select summary table template ul"
)
_FOREIGN = words("svg math")
_INTEGRATION = words("foreignobject desc annotation-xml mi mo mn ms mtext")
# An end tag does not reach an element outside of these.
_BARRIERS = words("table template marquee object applet") | _INTEGRATION
_CELLS = words("td th tr caption tbody thead tfoot")
# Elements of HTML that end a drawing or formula in which they stand.
_BREAKING = _FORMATTING | words(
    "blockquote body br center dd div dl dt embed h1 h2 h3 h4 h5 h6 head hr img li menu meta nobr ol p pre ruby span "
    "sub sup table ul var"
)


@dataclass
class _Open:
    """The stack of open elements, as far as they can nest."""

    names: list[str] = field(default_factory=list)
    foreign: int = 0

    def start(self, name: str, *, closed: bool) -> None:
        """Open an element; `closed` is whether its tag ends in `/>`, which means something only inside a drawing."""
        if self.foreign and name in _BREAKING:
            self._close_from(_FOREIGN, _INTEGRATION)
        if name in _CELLS:
            self._close_from(frozenset({"table"}), frozenset({"template"}), inside=True)
        if name in _FLAT or (closed and self.foreign):
            return
        self.names.append(name)
        self.foreign += name in _FOREIGN

    def end(self, name: str) -> None:
        """Close an element as parsers do: formatting alone, a phrase inside its block, a block with all in it."""
        if name in _CELLS:
            self._close_from(frozenset({"table"}), frozenset({"template"}), inside=True)
        if name not in self.names:
            return
        for place in range(len(self.names) - 1, -1, -1):
            other = self.names[place]
            if other == name:
                self._cut(place, alone=name in _FORMATTING or name == "form", all_of_it=name == "table")
                return
            if other in _BARRIERS or (other in _BLOCKS and name not in _BLOCKS and name not in _FORMATTING):
                return

    def _close_from(self, names: frozenset[str], unless: frozenset[str], *, inside: bool = False) -> None:
        """Close the innermost element of `names` (or only what is `inside` it) unless another kind comes first."""
        for place in range(len(self.names) - 1, -1, -1):
            if self.names[place] in unless:
                return
            if self.names[place] in names:
                self._cut(place + inside, all_of_it=True)
                return

    def _cut(self, start: int, *, alone: bool = False, all_of_it: bool = False) -> None:
        """Close what is open from `start` on; formatting that its block leaves open is opened again by parsers."""
        gone = self.names[start : start + 1] if alone else self.names[start:]
        left = [] if alone or all_of_it else [name for name in gone if name in _FORMATTING]
        self.foreign -= sum(name in _FOREIGN for name in gone)
        self.names[start : start + len(gone)] = left


def check_nesting(source: str, most: int) -> None:
    """Raise UnreadableError `too_deep` at the character where more than `most` elements are open inside each other.

    Elements that cannot nest in their own kind (paragraphs, items, cells) are not counted.
    """
    stack = _Open()
    place = 0
    while (match := _TAG.search(source, place)) is not None:
        comment, ending, name, closed = match.groups()
        place = match.end()
        if comment:
            # `<!-->` is a whole comment, so its own dashes count.
            place = _after(_COMMENT_END, source, place - 2)
            continue
        name = name.lower()
        if name == "plaintext":
            return
        if ending:
            stack.end(name)
        elif name in _RAW and not stack.foreign:
            place = _after(re.compile(f"</{name}", re.IGNORECASE), source, place)
        else:
            stack.start(name, closed=closed is not None)
        if len(stack.names) > most:
            found = f"more than {most} elements inside each other"
            raise UnreadableError("too_deep", match.start(), found, str(most))


def _after(mark: re.Pattern[str], text: str, place: int) -> int:
    found = mark.search(text, place)
    return len(text) if found is None else found.start()
