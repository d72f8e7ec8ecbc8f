"""The one table of Airflow settings that Millrace changes, each with its reason beside it.

Airflow's defaults suit a cluster; these suit one machine where a person waits for the next task.
Nothing else in Millrace sets an Airflow option. `benchmarks/` measures what they save.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from millrace.orchestration.embedded.installation import USER, Installation


@dataclass(frozen=True)
class Option:
    """One Airflow option.

    Attributes:
        section, key: its name in `airflow.cfg`.
        value: what Millrace sets; ``{port}`` and the names in `_places` are filled in.
        reason: why the default does not do.
        ours: it belongs to the installation, so that a variable which the shell happens to hold
            for another Airflow does not replace it. The others are defaults that a person may
            override by exporting the variable.
    """

    section: str
    key: str
    value: str
    reason: str
    ours: bool = False

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"AIRFLOW__{self.section}__{self.key}".upper()


OPTIONS: tuple[Option, ...] = (
    # how fast the next task starts
    Option(
        "scheduler",
        "scheduler_idle_sleep_time",
        "0.1",
        "The default sleeps 1 s after each idle loop, which is most of what a short task costs. "
        "0.1 s takes 14 % of one core when idle; 0.05 s takes 20 % and gains little.",
    ),
    Option(
        "workers",
        "min_heartbeat_interval",
        "1",
        "A worker's slot stays taken until the next heartbeat after its task ended: with the "
        "default of 5 s, mapped tasks wait for slots that do nothing.",
    ),
    Option(
        "core",
        "parallelism",
        "8",
        "LocalExecutor forks this many workers at the start; the default is 32 processes.",
    ),
    Option(
        "core",
        "max_map_length",
        "10000",
        "A task a partition: the default of 1,024 limits a workflow to so many partitions.",
    ),
    Option(
        "dag_processor",
        "refresh_interval",
        "10",
        "The default shows a new DAG file only after up to five minutes.",
    ),
    Option(
        "dag_processor",
        "min_file_process_interval",
        "15",
        "An edited workflow reaches its DAG this soon; the files parse in milliseconds.",
    ),
    Option(
        "core",
        "min_serialized_dag_update_interval",
        "5",
        "The default holds an edited DAG back for 30 s more.",
    ),
    # what happens after a crash
    Option(
        "scheduler",
        "orphaned_tasks_check_interval",
        "15",
        "The tasks of a killed scheduler start again in seconds; the default waits five minutes.",
    ),
    Option(
        "scheduler",
        "task_instance_heartbeat_timeout",
        "60",
        "A task whose process vanished is tried again after a minute; the default is five.",
    ),
    Option(
        "workers",
        "execution_api_timeout",
        "60",
        "A task that asks a server which is just starting, or on a machine that is training, "
        "waits; with the default of 5 s it fails.",
    ),
    Option(
        "workers",
        "execution_api_retries",
        "10",
        "A task outlives minutes without an API server; the default gives up after half of one.",
    ),
    Option(
        "database",
        "sql_alchemy_connect_args",
        "{connect_args}.CONNECT_ARGS",
        "While a training takes all cores, a writer may hold SQLite's lock for long; the driver's "
        "default gives up after 5 s and fails the request. A server has 10 s to answer.",
        ours=True,
    ),
    Option(
        "database",
        "sql_alchemy_connect_args_async",
        "{connect_args}.ASYNC_CONNECT_ARGS",
        "The same for the connections of the API server's event loop.",
        ours=True,
    ),
    # what is loaded and shown
    Option("core", "load_examples", "False", "Only the project's own DAGs are of interest."),
    Option(
        "core",
        "dags_are_paused_at_creation",
        "False",
        "A run of a paused DAG waits for ever without saying why.",
    ),
    Option(
        "logging",
        "colored_console_log",
        "False",
        "The components print into files; colour codes would make them hard to read.",
    ),
    Option(
        "api",
        "auto_refresh_interval",
        "1",
        "The grid follows tasks that take seconds; the default looks every 3 s.",
    ),
    # where this installation is
    Option("core", "executor", "LocalExecutor", "Everything runs on this machine.", ours=True),
    Option(
        "core", "dags_folder", "{dags}", "The DAG files of the checkout, not a copy.", ours=True
    ),
    Option("core", "plugins_folder", "{plugins}", "The plugin of the checkout.", ours=True),
    Option(
        "database",
        "sql_alchemy_conn",
        "{database}",
        "By default SQLite: no server to install; write-ahead logging carried 74 concurrent tasks "
        "without a lock error.",
        ours=True,
    ),
    Option(
        "database",
        "sql_alchemy_conn_async",
        "{async_database}",
        "Airflow would derive one that needs a driver which may not be installed.",
        ours=True,
    ),
    Option("logging", "base_log_folder", "{airflow_home}/logs", "Below the same home.", ours=True),
    Option("api", "host", "127.0.0.1", "Nothing is reachable from other machines.", ours=True),
    Option(
        "api", "port", "{port}", "The first free one, or the one that was asked for.", ours=True
    ),
    Option("api", "base_url", "http://127.0.0.1:{port}", "Links in logs lead here.", ours=True),
    Option(
        "core",
        "execution_api_server_url",
        "http://127.0.0.1:{port}/execution/",
        "Tasks report here; the default assumes port 8080.",
        ours=True,
    ),
    # who may use it
    Option(
        "core",
        "auth_manager",
        "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
        "One user on loopback needs no user database.",
        ours=True,
    ),
    Option("core", "simple_auth_manager_users", f"{USER}:admin", "One person uses it.", ours=True),
    Option(
        "core",
        "simple_auth_manager_all_admins",
        "False",
        "True would open the API to every local user.",
        ours=True,
    ),
    Option(
        "core",
        "simple_auth_manager_passwords_file",
        "{password_file}",
        "A generated password in a file that only its owner reads.",
        ours=True,
    ),
)


def environment(
    installation: Installation, port: int, base: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the environment of every process of the installation.

    Args:
        installation: whose paths are filled in.
        port: TCP port of the API server.
        base: inherited variables; default: this process's.
    """
    inherited = dict(os.environ if base is None else base)
    places = _places(installation, port)
    for option in OPTIONS:
        value = option.value.format_map(places)
        if option.ours or not inherited.get(option.variable):
            inherited[option.variable] = value
    return inherited | _own_variables(installation, inherited)


