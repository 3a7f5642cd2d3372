"""The report stage: everything that the run measured, gathered into report.json, report.html and the model's card."""

from __future__ import annotations

import math
import platform
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mothertongue import durability
from mothertongue.evaluation import Interval, TaskResult, compare, read_questions
from mothertongue.language import display_name, parse_language
from mothertongue.ledger import versions
from mothertongue.recipe import Recipe
from mothertongue.report.card import model_card
from mothertongue.report.html import write_report
from mothertongue.report.model import (
    Arm,
    BeforeAfter,
    BitsPerByte,
    CharactersPerToken,
    Corpus,
    Cost,
    Curve,
    CurvePoint,
    Decision,
    DroppedSample,
    FunnelStep,
    HealthPoint,
    Measures,
    PlanRow,
    Report,
    Retention,
    RunHealth,
    Sample,
    TaskItem,
    TaskMeasure,
    TradePoint,
    Vocabulary,
)
from mothertongue.report.model import Interval as ReportInterval
from mothertongue.report.model import Stage as StageRow
from mothertongue.report.verdict import build_verdict
from mothertongue.run import StageContext, read_decisions
from mothertongue.stages.evaluate import read_results
from mothertongue.stages.material import resolve
from mothertongue.stages.start import chosen_folder, decided, read_json

_WATTS_PER_CORE = 15.0
"""What a busy core of a laptop or server is taken to draw; the report says that energy is an estimate."""
_SAMPLES_PER_REASON = 8
_SHOWN_ITEMS = 40


@dataclass(frozen=True)
class Side:
    """What one model answered: (role, language, result) of every task, the shown answers, characters per token."""

    tasks: list[tuple[Any, str, TaskResult]]
    answers: list[dict[str, str]]
    characters: dict[str, float]
    tokens: int

    @classmethod
    def read(cls, folder: Path) -> Side:
        """The side in the folder of a finished baseline or evaluate stage."""
        rows, facts = read_results(folder)
        return cls(rows, facts["answers"], facts["characters_per_token"], facts["tokens"])


class ReportStage:
    """Writes the report and the finished model folder with its card; shows both at the top of the run folder."""

    name = "report"
    version = 1
    needs: tuple[str, ...] = ("corpus", "baseline", "vocabulary", "pretrain", "restore", "evaluate")
    publishes: Mapping[str, str] = {"report.html": "report.html", "report.json": "report.json", "model": "model"}

    def options(self, recipe: Recipe) -> Mapping[str, Any]:
        """The report section and what intervals depend on."""
        return recipe.report.model_dump(mode="json") | {
            "bootstrap_samples": recipe.evaluate.bootstrap_samples,
            "seed": recipe.seed,
        }

    def inputs(self, context: StageContext) -> Mapping[str, str]:  # noqa: ARG002 - the protocol's signature
        """Nothing but the stages before."""
        return {}

    def run(self, context: StageContext) -> None:
        """Writes report.json, report.html and model/."""
        report = gather(context)
        write_report(report, context.folder)
        publish_model(context, report)


def publish_model(context: StageContext, report: Report) -> None:
    """The restored model with a card that says what was measured; weights are linked, not copied."""
    source = chosen_folder(context)
    target = context.folder / "model"
    durability.make_folder(target)
    for path in sorted(source.iterdir()):
        durability.link_or_copy(path, target / path.name)
    durability.write_text(target / "README.md", model_card(report))


def gather(context: StageContext) -> Report:
    """The report of a run, computed from what its stages left."""
    recipe = context.recipe
    before, after = (Side.read(context.output(stage)) for stage in ("baseline", "evaluate"))
    measures = _measures(context, before, after)
    restored = read_json(context.output("restore") / "restore.json")
    report = Report(
        language=recipe.language,
        language_name=display_name(recipe.language),
        base=recipe.base,
        title=recipe.report.title or "",
        stages=_stages(context),
        measures=measures,
        retention=Retention(
            language=recipe.corpus.replay_language,
            language_name=display_name(recipe.corpus.replay_language),
            limit_percent=100 * recipe.restore.max_retention_loss,
            rule=restored["chosen"],
            replay_share=recipe.corpus.replay_share,
        ),
        cost=_cost(context, before, after),
        samples=_samples(before, after, recipe.report.samples),
        versions=versions(),
        warnings=context.warnings(),
        decisions=_decisions(context, restored),
        curves=_curves(context),
        trade_offs=_trade_offs(restored),
        corpus=_corpus(context),
        vocabulary=_vocabulary(context),
        plan_against_actual=_plan_rows(context),
        run_health=_health(context),
        command=f"mothertongue teach {shlex.quote(str(context.run / 'recipe.yaml'))} --run NEW_FOLDER",
        chat_command=f"mothertongue chat {shlex.quote(str(context.run))} --compare",
        recipe_yaml=recipe.to_yaml(),
    )
    report.verdict = build_verdict(report)
    return report


