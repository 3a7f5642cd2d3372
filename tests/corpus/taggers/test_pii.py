"""Tagger `pii`: what is found and what is left alone, checked digits, edges of texts, and masking."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iban, luhn
from tests.corpus.taggers.samples import tag_one

from mothertongue.corpus.taggers.pii import FINDERS, find, mask

WORDS = {kind: f"<{kind}>" for kind in FINDERS}


def found(text, kind, score=1.0):
    return [text[start:end] for start, end, sure in find(text)[kind] if sure == score]


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("email", "joe@bakker.nl", ["joe@bakker.nl"]),
        ("email", "Mail joe.doe+x@a.b-c.co.uk, nu.", ["joe.doe+x@a.b-c.co.uk"]),
        ("email", "请联系joe@qq.com谢谢", ["joe@qq.com"]),
        ("email", "<müller@köln.de>", ["müller@köln.de"]),
        ("email", "이메일 joe@naver.com으로", ["joe@naver.com"]),
        ("email", "a@b, @joe, joe@, 5@6.7", []),
        ("phone", "+31 20 123 4567", ["+31 20 123 4567"]),
        ("phone", "Bel +31(0)6-12345678 of 020-123 4567.", ["+31(0)6-12345678", "020-123 4567"]),
        ("phone", "(020) 123 45 67", ["(020) 123 45 67"]),
        ("phone", "zie (+31 20 1234567)", ["+31 20 1234567"]),
        ("phone", "(212) 555-1234 en 01 23 45 67 89", ["(212) 555-1234", "01 23 45 67 89"]),
        ("phone", "tel: 22 33 44 55, hotel 22 33 44 55", ["22 33 44 55"]),
        ("phone", "هاتف ٠٢٠-١٢٣-٤٥٦٧", ["٠٢٠-١٢٣-٤٥٦٧"]),
        ("phone", "0031 20 123 4567", ["0031 20 123 4567"]),
        ("phone", "+999 1234567, 01.02.2020 10:30, 2020-01-02, 1 000 000 000, v1.2.3.4", []),
        ("phone", "ISBN 0-306-40615-2, ISBN 978-0-306-40615-7, ISSN 0317-8471", []),
        ("phone", "€020 123 4567, 020 123 4567%, 0.123 456 789, 0.0316297814625926", []),
        ("ip", "van 93.184.216.34.", ["93.184.216.34"]),
        ("ip", "2606:4700:4700::1111", ["2606:4700:4700::1111"]),
        ("ip", "256.1.1.1, 1.2.3.44.5, v1.2.3.44, 12:30:45, std::vector, a::b", []),
        ("iban", "NL91 ABNA 0417 1643 00 en verder", ["NL91 ABNA 0417 1643 00"]),
        ("iban", "IBAN:DE89370400440532013000,", ["DE89370400440532013000"]),
        ("iban", "NL91ABNA0417164301 XX91ABNA0417164300", []),
        ("card", "4111 1111 1111 1111", ["4111 1111 1111 1111"]),
        ("card", "3782 822463 10005 12/25", ["3782 822463 10005"]),
        ("card", "4111 1111 1111 1112, 9111111111111111, 0000000000000000", []),
    ],
)
def test_kinds_by_hand(kind, text, expected):
    assert found(text, kind) == expected


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("email", "joe@example.org"),
        ("email", "a@mail.test"),
        ("ip", "192.0.2.7"),
        ("ip", "10.0.0.1"),
        ("ip", "1.2.3.4"),
        ("ip", "2001:db8::1:2"),
        ("phone", "212-555-0123"),
    ],
)
def test_what_belongs_to_nobody_is_found_but_not_counted(kind, text):
    assert found(text, kind, 0.5) == [text]
    assert tag_one("pii", text)["count"] == 0


def test_counts_and_share():
    row = tag_one("pii", "joe@bakker.nl 93.184.216.34 10.0.0.1")
    assert row["count"] == 2
    assert row["share"] == pytest.approx(26 / 36)
    assert row["email"] == [("joe@bakker.nl", 1)]


@given(st.integers(0, 10**14 - 1))
def test_a_card_needs_its_check_digit(number):
    digits = f"4{number:014d}"
    right = luhn.calc_check_digit(digits)
    for last in "0123456789":
        assert bool(found(f"x {digits}{last}", "card")) == (last == right)


@given(st.integers(0, 10**10 - 1))
def test_an_account_needs_its_check_digits(number):
    bank = f"ABNA{number:010d}"
    right = iban.calc_check_digits(f"NLxx{bank}")
    assert found(f"NL{right}{bank}", "iban") == [f"NL{right}{bank}"]
    assert found(f"NL{(int(right) + 1) % 97:02d}{bank}", "iban") == []


@given(st.text(st.sampled_from("ab1290@.+- ()/:NLx\n"), max_size=80))
def test_kinds_never_overlap(text):
    spans = sorted(span for own in find(text).values() for span in own)
    assert all(first[1] <= second[0] for first, second in pairwise(spans))


def test_masking_leaves_nothing_of_a_span():
    text = "joe@bakker.nl belt +31 20 123 4567"
    assert mask(text, find(text), WORDS) == "<email> belt <phone>"
    assert mask("geen", find("geen"), WORDS) == "geen"
    assert mask("abcdef", {"email": [(0, 3, 1.0)], "ip": [(2, 5, 1.0)]}, WORDS) == "<email>f"
    for wrong in ((2, 2), (3, 1), (0, 7), (-1, 2)):
        with pytest.raises(ValueError):
            mask("abcdef", {"ip": [wrong]}, WORDS)


@given(st.text(st.sampled_from("ab1290@.+- x\n"), max_size=60))
def test_a_masked_text_holds_no_address(text):
    masked = mask(text, find(text), dict.fromkeys(FINDERS, "*"))
    assert all(text[start:end] not in masked for start, end, _ in find(text)["email"] if len(text[start:end]) > 8)


@pytest.mark.parametrize("unit", ["a@", "a.a@a.", "1.", "+31 6 ", "4111-", "NL91ABNA", "(020)", "1 ", "::", "1:", "@"])
def test_time_is_linear_on_cut_addresses(unit):
    seconds = []
    for size in (40_000, 160_000):
        start = time.process_time()
        find(unit * (size // len(unit)))
        seconds.append(time.process_time() - start)
    # Quadratic work would take sixteen times as long; what is below a tenth of a second says nothing.
    assert seconds[1] < max(8 * seconds[0], 0.1)
