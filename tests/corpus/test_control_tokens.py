"""Control tokens that stand in texts: counted, longest first."""

from mothertongue.corpus import find_control_tokens


def test_control_tokens_are_counted_longest_first():
    tokens = ["<|im_start|>", "<|im_end|>", "<s>", "<s>x", "", "[UNUSED]"]
    found = find_control_tokens("a <s>x <s> <|im_start|>user<|im_end|><|im_end|>", tokens)
    assert found == {"<s>": 1, "<s>x": 1, "<|im_end|>": 2, "<|im_start|>": 1}
    assert find_control_tokens("gewone tekst", tokens) == {}
    assert find_control_tokens("(a|b)*", ["(a|b)*"]) == {"(a|b)*": 1}
