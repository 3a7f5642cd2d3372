"""Quality: attributes worked out by hand, and a decision that is apart from them."""

import pyarrow as pa
import pytest
from tests.corpus.texts import document

from mothertongue.corpus import QualityTagger, find_control_tokens
from mothertongue.corpus.document import CHECKSUM_KEY, ids_checksum, to_table
from mothertongue.corpus.quality import Bound, Decision, decide, default_thresholds, measure


@pytest.mark.parametrize(
    ("text", "attribute", "value"),
    [
        ("abc", "characters", 3),
        ("ab 1!", "letter_share", 0.5),
        ("\u0915\u094d\u200d\u0937", "letter_share", 1),  # marks and joiners are letters of their script
        ("", "letter_share", 0),
        ("abbbb c", "longest_run_share", 4 / 6),
        ("a b c", "longest_run_share", 1 / 3),
        ("aa\nbb\naa\naa", "repeated_line_share", 0.5),
        ("a b c d e a b c d e", "repeated_gram_share", 1 - 5 / 6),
        ("a b c", "repeated_gram_share", 0),
    ],
)
def test_attributes_by_hand(text, attribute, value):
    assert measure(text)[attribute] == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (document(1, 100).text, ""),
        ("kort", "too_short"),
        ("1234 5678, " * 30, "few_letters"),
        ("a" * 300, "one_character"),
        ("\n".join(["Dezelfde regel, alweer."] * 30), "repeated_lines"),
        ("en toen en toen nog eens " * 30, "repetition"),
        ("\u0e15\u0e37\u0e48\u0e19\u0e40\u0e0a\u0e49\u0e32 " * 3 + document(2, 60).text, ""),
    ],
)
def test_only_what_is_no_text_is_dropped(text, reason):
    assert decide(measure(text), default_thresholds(200)).reason == reason


def test_a_decision_names_value_and_threshold():
    thresholds = {"characters": Bound(lowest=10, highest=20)}
    assert decide({"characters": 15.0}, thresholds) == Decision(True)
    assert decide({"characters": 9.0}, thresholds) == Decision(False, "too_short", "9", "at least 10")
    assert decide({"characters": 21.0}, thresholds) == Decision(False, "too_short", "21", "at most 20")


def test_the_tagger_keeps_rows_and_says_what_it_measured():
    documents = [document(seed) for seed in range(3)]
    (batch,) = to_table(documents).to_batches()
    tagged = QualityTagger().tag(batch, "nl")
    assert tagged.column("id").to_pylist() == [item.id for item in documents]
    assert tagged.to_pylist()[1] == {"id": documents[1].id, **measure(documents[1].text)}
    assert tagged.schema.metadata[b"mothertongue.tagger"] == b"quality@1"
    assert tagged.schema.metadata[CHECKSUM_KEY].decode() == ids_checksum(item.id for item in documents)
    assert isinstance(tagged, pa.RecordBatch)


def test_control_tokens_are_counted_longest_first():
    tokens = ["<|im_start|>", "<|im_end|>", "<s>", "<s>x", "", "[UNUSED]"]
    found = find_control_tokens("a <s>x <s> <|im_start|>user<|im_end|><|im_end|>", tokens)
    assert found == {"<s>": 1, "<s>x": 1, "<|im_end|>": 2, "<|im_start|>": 1}
    assert find_control_tokens("gewone tekst", tokens) == {}
    assert find_control_tokens("(a|b)*", ["(a|b)*"]) == {"(a|b)*": 1}
