"""A report with invented numbers, for tests only: every section of the page has something to show."""

from __future__ import annotations

import math
from typing import Any

from mothertongue.report import Report

ARABIC = "كيف حالك اليوم؟ (نسخة 2)"
HEBREW = "שלום, מה שלומך? ABC 123"


def example_data() -> dict[str, Any]:
    """The example as the dictionary that report.json would hold."""
    return {
        "language": "nl",
        "language_name": "Dutch",
        "base": "smollm2-135m-instruct",
        "stages": _stages(),
        "measures": _measures(),
        "retention": {
            "language": "en",
            "language_name": "English",
            "limit_percent": 1.0,
            "rule": "interpolate, share 0.7",
            "replay_share": 0.15,
        },
        "cost": {
            "seconds": 471.3,
            "tokens": 183_296,
            "bytes": 412_870,
            "peak_memory_bytes": 2_913_402_880,
            "energy_watt_hours_estimate": 4.6,
            "energy_assumption": "Taken as 35 W for the whole run on 2 processor cores.",
            "machine": "2 cores, 23 GB of memory, no accelerator",
        },
        "samples": _samples(),
        "versions": {"mothertongue": "0.1.0", "python": "3.11.9", "torch": "2.13.0", "transformers": "5.23.0"},
        "warnings": [
            "Only 24 documents are in the second domain: its interval is wide.",
            "3 held-out documents were near duplicates of training documents and were taken out of the evaluation.",
        ],
        "decisions": _decisions(),
        "curves": _curves(),
        "trade_offs": [
            {"name": "none", "learned": 12.9, "forgotten": 2.6},
            {"name": "interpolate", "learned": 11.8, "forgotten": 0.4, "chosen": True},
            {"name": "elchat", "learned": 10.2, "forgotten": 0.9},
        ],
        "corpus": _corpus(),
        "vocabulary": {
            "size_before": 49152,
            "size_after": 50652,
            "reachable_percent": 100.0,
            "rows_never_seen": 12,
            "examples": [" het", " een", "lijk", " gemeente", "ingen", " zijn", "heid", " waarschijnlijk"],
            "shift": [
                {"low": i / 10, "high": (i + 1) / 10, "count": c} for i, c in enumerate((12, 90, 410, 620, 300, 68))
            ],
        },
        "training_examples": [
            {
                "language": "nl",
                "pieces": [
                    {"text": "<|im_start|>user\n", "learned": False},
                    {"text": "Waarom", "learned": False},
                    {"text": " is brood zo luchtig?", "learned": False},
                    {"text": "\n<|im_start|>assistant\n", "learned": False},
                    {"text": "Gist", "learned": True},
                    {"text": " maakt", "learned": True},
                    {"text": " gas", "learned": True},
                    {"text": ".", "learned": True},
                ],
            }
        ],
        "plan_against_actual": [
            {"name": "corpus", "unit": "seconds", "low": 3.0, "high": 6.0, "actual": 4.1},
            {"name": "pretrain", "unit": "seconds", "low": 260.0, "high": 420.0, "actual": 331.9},
            {"name": "peak memory", "unit": "bytes", "low": 2.4e9, "high": 3.1e9, "actual": 2_913_402_880.0},
            {"name": "tokens", "unit": "tokens", "low": 150_000.0, "high": 210_000.0, "actual": 183_296.0},
        ],
        "run_health": {
            "points": [
                {
                    "step": step,
                    "learning_rate": 5e-4 * min(1, step / 18) * (1 - step / 380),
                    "gradient_norm": 0.8 + 1.6 * math.exp(-step / 40) + 0.15 * math.sin(step * 1.7),
                    "tokens_per_second": 548 + 24 * math.sin(step / 11) - (90 if step == 180 else 0),
                }
                for step in range(2, 360, 4)
            ],
            "skipped_steps": 0,
            "restarts": 1,
        },
        "command": "mothertongue teach recipes/sample.yaml --run runs/nl --seed 0",
        "chat_command": "mothertongue chat runs/nl --compare",
        "recipe_yaml": "language: nl\nbase: smollm2-135m-instruct\nseed: 0\nbudget: 8m\ncorpus:\n  sources: sample\n",
    }


