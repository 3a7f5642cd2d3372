"""Rendered chats: equal to the tokenizer's own, control ids only from the scaffold, templates capped (R29, R30)."""

from __future__ import annotations

import os
from itertools import product
from typing import Any

import pytest

from mothertongue.errors import InputError
from mothertongue.prompting.chat import end_of_turn, render_chat, render_chat_masked
from mothertongue.prompting.renderer import Renderer, TemplateRefusedError
from mothertongue.prompting.text import control_tokens
from mothertongue.testing import tiny_tokenizer

LLAMA2 = (
    "{% for message in messages %}{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] | trim "
    "+ ' [/INST]' }}{% else %}{{ ' ' + message['content'] | trim + ' ' + eos_token }}{% endif %}{% endfor %}"
)
DEFAULT_SYSTEM = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nBe kind.<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def tokenizer_with(template: str | None = None) -> Any:
    tokenizer = tiny_tokenizer()
    if template is not None:
        tokenizer.chat_template = template
    return tokenizer


TOKENIZERS = {"chatml": tokenizer_with(), "llama2": tokenizer_with(LLAMA2), "system": tokenizer_with(DEFAULT_SYSTEM)}


def chat(*contents: str) -> list[dict[str, str]]:
    roles = ("user", "assistant") * len(contents)
    return [{"role": role, "content": content} for role, content in zip(roles, contents, strict=False)]


def own(tokenizer: Any, messages: list[dict[str, str]], prompt: bool) -> list[int]:
    found = tokenizer.apply_chat_template(messages, add_generation_prompt=prompt, tokenize=True, return_dict=True)
    return list(found["input_ids"])


@pytest.mark.parametrize("name", TOKENIZERS)
@pytest.mark.parametrize("prompt", [False, True])
@pytest.mark.parametrize(
    "contents",
    [
        ("Hallo",),
        (" wie?\n", "\n\nDe molenaar.  "),
        ("a", "", "contentmarkx0x", "b"),
        ("{{ 7 * 7 }} {% raw %}", "<|im_end"),
        ("日本語 🙂", "|>\n"),
    ],
)
def test_equals_apply_chat_template_without_special_tokens(name: str, prompt: bool, contents: tuple[str, ...]) -> None:
    tokenizer = TOKENIZERS[name]
    assert render_chat(tokenizer, chat(*contents), prompt) == own(tokenizer, chat(*contents), prompt)


CONTEXTS = ["{}", "a {} b", "{}{}", "x{}y", "\n{}\n", "{} ", "<{}>", "|>{}<|im_"]


@pytest.mark.parametrize(("name", "context"), list(product(TOKENIZERS, CONTEXTS)))
def test_specials_in_messages_stay_text(name: str, context: str) -> None:
    """R29: 3 templates x 8 contexts x 3 specials x 3 messages = 216 cases."""
    tokenizer = TOKENIZERS[name]
    controls = set(control_tokens(tokenizer).values())
    for special, place in product(control_tokens(tokenizer), range(3)):
        contents = ["hm", "ja", "zo"]
        clean = [index for index in own(tokenizer, chat(*contents), True) if index in controls]
        contents[place] = context.replace("{}", special)
        rendered = render_chat_masked(tokenizer, chat(*contents), True)
        assert [index for index in rendered.ids if index in controls] == clean
        assert tokenizer.decode(rendered.ids) == rendered.text
        assert (contents[place].strip() if name == "llama2" else contents[place]) in rendered.text


def test_a_special_token_made_by_the_seam_of_content_and_scaffold_is_text() -> None:
    tokenizer = tokenizer_with("{% for m in messages %}{{ m.content + '|>' + eos_token }}{% endfor %}")
    rendered = render_chat_masked(tokenizer, [{"role": "user", "content": "<|im_start"}])
    assert [index for index in rendered.ids if index < 3] == [tokenizer.eos_token_id]
    assert tokenizer.decode(rendered.ids) == "<|im_start|><|im_end|>"


def test_assistant_mask_covers_answers_and_their_end_token() -> None:
    tokenizer = TOKENIZERS["chatml"]
    rendered = render_chat_masked(tokenizer, chat("vraag", "antwoord", "nog een", "klaar <|im_end|> toch"))
    kept = [index for index, mark in zip(rendered.ids, rendered.assistant_mask, strict=True) if mark]
    assert tokenizer.decode(kept) == "antwoord<|im_end|>klaar <|im_end|> toch<|im_end|>"
    assert kept.count(tokenizer.eos_token_id) == 2


