"""Run a workflow through Airflow and follow it.

The exit code is 0 only if the run succeeded. A run that is interrupted here goes on in Airflow.

Examples:
  millrace run digits
  millrace run digits --param epochs=3 --param seed=11
  millrace run mnist --force train --no-follow
  millrace run mnist --param sources.train.images=/data/train-images.gz
  millrace run digits_predict
  millrace run digits --local         without Airflow, one task after the other; digits_predict too
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from millrace.errors import ExitCode

if TYPE_CHECKING:
    from millrace.orchestration.embedded.installation import Installation
    from millrace.orchestration.rest import AirflowClient


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of a run."""
    parser.add_argument("name", help="the workflow, or <workflow>_predict", metavar="NAME")
    parser.add_argument(
        "--param",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="change a parameter of this run: epochs, learning_rate, batch_size, seed, "
        "sources.<source>.<field>",
    )
    parser.add_argument(
        "--force",
        nargs="+",
        action="extend",
        default=[],
        metavar="STAGE",
        help="compute these stages again although their results are in the store",
    )
    parser.add_argument("--limit", type=int, metavar="N", help="take N records of each source")
    parser.add_argument("--no-follow", action="store_true", help="start the run and return")
    parser.add_argument("--local", action="store_true", help="run in this process, without Airflow")


def run(arguments: argparse.Namespace) -> int:
    """Trigger the run and, unless told otherwise, follow it to its end."""
    from millrace.cli.conf import build_conf, check_conf
    from millrace.cli.console import console
    from millrace.cli.new_dag import await_dag
    from millrace.orchestration.embedded.address import running_client
    from millrace.orchestration.embedded.installation import Installation

    installation = Installation.load()
    conf = build_conf(arguments.param, arguments.force, arguments.limit)
    check_conf(installation.settings, arguments.name, conf)
    if arguments.local:
        from millrace.cli.local import run_here

        return run_here(installation.settings, arguments.name, conf)
    with running_client(installation) as airflow:
        await_dag(airflow, installation, arguments.name)
        run_id = start(airflow, arguments.name, conf)
        console().print(f"{arguments.name} {run_id}: {run_page(airflow, arguments.name, run_id)}")
        if arguments.no_follow:
            return ExitCode.DONE
        return watch(installation, airflow, arguments.name, run_id)


def start(airflow: AirflowClient, dag_id: str, conf: dict[str, Any]) -> str:
    """Trigger a run, unpausing its DAG, since its tasks would wait for ever; return its id."""
    from millrace.cli.console import console

    if airflow.dag(dag_id)["is_paused"]:
        console().print(f"{dag_id} was paused; it is not any more.")
        airflow.unpause(dag_id)
    return str(airflow.trigger(dag_id, conf)["dag_run_id"])


def run_page(airflow: AirflowClient, dag_id: str, run_id: str) -> str:
    """Return the address of the run in Airflow's user interface."""
    return f"{airflow.url}/dags/{dag_id}/runs/{run_id}"


def watch(installation: Installation, airflow: AirflowClient, dag_id: str, run_id: str) -> int:
    """Follow a run; print its outcome or its failure; return the exit code."""
    from millrace.cli.failure import print_failure
    from millrace.cli.follow import follow
    from millrace.cli.history import RunHistory
    from millrace.cli.outcome import print_outcome

    settings = installation.settings
    last = follow(airflow, settings, dag_id, run_id)
    if last.state == "success":
        print_outcome(settings, dag_id, run_id)
        return ExitCode.DONE
    with RunHistory(settings, dag_id, run_id) as history:
        logs = installation.airflow_home / "logs"
        return print_failure(last, history.executions(), history.parts, logs)