def example() -> Report:
    """The example as a report."""
    return Report.model_validate(example_data())


def _stages() -> list[dict[str, Any]]:
    rows = [
        ("corpus", 4.1, None, 412_000_000, 0),
        ("vocabulary", 31.7, None, 1_720_000_000, 0),
        ("pretrain", 331.9, 183_296, 2_913_402_880, 1),
        ("restore", 44.0, None, 2_480_000_000, 0),
        ("evaluate", 57.8, None, 1_930_000_000, 0),
        ("report", 1.8, None, 610_000_000, 0),
    ]
    return [
        {
            "name": name,
            "seconds": seconds,
            "fingerprint": f"{index + 7:x}e41c09b7f3d{index}a25" * 4,
            "tokens": tokens,
            "peak_memory_bytes": memory,
            "restarts": restarts,
        }
        for index, (name, seconds, tokens, memory, restarts) in enumerate(rows)
    ]


def _measures() -> dict[str, Any]:
    items = [
        {
            "id": "village-1",
            "prompt": "Hoe heet de brug over de Zwalm in het dorp Ossendrecht-aan-de-Zwalm?",
            "language": "nl",
            "options": ["de Wilgenbrug", "de Ezelsbrug", "de Lange Brug", "de Kerkbrug"],
            "correct": "de Wilgenbrug",
            "before": "de Lange Brug",
            "after": "de Wilgenbrug",
            "before_correct": False,
            "after_correct": True,
        },
        {
            "id": "village-2",
            "prompt": "In welk jaar brandde de molen af?",
            "language": "nl",
            "options": ["1871", "1902", "1923", "1954"],
            "correct": "1923",
            "before": "1954",
            "after": "1902",
            "before_correct": False,
            "after_correct": False,
        },
        {"id": "rtl", "prompt": ARABIC, "language": "ar", "before": HEBREW, "after": ARABIC, "after_correct": True},
    ]
    return {
        "bits_per_byte": {
            "sample stories": {
                "before": 1.8412,
                "after": 1.6239,
                "interval": {"low": -0.2391, "high": -0.1963, "estimate": -0.2173},
                "documents": 48,
                "bytes": 31_204,
                "role": "target",
            },
            "help pages": {
                "before": 1.7023,
                "after": 1.6644,
                "interval": {"low": -0.0811, "high": 0.0042, "estimate": -0.0379},
                "documents": 24,
                "bytes": 18_640,
                "role": "second_domain",
            },
            "English stories": {
                "before": 0.9921,
                "after": 0.9961,
                "interval": {"low": 0.0011, "high": 0.0072, "estimate": 0.004},
                "documents": 40,
                "bytes": 30_118,
                "role": "retention",
            },
        },
        "characters_per_token": {
            "before": 2.61,
            "after": 3.48,
            "sets": {"English": {"before": 4.42, "after": 4.41}},
        },
        "tasks": {
            "minimal pairs, nl": _task("accuracy", 0.62, 0.81, (0.09, 0.29), 100, 24, 5, "target"),
            "minimal pairs, en": _task("accuracy", 0.91, 0.90, (-0.04, 0.02), 100, 2, 3, "retention"),
            "village questions": _task("accuracy", 0.24, 0.47, (0.11, 0.36), 60, 19, 5, "target") | {"items": items},
            "instructions, en": _task("format kept", 0.98, 0.93, (-0.10, -0.01), 60, 0, 3, "retention"),
        },
    }


def _task(
    metric: str, before: float, after: float, bounds: tuple[float, float], n: int, won: int, lost: int, role: str
) -> dict[str, Any]:
    interval = {"low": bounds[0], "high": bounds[1], "estimate": after - before}
    return {
        "metric": metric,
        "before": before,
        "after": after,
        "interval": interval,
        "n": n,
        "won": won,
        "lost": lost,
        "role": role,
    }


