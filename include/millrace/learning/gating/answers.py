"""The check that a bundle really loads and answers, in time.

The time is measured on the machine that runs the gate, so it is a figure for the catalog and never
a fact of the decision; the decision holds only whether it was within the limit.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import islice
from statistics import median

import pyarrow as pa

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.tables import read_table
from millrace.errors import IntegrityError, MillraceError, TransientError
from millrace.learning.bundle import Bundle
from millrace.learning.gating.check import Check, figure
from millrace.learning.modality import Inputs
from millrace.learning.target import Answers, Target

_RECORDS = 8
_CALLS = 25
_LONGEST = 2.0  # seconds that measuring may take, beyond three calls


def answer_checks(
    artifact: Artifact,
    dataset: Artifact,
    latency_ms: float,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[list[Check], float | None]:
    """Load the bundle and ask it a few test records.

    Returns:
        The checks, and the median time of an answer to one record in milliseconds (None where it
        does not answer).

    Raises:
        IntegrityError, TransientError: the store failed, which says nothing of the bundle.
    """
    try:
        bundle = Bundle.open(artifact)
        inputs = bundle.encoder(_records(dataset, bundle))
        answers = bundle.predict(inputs)
    except (IntegrityError, TransientError):
        raise
    except MillraceError as error:
        sentence = f"the bundle does not answer: {error.problem}"
        return [Check("answers", False, "answers", None, sentence)], None
    checks = [_sound(bundle.target, answers)]
    latency = _latency(bundle, inputs, clock)
    return [*checks, _in_time(latency, latency_ms)], latency


def _records(dataset: Artifact, bundle: Bundle) -> pa.Table:
    columns = list(bundle.encoder.columns)
    return next(islice(read_table(dataset.path("test.parquet"), columns), 1)).slice(0, _RECORDS)


def _sound(target: Target, answers: Answers) -> Check:
    passed, state = target.sound(answers)
    sentence = f"the bundle loads and answers with {state}"
    return Check("answers", passed, target.asked, state, sentence)


def _in_time(latency: float, limit: float) -> Check:
    passed = latency <= limit
    state = "within the limit" if passed else "longer"
    verb = "within" if passed else "in more than"
    sentence = f"the bundle answers one record {verb} {figure(limit)} ms (median)"
    return Check("latency_ms", passed, f"at most {limit} ms (median)", state, sentence)


def _latency(bundle: Bundle, inputs: Inputs, clock: Callable[[], float]) -> float:
    """Return the median time of an answer to one record, milliseconds; the first is a warm-up."""
    times: list[float] = []
    started = clock()
    for call in range(_CALLS + 1):
        record = inputs[call % len(inputs)][None]
        before = clock()
        bundle.predict(record)
        times.append(clock() - before)
        if call >= 3 and clock() - started > _LONGEST:
            break
    return 1_000 * median(times[1:])
