"""What the model is asked does not stand in what it is taught (law 5)."""

from mothertongue.recipe import load_sample
from mothertongue.stages.corpus import _dialogues
from mothertongue.stages.decontaminate import evaluation_of
from mothertongue.stages.material import resolve


def test_no_dialogue_of_the_sample_asks_what_is_asked_later_or_tells_of_the_village():
    recipe = load_sample()
    asked = evaluation_of(recipe)
    dialogues = _dialogues(recipe, resolve(recipe))
    assert len(dialogues) > 60
    for messages in dialogues:
        said = " ".join(message["content"] for message in messages if message["role"] == "user")
        assert not asked.hits(said)
        assert "Mosseldrecht" not in said


def test_a_leaked_question_is_dropped(tmp_path):
    question = "Noem drie dingen die je in de keuken van een boerderij vindt."
    rows = [
        f'{{"id": "a", "language": "nl", "messages": [{{"role": "user", "content": "{text}"}}, '
        '{"role": "assistant", "content": "Een pan."}]}'.replace('"a"', f'"{number}"', 1)
        for number, text in enumerate([question, "Iets heel anders dan wat later gevraagd zal worden."])
    ]
    (tmp_path / "chat.jsonl").write_text("\n".join(rows), "utf-8")
    (tmp_path / "prompts.jsonl").write_text(f'{{"id": "p", "language": "nl", "prompt": "{question}"}}', "utf-8")
    recipe = load_sample([f"corpus.chat={tmp_path}/chat.jsonl", f"evaluate.prompts={tmp_path}/prompts.jsonl"])
    dialogues = _dialogues(recipe, resolve(recipe))
    assert [messages[0]["content"] for messages in dialogues] == ["Iets heel anders dan wat later gevraagd zal worden."]