def _measures(context: StageContext, before: Side, after: Side) -> Measures:
    bits: dict[str, BitsPerByte] = {}
    tasks: dict[str, TaskMeasure] = {}
    for (role, language, old), (_, _, new) in zip(before.tasks, after.tasks, strict=True):
        found = compare(old, new, context.seed, context.recipe.evaluate.bootstrap_samples)
        interval = _interval(found.interval)
        if old.weights:
            size = int(sum(item.detail["bytes"] for item in old.items))
            bits[old.name] = BitsPerByte(
                before=found.before, after=found.after, interval=interval, documents=found.n, bytes=size, role=role
            )
        else:
            tasks[old.name] = TaskMeasure(
                metric=found.metric,
                before=found.before,
                after=found.after,
                interval=interval,
                n=found.n,
                won=found.won,
                lost=found.lost,
                higher_is_better=old.higher_is_better,
                role="retention" if role == "retention" else "target",
                items=_items(context, old, new, language),
            )
    sets = {name: BeforeAfter(before=value, after=after.characters[name]) for name, value in before.characters.items()}
    shown = CharactersPerToken(before=sets["target"].before, after=sets["target"].after, sets=sets)
    return Measures(bits_per_byte=bits, characters_per_token=shown, tasks=tasks)


def _interval(found: Interval) -> ReportInterval:
    """The interval for the report; that of a single item, which is infinite, becomes the range of a score's change."""
    low = found.low if math.isfinite(found.low) else min(-1.0, found.estimate)
    high = found.high if math.isfinite(found.high) else max(1.0, found.estimate)
    return ReportInterval(low=low, high=high, estimate=found.estimate)


