"""Model folders with one fault each, made from a healthy tiny one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from mothertongue import testing
from mothertongue.models import lora

torch.set_num_threads(1)

EMBEDDING = "model.embed_tokens.weight"
HEAD = "lm_head.weight"
WEIGHTS = "model.safetensors"
CARD = "---\nlanguage: nl\nbase_model: owner/base\n---\n# A model\n"
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}


def healthy_folder(path: Path, vocab_size: int = 400) -> Path:
    """The tiny model, its tokenizer and a card; a smaller `vocab_size` gives a base that the larger one extends."""
    tokenizer = testing.tiny_tokenizer(vocab_size=vocab_size)
    testing.tiny_model(tokenizer).save_pretrained(path)
    tokenizer.save_pretrained(path)
    (path / "README.md").write_text(CARD)
    return path


def edit_json(folder: Path, name: str, change: Callable[[dict[str, Any]], Any]) -> None:
    values = json.loads((folder / name).read_text("utf-8"))
    change(values)
    (folder / name).write_text(json.dumps(values), "utf-8")


def edit_tensors(folder: Path, change: Callable[[dict[str, Tensor]], Any], name: str = WEIGHTS) -> None:
    tensors = {key: tensor.clone() for key, tensor in load_file(folder / name).items()}
    change(tensors)
    save_file(tensors, folder / name, metadata={"format": "pt"})


def tokenizer_of(folder: Path) -> dict[str, Any]:
    parts: dict[str, Any] = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    return parts


def rows_of(folder: Path) -> int:
    return len(load_file(folder / WEIGHTS)[EMBEDDING])


def set_rows(folder: Path, rows: int) -> None:
    """Grow the tied matrix by random rows, or cut it; config.vocab_size follows."""

    def change(tensors: dict[str, Tensor]) -> None:
        old = tensors[EMBEDDING]
        extra = torch.randn(max(0, rows - len(old)), old.shape[1], generator=torch.Generator().manual_seed(1)) * 0.02
        tensors[EMBEDDING] = torch.cat([old, extra])[:rows].contiguous()

    edit_tensors(folder, change)
    edit_json(folder, "config.json", lambda config: config.update(vocab_size=rows))


def add_tokens(folder: Path, texts: list[str], special: bool) -> None:
    rows = rows_of(folder)
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": not special, "special": special}
    new = [{"id": rows + place, "content": text, **flags} for place, text in enumerate(texts)]
    edit_json(folder, "tokenizer.json", lambda parts: parts["added_tokens"].extend(new))
    set_rows(folder, rows + len(texts))


def add_dead_tokens(folder: Path, count: int) -> None:
    """Entries of the vocabulary without merges."""
    rows = rows_of(folder)
    new = {f"q{chr(97 + place)}zx": rows + place for place in range(count)}
    edit_json(folder, "tokenizer.json", lambda parts: parts["model"]["vocab"].update(new))
    set_rows(folder, rows + count)


def untie(folder: Path) -> None:
    """A different output matrix, and a config that says so."""
    edit_tensors(folder, lambda tensors: tensors.update({HEAD: tensors[EMBEDDING] * 1.5 + 0.001}))
    edit_json(folder, "config.json", lambda config: config.update(tie_word_embeddings=False))


def begin_with(folder: Path, token: str, index: int, times: int = 1) -> None:
    """A post-processor that puts `token` (with the id `index`) before every text."""
    pieces = [{"SpecialToken": {"id": token, "type_id": 0}}] * times
    processor = {
        "type": "TemplateProcessing",
        "single": [*pieces, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {token: {"id": token, "ids": [index], "tokens": [token]}},
    }
    edit_json(folder, "tokenizer.json", lambda parts: parts.update(post_processor=processor))


def adapter_folder(path: Path, base: Path, embeddings: bool = False, **config: Any) -> Path:
    """An adapter of ours for the tiny model, with its tokenizer and a card, and keys of its config changed."""
    tokenizer = testing.tiny_tokenizer()
    model = testing.tiny_model(tokenizer)
    lora.attach_lora(model, rank=2, seed=0)
    lora.save_adapter(model, path, str(base), embeddings)
    tokenizer.save_pretrained(path)
    (path / "README.md").write_text(CARD)
    edit_json(path, "adapter_config.json", lambda values: values.update(config))
    return path


@dataclass(frozen=True)
class Case:
    """A fault: the one check that must fire, how badly, a part of its text, and how to make it in a healthy folder.

    `make` may return another folder, or a folder and its reference.
    """

    check: str
    severity: str
    says: str
    make: Callable[[Path], Any]
    name: str


CASES: list[Case] = []


def case(check: str, severity: str, says: str) -> Callable[[Callable[[Path], Any]], Callable[[Path], Any]]:
    def register(make: Callable[[Path], Any]) -> Callable[[Path], Any]:
        CASES.append(Case(check, severity, says, make, make.__name__))
        return make

    return register


def base_beside(folder: Path) -> Path:
    return healthy_folder(folder.parent / "base", 380)


@case("files", "error", "config.json: max_position_embeddings is -1")
def negative_size(folder: Path) -> None:
    edit_json(folder, "config.json", lambda config: config.update(max_position_embeddings=-1))


@case("files", "error", "tokenizer.json is missing")
def no_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


@case("files", "error", "config.json cannot be read")
def broken_config(folder: Path) -> None:
    (folder / "config.json").write_text("{")


@case("files", "error", "read with other ids than tokenizer.json says: '<|second|>: 200 -> 396'")
def added_token_moved(folder: Path) -> None:
    second = {"id": 200, "content": "<|second|>", "single_word": False, "lstrip": False, "rstrip": False}
    second |= {"normalized": False, "special": True}
    edit_json(folder, "tokenizer.json", lambda parts: parts["added_tokens"].append(second))
    set_rows(folder, 397)


@case("whole-weights", "error", "it is cut off")
def cut_off(folder: Path) -> None:
    data = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(data[:-1000])


@case("whole-weights", "error", "2 weight files are missing: 'a.safetensors', 'b.safetensors'")
def missing_shards(folder: Path) -> None:
    index = {"weight_map": {"x": "a.safetensors", "y": "b.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


@case("no-pickles", "warning", "1 pickled files: 'training_args.bin' (beside safetensors)")
def pickle_beside(folder: Path) -> None:
    (folder / "training_args.bin").write_bytes(b"\x80\x04.")


@case("no-code", "error", "auto_map")
def remote_code(folder: Path) -> None:
    names = {"AutoModelForCausalLM": "modeling.Model"}
    edit_json(folder, "generation_config.json", lambda values: values.update(auto_map=names))


@case("no-code", "error", "1 Python files: 'modeling.py'")
def python_file(folder: Path) -> None:
    (folder / "modeling.py").write_text("print('run')")


@case("one-type", "warning", "19 float32, 1 float16 ('model.norm.weight')")
def one_half_tensor(folder: Path) -> None:
    edit_tensors(folder, lambda tensors: tensors.update({"model.norm.weight": tensors["model.norm.weight"].half()}))


@case("one-type", "warning", "config.json says 'bfloat16', the weights are float32")
def wrong_type_stated(folder: Path) -> None:
    edit_json(folder, "config.json", lambda config: config.update(dtype="bfloat16"))


@case("generation-settings", "warning", "no pad_token_id")
def no_pad(folder: Path) -> None:
    edit_json(folder, "generation_config.json", lambda values: values.pop("pad_token_id"))


@case("generation-settings", "error", "names id 9999, the matrix has 396 rows")
def pad_without_row(folder: Path) -> None:
    edit_json(folder, "generation_config.json", lambda values: values.update(pad_token_id=9999))


@case("no-quantisation", "error", "config.json has quantization_config ('gguf')")
def remembers_gguf(folder: Path) -> None:
    edit_json(folder, "config.json", lambda config: config.update(quantization_config={"quant_method": "gguf"}))


@case("card", "warning", "no README.md")
def no_card(folder: Path) -> None:
    (folder / "README.md").unlink()


@case("card", "warning", "states no language (keys: 'license')")
def card_without_language(folder: Path) -> None:
    (folder / "README.md").write_text("---\nlicense: mit\n---\n")


@case("loads", "error", "1 tensors of the model are in no file and would be drawn anew")
def lost_tensor(folder: Path) -> None:
    edit_tensors(folder, lambda tensors: tensors.pop("model.layers.0.mlp.up_proj.weight"))


@case("loads", "error", "config.json says 1,000,000,000 layers, the files hold 2")
def absurd_layers(folder: Path) -> None:
    edit_json(folder, "config.json", lambda config: config.update(num_hidden_layers=10**9))


@case("loads", "error", "instead of [10000000000, 64]")
def absurd_width(folder: Path) -> None:
    edit_json(folder, "config.json", lambda config: config.update(intermediate_size=10**10))


@case("loads", "error", "logits are NaN or infinite")
def broken_layer(folder: Path) -> None:
    edit_tensors(folder, lambda tensors: tensors["model.norm.weight"].fill_(float("nan")))


@case("loads", "error", "transformers cannot build the model")
def unknown_model_type(folder: Path) -> None:
    edit_json(folder, "config.json", lambda config: config.update(model_type="nonesuch"))


@case("adapter-rows", "error", "the tokenizer needs 396 rows, the base has 380, and the adapter holds none")
def adapter_without_rows(folder: Path) -> Path:
    return adapter_folder(folder.parent / "adapter", base_beside(folder))


@case("adapter-rows", "error", "modules_to_save names 'embed_tokens', but the file holds no such matrix")
def adapter_with_lost_module(folder: Path) -> None:
    adapter_folder(folder / "adapter", folder, modules_to_save=["embed_tokens"])


@case("adapter-rows", "warning", "base_model_name_or_path is '/nowhere/base'")
def adapter_of_nothing(folder: Path) -> None:
    adapter_folder(folder / "adapter", Path("/nowhere/base"))


@case("tied-weights", "error", "396 of 396 rows of lm_head.weight differ from model.embed_tokens.weight, by up to")
def tied_but_different(folder: Path) -> None:
    untie(folder)
    edit_json(folder, "config.json", lambda config: config.update(tie_word_embeddings=True))


@case("tied-weights", "error", "tie_word_embeddings is false, but of two matrices only")
def untied_with_one(folder: Path) -> None:
    edit_json(folder, "config.json", lambda config: config.update(tie_word_embeddings=False))


@case("identical-rows", "warning", "4 of 393 rows of model.embed_tokens.weight are equal or within 0.0001 of another")
def repeated_rows(folder: Path) -> None:
    def change(tensors: dict[str, Tensor]) -> None:
        matrix = tensors[EMBEDDING]
        matrix[[301, 302]] = matrix[300].clone()
        matrix[303] = matrix[300] * (1 + 5e-5)

    edit_tensors(folder, change)


@case("identical-rows", "error", "16 of 16 new rows of model.embed_tokens.weight are equal or within 0.0001")
def mean_resizing(folder: Path) -> tuple[Path, Path]:
    base = base_beside(folder)
    align(folder, base)

    def change(tensors: dict[str, Tensor]) -> None:
        matrix = tensors[EMBEDDING]
        noise = torch.randn(16, matrix.shape[1], generator=torch.Generator().manual_seed(2))
        matrix[380:] = matrix[:380].mean(dim=0) + noise * (1e-9**0.5) * matrix[:380].std()

    edit_tensors(folder, change)
    return folder, base


@case("shapes", "error", "has 396 rows, config.json says vocab_size 400")
def wrong_vocab_size(folder: Path) -> None:
    edit_json(folder, "config.json", lambda config: config.update(vocab_size=400))


@case("shapes", "error", "2 rows of model.embed_tokens.weight hold NaN or infinity (ids 7, 300)")
def broken_rows(folder: Path) -> None:
    def change(tensors: dict[str, Tensor]) -> None:
        tensors[EMBEDDING][300, 5] = float("nan")
        tensors[EMBEDDING][7, 5] = float("inf")

    edit_tensors(folder, change)


@case("shapes", "warning", "1 rows of model.embed_tokens.weight in use are all zero (ids 300)")
def zero_row(folder: Path) -> None:
    edit_tensors(folder, lambda tensors: tensors[EMBEDDING][300].zero_())


@case("shapes", "error", "377 of 377 old rows of lm_head.weight do not resemble the reference's")
def head_drawn_anew(folder: Path) -> tuple[Path, Path]:
    base = base_beside(folder)
    for place in (folder, base):
        untie(place)
    align(folder, base)
    # rows that are nearly orthogonal to the old ones, as random rows of a wide model are
    edit_tensors(folder, lambda tensors: tensors.update({HEAD: orthogonal_to(tensors[EMBEDDING])}))
    return folder, base


def orthogonal_to(rows: Tensor) -> Tensor:
    return torch.stack([-rows[:, 1::2], rows[:, ::2]], dim=2).flatten(1).contiguous()


def align(folder: Path, base: Path) -> None:
    """Give the folder the base's rows for the base's ids, as an extension does."""
    theirs = load_file(base / WEIGHTS)

    def change(tensors: dict[str, Tensor]) -> None:
        for name in (EMBEDDING, HEAD):
            if name in tensors:
                tensors[name][: len(theirs[name])] = theirs[name]

    edit_tensors(folder, change)


@case("row-count", "error", "has 390 rows, but the tokenizer's highest id is 395: 6 tokens have no row")
def too_few_rows(folder: Path) -> None:
    set_rows(folder, 390)


@case("row-count", "note", "4 of 400 rows are padding (the highest id is 395)")
def padded_rows(folder: Path) -> None:
    set_rows(folder, 400)


@case("row-count", "error", "has 396 rows, the reference has 448: the matrix was shrunk")
def shrunk(folder: Path) -> tuple[Path, Path]:
    base = healthy_folder(folder.parent / "base")
    set_rows(base, 448)
    return folder, base


@case("added-words", "warning", "3 added tokens are ordinary words ('rêd', 'brêge', ' hûs')")
def words_added(folder: Path) -> None:
    add_tokens(folder, ["rêd", "brêge", " hûs"], special=False)


@case("reachable-tokens", "warning", "10 of 403 tokens can never be produced ('qazx'")
def dead_tokens(folder: Path) -> None:
    add_dead_tokens(folder, 10)


@case("reachable-tokens", "note", "reachability 99.75 %: 1 of 394 tokens can never be produced ('qazx')")
def one_dead_token(folder: Path) -> None:
    add_dead_tokens(folder, 1)


@case("reachable-tokens", "error", "can never be produced, 3 of the 3 new ones among them")
def dead_new_tokens(folder: Path) -> tuple[Path, Path]:
    base = healthy_folder(folder.parent / "base")
    add_dead_tokens(folder, 3)
    return folder, base


@case("reachable-tokens", "warning", "8 of 393 tokens can never be produced")
def merges_out_of_order(folder: Path) -> None:
    """Merges in the opposite order of length: some symbols are taken away before the merge that needs them."""

    def change(parts: dict[str, Any]) -> None:
        merges = parts["model"]["merges"]
        merges.sort(key=lambda pair: (len("".join(pair)) == 2, 0))
        merges.reverse()

    edit_json(folder, "tokenizer.json", change)


@case("adapter-format", "error", "vLLM refuses this adapter ('modules_to_save', ")
def adapter_alone(folder: Path) -> Path:
    base = healthy_folder(folder.parent.parent / f"{folder.parent.name}-elsewhere" / "base")
    shutil.rmtree(folder)
    return adapter_folder(folder.parent / "adapter", base, embeddings=True, modules_to_save=["embed_tokens"])


@case("tokenizer-parts", "error", "the pre_tokenizer differs")
def other_pre_tokenizer(folder: Path) -> tuple[Path, Path]:
    base = healthy_folder(folder.parent / "base")
    steps = [{"type": "Digits", "individual_digits": True}, BYTE_LEVEL]
    changed = {"type": "Sequence", "pretokenizers": steps}
    edit_json(folder, "tokenizer.json", lambda parts: parts.update(pre_tokenizer=changed))
    return folder, base


@case("tokenizer-parts", "note", "of no family known here")
def unknown_pre_tokenizer(folder: Path) -> None:
    steps = [{"type": "Punctuation", "behavior": "Isolated"}, BYTE_LEVEL]
    changed = {"type": "Sequence", "pretokenizers": steps}
    edit_json(folder, "tokenizer.json", lambda parts: parts.update(pre_tokenizer=changed))


@case("dummy-tokens", "warning", "4 dummy tokens ('<extra_id_0>', ")
def dummies(folder: Path) -> None:
    add_tokens(folder, [f"<extra_id_{number}>" for number in range(4)], special=True)


@case("full-head-copy", "warning", "and with them a full copy of the output matrix (")
def rows_and_full_head(folder: Path) -> None:
    adapter = adapter_folder(
        folder / "adapter", folder, modules_to_save=["lm_head"], trainable_token_indices={"embed_tokens": [5]}
    )
    copies = {
        "base_model.model.model.embed_tokens.token_adapter.trainable_tokens_delta": torch.zeros(1, 64),
        "base_model.model.lm_head.weight": torch.zeros(396, 64),
    }
    edit_tensors(adapter, lambda tensors: tensors.update(copies), "adapter_model.safetensors")


@case("one-bos", "error", "encoding adds the BOS token '<|im_start|>' 2 times")
def two_starts(folder: Path) -> None:
    begin_with(folder, "<|im_start|>", 1, times=2)


@case("one-bos", "error", "the chat template writes none")
def start_missing_in_chats(folder: Path) -> None:
    begin_with(folder, "<|endoftext|>", 0)
    edit_json(folder, "tokenizer_config.json", lambda values: values.update(bos_token="<|endoftext|>"))


@case("one-bos", "note", "template and tokenizer both add a BOS token")
def start_from_both(folder: Path) -> None:
    begin_with(folder, "<|im_start|>", 1)


@case("template-ends", "warning", "no chat template")
def no_template(folder: Path) -> None:
    (folder / "chat_template.jinja").unlink()


@case("template-ends", "error", "'<|im_end|>' (id 2), but generation stops at 0")
def stops_elsewhere(folder: Path) -> None:
    edit_json(folder, "generation_config.json", lambda values: values.update(eos_token_id=0))


@case("template-ends", "error", "which is no control token")
def never_ends(folder: Path) -> None:
    template = (folder / "chat_template.jinja").read_text()
    (folder / "chat_template.jinja").write_text(template.replace("<|im_end|>", "</turn>"))


@case("template-ends", "error", "does not render: time")
def endless_template(folder: Path) -> None:
    loops = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    (folder / "chat_template.jinja").write_text(loops)


@case("template-ends", "warning", "ignores add_generation_prompt")
def never_opens(folder: Path) -> None:
    template = (folder / "chat_template.jinja").read_text()
    (folder / "chat_template.jinja").write_text(template.replace("add_generation_prompt", "false"))


@case("encoded-ids", "error", "to id 9,999, the matrix has 396 rows")
def id_out_of_nowhere(folder: Path) -> None:
    begin_with(folder, "<|endoftext|>", 9999)
