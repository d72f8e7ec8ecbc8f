"""`write_spec`: a proposal as a commented YAML file. Text from data is quoted, or made harmless."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from millrace.workflow.proposing.choices import LARGEST_SIDE, Choices
from millrace.workflow.proposing.seen import Seen

_SHOWN = 8  # classes
_LONGEST = 60  # characters of a name in a comment
_WIDTH = 98  # characters of a line of comment
_PLAIN = ("kind", "split", "layout", "resize")


def write_spec(name: str, seen: Seen, choices: Choices) -> str:
    """Return the text of the workflow `name`: it is valid and runs as it stands."""
    lines = [
        *_head(name, seen),
        *_sources(seen, choices),
        *_data(seen, choices),
        *_model(seen, choices),
        *_gate(seen, choices),
    ]
    return "\n".join(lines) + "\n"


def scalar(value: object) -> str:
    """Return a value as YAML on one line that reads back as it is; text is always quoted."""
    style = '"' if isinstance(value, str) else None
    text = yaml.safe_dump(
        value,
        default_style=style,
        default_flow_style=True,
        allow_unicode=True,
        width=float("inf"),
    )
    return str(text).removesuffix("\n").removesuffix("\n...")


def plain(text: str) -> str:
    """Return a word as YAML: quoted where it would be read as something else, such as ``yes``."""
    return text if yaml.safe_load(text) == text else scalar(text)


def harmless(text: object) -> str:
    """Return text from data for a comment: one short line, whatever it holds."""
    line = "".join(c if c.isprintable() else "·" for c in str(text))
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _comment(text: str, indent: str = "") -> Iterator[str]:
    """Yield a comment in lines of at most `_WIDTH` characters."""
    start = f"{indent}# "
    yield from textwrap.wrap(
        text, _WIDTH, initial_indent=start, subsequent_indent=start, break_on_hyphens=False
    )


def _head(name: str, seen: Seen) -> Iterator[str]:
    looked = "all of them" if seen.looked_at == seen.total else f"{seen.looked_at:,} of them"
    yield from _comment(
        f"Proposed by `millrace new` after a look at {looked}: {harmless(seen.format)}. It "
        "runs as it stands. Every choice is a first guess: change it, and run again."
    )
    yield "version: 1"
    yield f"name: {plain(name)}"
    yield f"description: {scalar(f'{seen.total:,} pictures in {len(seen.classes):,} classes')}"
    yield "task: image_classification"
    yield ""


def _sources(seen: Seen, choices: Choices) -> Iterator[str]:
    yield "sources:"
    for source in seen.sources:
        for number, (field, value) in enumerate(source.items()):
            text = plain(value) if field in ("name", *_PLAIN) and value else scalar(value)
            yield f"  {'-' if number == 0 else ' '} {field}: {text}"
        if choices.left_out:
            yield from _comment(
                f"Fewer than {choices.smallest} pictures: too few to train on and to test. Take a "
                "class out of this list when it has more.",
                "    ",
            )
            names = ", ".join(f"{scalar(label)}: null" for label in choices.left_out)
            yield f"    label_map: {{{names}}}"
    shown = [f"{harmless(label)} ({count:,})" for label, count in _largest(seen)]
    more = f" and {len(seen.classes) - _SHOWN:,} more" if len(seen.classes) > _SHOWN else ""
    yield from _comment(
        f"Classes are what the labels say: {', '.join(shown)}{more}. `labels: [...]` would fix "
        "them, and refuse any other."
    )
    yield ""


def _largest(seen: Seen) -> list[tuple[str, int]]:
    return sorted(seen.classes.items(), key=lambda item: (-item[1], item[0]))[:_SHOWN]


def _data(seen: Seen, choices: Choices) -> Iterator[str]:
    told = ", ".join(f"{count:,} {harmless(reason)}" for reason, count in seen.refused.items())
    budget = {"default": 0.05, **choices.budget}
    half = ", half more than was seen of some" if choices.budget else ""
    yield from _comment(
        f"Refused so far: {told or 'nothing'}. A run fails where a reason refuses a larger share "
        f"than its budget{half}; `millrace quarantine` shows what was refused."
    )
    yield f"clean: {{budget: {_flow({_key(name): share for name, share in budget.items()})}}}"
    yield ""
    yield from _comment(_sizes(seen))
    height, width = choices.size
    resize = f", resize: {choices.resize}" if choices.resize != "stretch" else ""
    yield f"transform: {{size: [{height}, {width}], channels: {choices.channels}{resize}}}"
    if choices.test:
        yield from _comment(
            "By a stable hash: a picture never changes sides; its near duplicates follow it."
        )
    else:
        yield "# The test pictures are a source of their own."
    split = {"validation": choices.validation, "test": choices.test, "seed": choices.seed}
    yield f"split: {_flow(split)}"
    yield ""


def _sizes(seen: Seen) -> str:
    """Return what was seen of the sizes, and what it means."""
    height, width = seen.heights, seen.widths
    if height.uniform and width.uniform:
        told = [f"All pictures are {height} x {width} pixels (height x width)."]
    else:
        told = [f"Heights are {height} pixels, widths {width}."]
    if max(height.median, width.median) > LARGEST_SIDE:
        told.append(
            f"{LARGEST_SIDE} keeps training on a processor quick; with time or a GPU, try more."
        )
    if seen.unlike:
        told.append("Proportions differ: `fit` pads them, so that nothing is cut or distorted.")
    told.append("Colours are kept." if seen.colour else "Their content is grey.")
    return " ".join(told)


def _model(seen: Seen, choices: Choices) -> Iterator[str]:
    last = max(1, min(choices.size) >> choices.stages)
    times = "once" if choices.stages == 1 else f"{choices.stages} times"
    yield from _comment(
        f"About {seen.learnable:,} pictures to learn from. The resolution is halved {times}, to "
        f"{last} pixels, and {choices.width} channels at first keep it quick."
    )
    model = {"kind": "cnn", "residual": True, "width": choices.width, "stages": choices.stages}
    if choices.mirror:
        model["mirror_average"] = True
    yield f"model: {_flow(model)}"
    if choices.mirror:
        yield from _comment(
            "Photographs may be mirrored. Take flip and mirror_average out for text, signs, or "
            "where left and right matter."
        )
    else:
        yield "# Small shifts and turns only: mirrored digits or letters would be wrong."
    yield f"augment: {_flow(choices.augment)}"
    yield "train:"
    yield f"  epochs: {choices.epochs}  # about {_steps(seen, choices):,} steps in all"
    yield f"  batch_size: {choices.batch}"
    yield "  optimizer: adamw"
    yield "  learning_rate: 0.003"
    yield "  weight_decay: 0.01"
    yield "  warmup: 0.1"
    yield f"  average_weights: {choices.average}"
    if choices.smoothing:
        yield f"  label_smoothing: {choices.smoothing}"
    if choices.balanced:
        yield "  class_weights: balanced  # the largest class is over 3 times the smallest"
    yield f"  seed: {choices.seed}"
    yield ""


def _steps(seen: Seen, choices: Choices) -> int:
    share = 1 - choices.validation - choices.test
    return choices.epochs * max(1, round(seen.learnable * share / choices.batch))


def _gate(seen: Seen, choices: Choices) -> Iterator[str]:
    yield from _comment(
        f"Always guessing the largest class is right in {seen.largest_share:.0%} of all cases; to "
        "be used, a model must do clearly better. Raise this once you know what can be reached."
    )
    yield f"gate: {{accuracy: {choices.gate}}}"


def _key(name: str) -> str:
    return name if name.isidentifier() else scalar(name)


def _flow(values: Mapping[str, Any]) -> str:
    texts = {name: str(v).lower() if isinstance(v, bool) else v for name, v in values.items()}
    return "{" + ", ".join(f"{name}: {value}" for name, value in texts.items()) + "}"