def _items(context: StageContext, old: TaskResult, new: TaskResult, language: str) -> list[TaskItem]:
    """The items of a task that people would rather read than count: questions with both models' choices."""
    if not any("picked" in item.detail for item in old.items):
        return []
    path = resolve(context.recipe).questions
    known = {q.id: q for q in read_questions(path, parse_language(language).language)} if path else {}
    later = {item.id: item for item in new.items}
    rows = [(known[item.id], item, later[item.id]) for item in old.items if item.id in known]
    step = max(1, len(rows) // _SHOWN_ITEMS)
    return [
        TaskItem(
            id=question.id,
            prompt=question.question,
            language=language,
            options=sorted([question.answer, *question.distractors]),
            correct=question.answer,
            before=first.detail["picked"],
            after=second.detail["picked"],
            before_correct=first.value > 0,
            after_correct=second.value > 0,
        )
        for question, first, second in rows[::step]
    ]


def _stages(context: StageContext) -> list[StageRow]:
    rows = []
    for name, entry in context.ledger().items():
        if entry.get("seconds") is not None:
            rows.append(
                StageRow(
                    name=name,
                    seconds=entry["seconds"],
                    fingerprint=entry.get("fingerprint") or "",
                    peak_memory_bytes=entry.get("peak_memory_bytes"),
                    restarts=entry.get("restarts", 0),
                )
            )
    return rows


def _cost(context: StageContext, before: Side, after: Side) -> Cost:
    import os

    ledger = context.ledger()
    seconds = sum(entry["seconds"] for entry in ledger.values())
    cores = os.cpu_count() or 1
    course = read_json(context.output("pretrain") / "course.json")
    sets = read_json(context.output("corpus") / "corpus.json")["sets"]
    return Cost(
        seconds=seconds,
        tokens=course["tokens"] + before.tokens + after.tokens,
        bytes=sets["train"]["bytes"],
        peak_memory_bytes=max(entry.get("peak_memory_bytes") or 0 for entry in ledger.values()),
        energy_watt_hours_estimate=seconds / 3600 * _WATTS_PER_CORE * cores,
        energy_assumption=f"{_WATTS_PER_CORE:.0f} W for each of {cores} busy cores; not measured",
        machine=f"{cores} cores, {platform.machine()}, {platform.system()}",
    )


def _samples(before: Side, after: Side, count: int) -> list[Sample]:
    pairs = zip(before.answers, after.answers, strict=True)
    return [
        Sample(prompt=old["prompt"], language=old["language"], before=old["answer"], after=new["answer"])
        for old, new in list(pairs)[:count]
    ]


def _decisions(context: StageContext, restored: Mapping[str, Any]) -> list[Decision]:
    found = []
    for label, stage, key in (("vocabulary", "vocabulary", "vocabulary"), ("training method", "pretrain", "method")):
        made = decided(context, stage, key)
        if made:
            arms = [Arm(name=arm["name"], values=arm["values"]) for arm in made["arms"]]
            found.append(Decision(name=label, chosen=made["chosen"], reason=made["reason"], arms=arms))
    arms = [Arm(name=row["name"], values={k: v for k, v in row.items() if k != "name"}) for row in restored["rules"]]
    found.append(Decision(name="restoring rule", chosen=restored["chosen"], reason=restored["reason"], arms=arms))
    return found


def _curves(context: StageContext) -> list[Curve]:
    course = read_json(context.output("pretrain") / "course.json")["course"]
    curves = []
    streams: dict[str, Literal["target", "retention"]] = {"target": "target", "replay": "retention"}
    for stream, role in streams.items():
        points, tokens = [], 0
        for row in course:
            tokens += row["tokens"]
            loss = row["metrics"].get(f"nats_{stream}")
            if loss is not None:
                points.append(CurvePoint(step=row["step"], tokens=tokens, loss=loss))
        if points:
            curves.append(Curve(set=f"training loss, {stream}", role=role, points=points))
    return curves


def _trade_offs(restored: Mapping[str, Any]) -> list[TradePoint]:
    base, *rows = restored["rules"]
    return [
        TradePoint(
            name=row["name"],
            learned=100 * (1 - row["target"] / base["target"]),
            forgotten=100 * (row["retention"] / base["retention"] - 1),
            chosen=row["name"] == restored["chosen"],
        )
        for row in rows
    ]


def _corpus(context: StageContext) -> Corpus:
    folder = context.output("corpus")
    facts = read_json(folder / "corpus.json")
    dropped: Mapping[str, Sequence[Mapping[str, str]]] = read_json(folder / "dropped.json")
    notes = [f"{count} x {name}" for name, count in facts["repairs"].items() if count]
    return Corpus(
        funnel=[
            FunnelStep(step=s["step"], documents=s["documents"], bytes=s["bytes"], dropped=s["dropped_by_reason"])
            for s in facts["funnel"]
        ],
        dropped_samples={
            reason: [
                DroppedSample(
                    sample=r["sample"], id=r["id"], source=r["source"], value=r["value"], threshold=r["threshold"]
                )
                for r in rows[:_SAMPLES_PER_REASON]
            ]
            for reason, rows in dropped.items()
        },
        language_shares=facts["language_shares"],
        notes=notes,
    )


def _vocabulary(context: StageContext) -> Vocabulary | None:
    facts = read_json(context.output("vocabulary") / "vocabulary.json")
    extension = facts.get("extension")
    if extension is None:
        return None
    size = facts["size"]
    return Vocabulary(
        size_before=size,
        size_after=size + extension["new_tokens"] if facts["chosen"] == "extend" else size,
        reachable_percent=100 * extension["reachability"],
        rows_never_seen=extension["unused"],
        examples=extension["examples"],
    )


def _plan_rows(context: StageContext) -> list[PlanRow]:
    planned = read_decisions(context.run).get("corpus", {}).get("plan")
    if not planned:
        return []
    ledger = context.ledger()
    rows = []
    for stage in planned["stages"]:
        took = ledger.get(stage["stage"], {}).get("seconds")
        if stage["stage"] != "report" and took is not None:
            rows.append(
                PlanRow(
                    name=stage["stage"],
                    unit="seconds",
                    low=stage["seconds_low"],
                    high=stage["seconds_high"],
                    actual=took,
                )
            )
    peak = max((entry.get("peak_memory_bytes") or 0 for entry in ledger.values()), default=0)
    rows.append(PlanRow(name="peak memory", unit="bytes", high=planned["total"]["memory_bytes"], actual=peak))
    return rows


def _health(context: StageContext) -> RunHealth:
    from mothertongue.run import read_metrics

    lines = [row for row in read_metrics(context.run) if row["stage"] == "pretrain"]
    points, tokens = [], 0
    for row in lines:
        tokens += row["tokens"]
        points.append(
            HealthPoint(
                step=row["step"],
                tokens=tokens,
                learning_rate=row["learning_rate"],
                gradient_norm=row["gradient_norm"],
                tokens_per_second=row["tokens"] / max(row["step_seconds"], 1e-9),
            )
        )
    restarts = sum(entry.get("restarts", 0) for entry in context.ledger().values())
    return RunHealth(points=points, restarts=restarts)