def _places(installation: Installation, port: int) -> dict[str, str]:
    return {
        "port": str(port),
        "dags": str(installation.dags),
        "plugins": str(installation.plugins),
        "airflow_home": str(installation.airflow_home),
        "password_file": str(installation.password_file),
        "database": installation.metadata.url,
        "async_database": installation.metadata.async_url,
        "connect_args": installation.metadata.connect_args,
    }


def _own_variables(installation: Installation, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that are not options: Airflow's home, Millrace's settings, the path."""
    settings = installation.settings
    include = str(settings.project / "include")
    path = [include, *inherited.get("PYTHONPATH", "").split(os.pathsep)]
    return {
        "AIRFLOW_HOME": str(installation.airflow_home),
        "AIRFLOW_CONFIG": str(installation.airflow_home / "airflow.cfg"),
        "MILLRACE_PROJECT": str(settings.project),
        "MILLRACE_HOME": str(settings.home),
        "MILLRACE_STORE": settings.store,
        "MILLRACE_CATALOG": settings.catalog,
        "MILLRACE_PREDICTIONS": settings.predictions,
        "MILLRACE_WORKFLOWS": str(settings.workflows),
        "MILLRACE_RUNTIME": settings.runtime,
        "MILLRACE_GPU_SLOTS": str(installation.gpu_slots),
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(part for part in path if part)),
        "PYTHONUNBUFFERED": "1",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), inherited.get("PATH", "")]),
    }