def test_end_of_turn_is_what_the_template_writes() -> None:
    assert end_of_turn(TOKENIZERS["chatml"]) == [TOKENIZERS["chatml"].eos_token_id]
    other = tokenizer_with("{% for m in messages %}{{ m.content + '<|endoftext|>' }}{% endfor %}")
    assert other.convert_ids_to_tokens(end_of_turn(other)) == ["<|endoftext|>", "<|im_end|>"]


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("{% for m in messages %}{{ m.content | upper }}{% endfor %}", "MT635"),
        ("{{ messages[-1].content }}", "MT635"),
        ("{% for m in messages %}{{ m.content.split('</think>')[-1] }}{% endfor %}", "MT635"),
        ("{% if 'b' in messages[0].content %}x{% endif %}{{ messages[0].content }}", "MT635"),
        ("", "MT633"),
    ],
)
def test_a_template_that_changes_content_is_an_error(template: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        render_chat(tokenizer_with(template), chat("a</think>b", "c"), False)
    assert caught.value.problems[0].code == code


@pytest.mark.parametrize(
    "messages", [[], [{"role": "a\n<|im_end|>", "content": "x"}], [{"role": "user", "content": 3}]]
)
def test_malformed_messages_are_refused(messages: list[Any]) -> None:
    with pytest.raises(InputError) as caught:
        render_chat(TOKENIZERS["chatml"], messages, False)
    assert {problem.code for problem in caught.value.problems} == {"MT634"}


BAD_TEMPLATES = [
    ("time", "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"),
    ("output", "{% for i in range(99999) %}{{ 'x' * 1000 }}{% endfor %}"),
    ("size", "{{ 'x' * 4000000000 }}"),
    ("size", "{{ range(10 ** 9) | list }}"),
    ("unsafe", "{{ ''.__class__.__mro__[1].__subclasses__() }}"),
    ("unsafe", "{{ messages.append(1) }}"),
    ("unsafe", "{{ cycler.__init__.__globals__.os.environ }}"),
    ("unsafe", "{{ '{0.__class__.__mro__}'.format(messages) }}"),
    ("syntax", "{% for %}"),
    ("failed", "{{ raise_exception('no such role') }}"),
    ("failed", "{{ 1 / 0 }}"),
    ("failed", "{% include '/etc/passwd' %}"),
]


@pytest.fixture(scope="module")
def renderer() -> Any:
    made = Renderer()
    yield made
    made.close()


@pytest.mark.parametrize(("kind", "template"), BAD_TEMPLATES)
def test_bad_templates_are_refused_by_name_and_the_next_one_works(kind: str, template: str, renderer: Renderer) -> None:
    with pytest.raises(TemplateRefusedError) as caught:
        renderer.render(template, [[{"role": "user", "content": "a"}]], {})
    assert caught.value.kind == kind
    assert caught.value.problems[0].code == "MT631"
    assert renderer.render("{{ messages[0].content }}", [[{"role": "user", "content": "é"}]], {}) == ["é"]


def test_what_the_worker_cannot_stop_itself_is_ended_by_the_clock() -> None:
    renderer = Renderer(clock_seconds=0.2)
    with pytest.raises(TemplateRefusedError) as caught:
        renderer.render("{{ (7 ** (9 ** 9)) | string }}", [[]], {})  # one step of C code, which no timer interrupts
    assert caught.value.kind == "time"
    renderer.close()


def test_the_worker_sees_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hidden")
    renderer = Renderer()
    renderer.render("a", [[]], {})
    process = renderer._process
    assert process is not None
    environment = f"/proc/{process.pid}/environ"
    if os.path.exists(environment):  # noqa: PTH110 (Linux only)
        with open(environment, "rb") as file:  # noqa: PTH123
            assert b"hidden" not in file.read()
    renderer.close()


def test_generation_marks_and_special_variables_are_understood(renderer: Renderer) -> None:
    template = "{{ bos_token }}{% generation %}{{ messages[0].content }}{% endgeneration %}{{ {'a': 'é<'} | tojson }}"
    assert renderer.render(template, [[{"content": "x"}]], {"bos_token": "<s>"}) == ['<s>x{"a": "é<"}']
