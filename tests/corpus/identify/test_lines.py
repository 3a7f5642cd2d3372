"""Labels of lines."""

from hypothesis import given
from hypothesis import strategies as st
from tests.corpus.identify.test_confusion import Says

from mothertongue.corpus.identify import label_lines
from mothertongue.corpus.identify.lines import OPENING
from mothertongue.corpus.identify.py3langid import Py3LangId


def test_spans_by_hand():
    rows = label_lines("een\n\n  twee \n\t\ndrie", Says())
    assert [(row.start, row.end, row.tag) for row in rows] == [(0, 3, "een"), (7, 11, "twee"), (15, 19, "drie")]
    assert {row.probability for row in rows} == {0.75}


@given(st.text(alphabet="ab \n\t\u3000é", max_size=60))
def test_labelled_lines_are_the_lines(text):
    rows = label_lines(text, Says())
    assert [text[row.start : row.end] for row in rows] == [line.strip() for line in text.split("\n") if line.strip()]


def test_a_long_line_is_known_by_its_opening():
    (row,) = label_lines("x" * 10 * OPENING, Says())
    assert (row.end, row.tag) == (10 * OPENING, "x" * OPENING)


def test_languages_in_turn():
    dutch = "De molenaar loopt elke ochtend over de dijk naar zijn molen."
    finnish = "Mylläri kävelee joka aamu patoa pitkin myllylleen, sillä tuuli ei odota."
    rows = label_lines(f"{dutch}\n12 - 34\n{finnish}", Py3LangId())
    assert [row.tag for row in rows][0::2] == ["nl", "fi"]
