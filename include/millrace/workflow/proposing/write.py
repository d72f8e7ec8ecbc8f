"""`write_spec`: a proposal as a commented YAML file. What a modality says is its plan's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from millrace.workflow.proposing.choices import Choices
from millrace.workflow.proposing.proposer import Plan, open_proposer
from millrace.workflow.proposing.scalars import comment, flow, harmless, key, plain, scalar
from millrace.workflow.proposing.seen import Seen

_SHOWN = 8  # classes
_PLAIN = ("name", "kind", "split", "layout")


def write_spec(name: str, seen: Seen, choices: Choices, plan: Plan) -> str:
    """Return the text of the workflow `name`: it is valid and runs as it stands."""
    lines = [
        *_head(name, seen),
        *_sources(seen, choices),
        *plan.privacy,
        *_data(seen, choices, plan),
        *plan.model,
        *_training(seen, choices, plan),
        *_decision(choices),
        *(plan.gate or _gate(seen, choices)),
    ]
    return "\n".join(lines) + "\n"


def _head(name: str, seen: Seen) -> Iterator[str]:
    proposer = open_proposer(seen.modality)
    looked = "all of them" if seen.looked_at == seen.total else f"{seen.looked_at:,} of them"
    yield from comment(
        f"Proposed by `millrace new` after a look at {looked}: {harmless(seen.format)}. It "
        "runs as it stands. Every choice is a first guess: change it, and run again."
    )
    of = f"in {len(seen.classes):,} classes" if seen.tells_classes else "with numbers to predict"
    said = f"{seen.total:,} {proposer.noun}s {of}"
    yield "version: 1"
    yield f"name: {plain(name)}"
    yield f"description: {scalar(said)}"
    yield f"task: {proposer.task(seen)}"
    yield ""


def _sources(seen: Seen, choices: Choices) -> Iterator[str]:
    noun = open_proposer(seen.modality).noun
    yield "sources:"
    for source in seen.sources:
        fields = {name: value for name, value in source.items() if name != "label_map"}
        for number, (field, value) in enumerate(fields.items()):
            text = plain(value) if field in _PLAIN and value else scalar(value)
            yield f"  {'-' if number == 0 else ' '} {field}: {text}"
        mapped = source.get("label_map", {})
        if choices.left_out:
            yield from comment(
                f"Fewer than {choices.smallest} {noun}s: too few to train on and to test. Take a "
                "class out of this list when it has more.",
                "    ",
            )
        yield from _label_map(mapped, choices.left_out)
    if seen.tells_classes:
        yield from _classes(seen)
    yield ""


def _classes(seen: Seen) -> Iterator[str]:
    shown = [f"{harmless(label)} ({count:,})" for label, count in _largest(seen)]
    more = f" and {len(seen.classes) - _SHOWN:,} more" if len(seen.classes) > _SHOWN else ""
    yield from comment(
        f"Classes are what the labels say: {', '.join(shown)}{more}. `labels: [...]` would fix "
        "them, and refuse any other."
    )


def _label_map(mapped: Mapping[str, str], left_out: tuple[str, ...]) -> Iterator[str]:
    """Yield a source's map, if any: names of classes, and null for those that are left out."""
    found: dict[str, str | None] = dict.fromkeys(left_out) | dict(mapped)
    for raw, label in mapped.items():
        if label in left_out:
            found[raw] = None
    if found:
        names = ", ".join(f"{scalar(label)}: {scalar(to)}" for label, to in found.items())
        yield f"    label_map: {{{names}}}"


def _largest(seen: Seen) -> list[tuple[str, int]]:
    return sorted(seen.classes.items(), key=lambda item: (-item[1], item[0]))[:_SHOWN]


def _data(seen: Seen, choices: Choices, plan: Plan) -> Iterator[str]:
    noun = open_proposer(seen.modality).noun
    told = ", ".join(f"{count:,} {harmless(reason)}" for reason, count in seen.refused.items())
    budget = {key(name): share for name, share in {"default": 0.05, **choices.budget}.items()}
    half = ", half more than was seen of some" if choices.budget else ""
    yield from comment(
        f"Refused so far: {told or 'nothing'}. A run fails where a reason refuses a larger share "
        f"than its budget{half}; `millrace quarantine` shows what was refused."
    )
    yield f"clean: {flow({**plan.clean, 'budget': budget})}"
    yield ""
    yield from plan.target
    yield from plan.transform
    if choices.test:
        yield from comment(
            f"By a stable hash: a {noun} never changes sides; its duplicates follow it."
        )
    else:
        yield f"# The test {noun}s are a source of their own."
    split = {"validation": choices.validation, "test": choices.test, "seed": choices.seed}
    yield f"split: {flow(split)}"
    yield ""


def _training(seen: Seen, choices: Choices, plan: Plan) -> Iterator[str]:
    fields: dict[str, Any] = {**plan.train}
    yield "train:"
    epochs = fields.pop("epochs")
    yield f"  epochs: {epochs}  # about {_steps(seen, choices, epochs):,} steps in all"
    yield f"  batch_size: {choices.batch}"
    for name, value in fields.items():
        yield f"  {name}: {value}"
    if choices.balanced:
        yield "  class_weights: balanced  # the largest class is over 3 times the smallest"
    yield f"  seed: {choices.seed}"
    yield ""


def _steps(seen: Seen, choices: Choices, epochs: int) -> int:
    share = 1 - choices.validation - choices.test
    return epochs * max(1, round(seen.learnable * share / choices.batch))


def _decision(choices: Choices) -> Iterator[str]:
    if choices.positive is None:
        return
    yield from comment(
        f"{harmless(choices.positive)!r} is the rarer class, so it is taken for the one that is "
        "looked for: figures of its own are shown, and the threshold of its probability is the "
        "one with the best F1 on the validation split."
    )
    name = scalar(choices.positive)
    yield f"decision: {{positive: {name}, goal: {{f1_of: {name}}}}}"


def _gate(seen: Seen, choices: Choices) -> Iterator[str]:
    yield from comment(
        f"Always guessing the largest class is right in {seen.largest_share:.0%} of all cases; to "
        "be used, a model must do clearly better. Raise this once you know what can be reached."
    )
    yield f"gate: {{accuracy: {choices.gate}}}"
