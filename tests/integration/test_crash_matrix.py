"""The short form of `benchmarks/crash_matrix.py`: one run that is struck four times, in containers.

Task, container and scheduler are killed and the S3 endpoint is cut; the run ends as an undisturbed
one. The long form kills a Docker daemon and Celery workers, too, a hundred times.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import docker_daemon
from s3_server import S3Server

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

from crash.plan import Strike
from crash.runner import Runner
from crash.stack import Stack, started
from crash.verdict import judge

pytestmark = [
    pytest.mark.scheduler,
    pytest.mark.tensorflow,
    pytest.mark.docker,
    pytest.mark.s3,
    pytest.mark.timeout(900),  # one disturbed run may take 420 s before it counts as stuck
]

STRIKES = [
    Strike("S3 endpoint, cut", moment=0.05, seed=1),
    Strike("container, docker kill", moment=0.2, seed=2),
    Strike("task, SIGKILL", moment=0.25, seed=3),
    Strike("scheduler, SIGKILL", moment=0.3, seed=4),
]


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    image = docker_daemon.need_image()
    with started("docker-s3", tmp_path, epochs=12, server=S3Server, image=image) as running:
        yield running


def test_a_run_that_is_struck_four_times_ends_as_an_undisturbed_one(stack: Stack) -> None:
    runner = Runner(stack)
    expected = runner.undisturbed()
    assert judge(expected, expected, kills=0) == []
    outcome, hits = runner.struck("struck", STRIKES)
    assert judge(expected, outcome, kills=len(hits)) == []
    assert hits == STRIKES
