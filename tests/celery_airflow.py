"""Airflow as docker-compose.yml runs it, but as processes: Celery workers with a disk each.

The settings are those of the file, but for places. Each worker has a home, an Airflow home, a
temporary folder, logs and an address of its own, as in a container of its own; what the workers
share is PostgreSQL, Redis, S3 and the DAG files.
"""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

import compose_settings
from millrace.errors import TransientError
from millrace.orchestration.embedded.dagfiles import wait_until_parsed
from millrace.orchestration.embedded.installation import Installation
from millrace.orchestration.embedded.process import ManagedProcess, kill, marked
from millrace.orchestration.rest import AirflowClient
from postgres_server import PostgresServer
from real_airflow import DAG_FILE, PROJECT, Running
from redis_server import RedisServer
from s3_server import ACCESS_KEY, S3Server

_COMPONENTS = {  # name of the command and in Airflow's health document
    "api-server": "metadatabase",
    "scheduler": "scheduler",
    "dag-processor": "dag_processor",
    "triggerer": "triggerer",
}
_START = 600.0  # seconds, on a machine that does other things too
_USER = "admin"

# Airflow's log server listens on all addresses; on one machine each component's needs its own.
_COMMAND = """\
import os, sys, uvicorn
serve = uvicorn.run
def run(app, **more):
    serve(app, **{**more, "host": os.environ["OWN_ADDRESS"]})
if sys.argv[1] != "api-server":
    uvicorn.run = run
from airflow.__main__ import main
sys.argv[0] = "airflow"
main()
"""
_ADDRESS = '''\
"""Where a component's log server listens."""
import os


def own() -> str:
    return os.environ["OWN_ADDRESS"]
'''

PATIENCE = {  # seconds until a silent task counts as dead, which compose sets for busy machines
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
}


@dataclass(frozen=True)
class Worker:
    """A Celery worker with its disk.

    Attributes:
        name: Celery's. address: of its log server, as Airflow records it with every task.
        folder: its disk. process: the worker's.
    """

    name: str
    address: str
    folder: Path
    process: ManagedProcess

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def ready(self) -> bool:
        """Whether it takes tasks."""
        return " ready." in Path(self.process.log).read_text(errors="replace")

    def kill(self) -> int:
        """Kill it and all that it started, at once; return how many processes there were."""
        return kill(_tree(self.process, self.home))


@dataclass(frozen=True)
class Cluster:
    """A running Airflow, its workers by name, and the store behind them."""

    airflow: Running
    folder: Path
    env: Mapping[str, str]
    s3: S3Server
    concurrency: int
    workers: dict[str, Worker] = field(default_factory=dict)
    processes: dict[str, ManagedProcess] = field(default_factory=dict)

    def hosts(self, dag_id: str, run_id: str) -> dict[str, set[str]]:
        """Return the addresses of the workers that did the tasks of a run, by task id."""
        found: dict[str, set[str]] = {}
        for one in self.airflow.client.task_instances(dag_id, run_id):
            found.setdefault(one["task_id"], set()).add(one["hostname"])
        return found

    def start(self, name: str, arguments: Sequence[str]) -> tuple[ManagedProcess, str]:
        """Start an Airflow process with a disk and an address of its own; return both."""
        folder = self.folder / name
        for part in ("airflow", "tmp", "logs", "home"):
            (folder / part).mkdir(parents=True)
        number = len(list(self.folder.glob("*/home")))
        address = f"127.0.{number // 200}.{10 + number % 200}"
        env = {
            **self.env,
            "AIRFLOW_HOME": str(folder / "airflow"),
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(folder / "logs"),
            "MILLRACE_HOME": str(folder / "home"),
            "TMPDIR": str(folder / "tmp"),
            "OWN_ADDRESS": address,
        }
        command = [sys.executable, "-P", "-c", _COMMAND, *arguments]
        process = ManagedProcess.start(name, command, env, PROJECT, folder / "log")
        self.processes[name] = process
        return process, address

    def add(self, name: str) -> None:
        """Start a worker; it is at work once it is `ready`."""
        arguments = ["celery", "worker", "--celery-hostname", f"celery@{name}"]
        arguments += ["--concurrency", str(self.concurrency)]
        process, address = self.start(name, arguments)
        self.workers[name] = Worker(name, address, self.folder / name, process)


@contextmanager
def cluster(
    folder: Path,
    server: PostgresServer,
    specs: Mapping[str, str],
    workers: Sequence[str],
    variables: Mapping[str, str] | None = None,
    concurrency: int = 2,
) -> Iterator[Cluster]:
    """Start Airflow with CeleryExecutor and these workers; stop all of it at the end.

    Args:
        folder: of everything. server: gets databases of its own. specs: name to YAML.
        workers: their names. variables: further ones for every process.
        concurrency: tasks that a worker does at once.
    """
    with ExitStack() as stack:
        redis, s3 = RedisServer(), S3Server()
        stack.callback(redis.stop)
        stack.callback(s3.close)
        _write(folder, specs)
        env = _environment(folder, server, redis, s3) | PATIENCE | dict(variables or {})
        _first_steps(folder, env)
        url, word = env["AIRFLOW__API__BASE_URL"], env["AIRFLOW_ADMIN_PASSWORD"]
        client = stack.enter_context(AirflowClient(url, _USER, word))
        made = Cluster(Running(Installation.load(env), client), folder, env, s3, concurrency)
        stack.callback(_stop, made)
        _start(made, workers)
        yield made