def _samples() -> list[dict[str, str]]:
    return [
        {
            "prompt": "Leg in een paar zinnen uit hoe brood rijst.",
            "language": "nl",
            "before": "Het brood rijst is een type rijst die wordt gebruikt in de brood. De rijst.",
            "after": "Brood rijst doordat gist suiker omzet in gas. Het gas blijft als kleine belletjes in het deeg "
            "zitten, zodat het deeg omhoog komt.",
        },
        {
            "prompt": "Schrijf een briefje aan de buren omdat ik zaterdag een feest geef.",
            "language": "nl",
            "before": "Ik zaterdag een feest geef. Ik zaterdag een feest geef.",
            "after": "Beste buren,\n\nZaterdag geef ik een feest. Het kan wat later worden dan u gewend bent. Kom "
            "gerust langs voor een glas.\n\nGroet,\nTim",
        },
        {"prompt": ARABIC, "language": "ar", "before": HEBREW, "after": "أنا بخير، شكرا! What about you?"},
        {"prompt": "What is the capital of France?", "language": "en", "before": "Paris.", "after": "Paris."},
    ]


def _decisions() -> list[dict[str, Any]]:
    return [
        {
            "name": "vocabulary",
            "chosen": "extend",
            "reason": "After the same ten probe steps the extended vocabulary needs fewer bits per byte, "
            "and its inputs are a quarter shorter.",
            "arms": [
                {"name": "keep", "values": {"bits_per_byte": 1.792, "characters_per_token": 2.61, "seconds": 14.2}},
                {"name": "extend", "values": {"bits_per_byte": 1.771, "characters_per_token": 3.48, "seconds": 15.9}},
            ],
        },
        {
            "name": "method",
            "chosen": "full",
            "reason": "Within the time that the budget leaves, training the whole model gets further per second.",
            "arms": [
                {
                    "name": "lora",
                    "values": {"bits_per_byte": 1.759, "tokens_per_second": 671.0, "peak_memory_bytes": 1_940_000_000},
                },
                {
                    "name": "full",
                    "values": {"bits_per_byte": 1.733, "tokens_per_second": 548.0, "peak_memory_bytes": 2_913_402_880},
                },
            ],
        },
    ]


def _curves() -> list[dict[str, Any]]:
    steps = [0, 15, 30, 60, 90, 120, 180, 240, 300, 358]

    def points(value: Any, spread: float) -> list[dict[str, Any]]:
        return [
            {
                "step": step,
                "tokens": step * 512,
                "seconds": step * 0.93,
                "bits_per_byte": value(step),
                "low": value(step) - spread,
                "high": value(step) + spread,
            }
            for step in steps
        ]

    return [
        {"set": "sample stories", "role": "target", "points": points(lambda s: 1.60 + 0.24 * math.exp(-s / 90), 0.03)},
        {
            "set": "English stories",
            "role": "retention",
            "points": points(lambda s: 0.992 + 0.03 * (1 - math.exp(-s / 120)), 0.012),
        },
        {
            "set": "every training batch",
            "role": "training",
            "points": [
                {"step": s, "tokens": s * 512, "loss": 1.55 + 0.3 * math.exp(-s / 70) + 0.08 * math.sin(s * 2.3)}
                for s in range(1, 359)
            ],
        },
    ]


def _corpus() -> dict[str, Any]:
    return {
        "funnel": [
            {"step": "read", "documents": 1204, "bytes": 512_400, "dropped": {}},
            {"step": "language", "documents": 1131, "bytes": 488_210, "dropped": {"other_language": 73}},
            {"step": "quality", "documents": 1082, "bytes": 470_002, "dropped": {"too_short": 31, "repetition": 18}},
            {"step": "near_duplicates", "documents": 996, "bytes": 431_760, "dropped": {"near_duplicate": 86}},
            {"step": "held_out", "documents": 948, "bytes": 412_870, "dropped": {"contaminated": 3}},
        ],
        "dropped_samples": {
            "other_language": [
                {
                    "sample": "Der Zug nach Antwerpen fährt heute von Gleis zwei.",
                    "source": "stories/0412.txt",
                    "value": "de 0.98",
                    "threshold": "nl",
                },
                "A plain sample without a source.",
            ],
            "repetition": [{"sample": "la la la la la la la", "value": "0.86", "threshold": "0.30"}],
        },
        "language_shares": {"nl": 0.941, "af": 0.038, "de": 0.021},
        "lengths": [
            {"low": 200.0 * i, "high": 200.0 * (i + 1), "count": c}
            for i, c in enumerate((40, 310, 402, 133, 61, 22, 9))
        ],
    }