def _write(folder: Path, specs: Mapping[str, str]) -> None:
    files = {"python/component_address.py": _ADDRESS}
    for name, text in specs.items():
        files |= {f"dags/{name}.py": DAG_FILE.format(name=name), f"workflows/{name}.yaml": text}
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)


def _environment(
    folder: Path, server: PostgresServer, redis: RedisServer, s3: S3Server
) -> dict[str, str]:
    """Return compose's settings with the places of this run."""
    port, log_port = _free_port(), _free_port()
    settings = compose_settings.airflow_environment()
    database = server.create()
    settings |= {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database,
        "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{database}",
        "AIRFLOW__CELERY__BROKER_URL": redis.url,
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__CORE__DAGS_FOLDER": str(folder / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__HOSTNAME_CALLABLE": "component_address.own",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(log_port),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(log_port),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",  # the suite's own is WARNING
        "AIRFLOW_ADMIN_USER": _USER,
        "AIRFLOW_ADMIN_EMAIL": "admin@localhost",
        "AIRFLOW_ADMIN_PASSWORD": secrets.token_urlsafe(18),
        "MILLRACE_PROJECT": str(PROJECT),
        "MILLRACE_WORKFLOWS": str(folder / "workflows"),
        "MILLRACE_STORE": f"s3://{s3.bucket()}/millrace",
        "MILLRACE_CATALOG": server.create(),
        "MILLRACE_PREDICTIONS": server.create(),
        "MILLRACE_RUNTIME": "local",
        "AWS_ENDPOINT_URL": s3.url,
        "AWS_ACCESS_KEY_ID": f"{ACCESS_KEY}-{secrets.token_hex(8)}",
    }
    path = [folder / "python", PROJECT / "include", os.environ.get("PYTHONPATH", "")]
    own = ("AIRFLOW", "MILLRACE_", "AWS_")  # the suite's, which are for other tests
    inherited = {n: value for n, value in os.environ.items() if not n.startswith(own)}
    return (
        inherited
        | settings
        | {
            "PYTHONPATH": os.pathsep.join(str(part) for part in path if str(part)),
            "PYTHONUNBUFFERED": "1",
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        }
    )


def _first_steps(folder: Path, env: Mapping[str, str]) -> None:
    """Do what the service `airflow-init` does."""
    own = {"AIRFLOW_HOME": str(folder / "init"), "MILLRACE_HOME": str(folder / "init")}
    own |= {"AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(folder / "init"), "OWN_ADDRESS": "127.0.0.1"}
    command = [sys.executable, "-P", "-m", "stack.first_steps"]
    done = subprocess.run(
        command, env={**env, **own}, capture_output=True, text=True, timeout=_START, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]


def _start(made: Cluster, workers: Sequence[str]) -> None:
    """Start everything at once, and wait until all is ready and the DAGs are known."""
    client = made.airflow.client
    began = time.time()
    for name in _COMPONENTS:
        made.start(name, [name])
    for name in workers:
        made.add(name)
    for name, part in _COMPONENTS.items():
        wait_until(lambda part=part: _healthy(client, part), made.processes[name])  # type: ignore[misc]
    for one in made.workers.values():
        wait_until(lambda one=one: one.ready, one.process)  # type: ignore[misc]
    client.warm_up()
    parsed = wait_until_parsed(client, made.folder / "dags", began, _START)
    assert not parsed.errors, parsed
    assert not parsed.missing, parsed


def _healthy(client: AirflowClient, part: str) -> bool:
    try:
        return (client.health().get(part) or {}).get("status") == "healthy"
    except TransientError:
        return False


def _stop(made: Cluster) -> None:
    """Kill everything at once: nothing of it is needed afterwards."""
    for name, process in made.processes.items():
        kill(_tree(process, made.folder / name / "home"))


def _tree(process: ManagedProcess, home: Path) -> list[psutil.Process]:
    """Return a process with all that it started, whatever title or session that gave itself."""
    found = [*process.members(), *marked(home, [process.name])]
    if process.alive:
        root = psutil.Process(process.pid)
        found += [root, *root.children(recursive=True)]
    return found


def wait_until(
    happened: Callable[[], bool], process: ManagedProcess, seconds: float = _START
) -> None:
    """Wait for something of a process; fail with the end of its log where it dies or is late."""
    end = time.monotonic() + seconds
    while not happened():
        if not process.alive or time.monotonic() > end:
            tail = Path(process.log).read_text(errors="replace")[-3000:]
            raise AssertionError(f"{process.name} is not ready:\n{tail}")
        time.sleep(0.2)


def _free_port() -> int:
    """Return a port that is free on every address of the loopback."""
    with socket.socket() as probe:
        probe.bind(("0.0.0.0", 0))
        return int(probe.getsockname()[1])
