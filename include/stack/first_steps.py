"""`python -m stack.first_steps`: what must be there before the stack's Airflow starts. Repeatable.

Refuses example secrets; makes the bucket, the tables of Airflow, of its users and of the catalog,
the pool of the GPUs, and the administrator where there is none. Changes no existing user or bucket.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

from millrace.artifacts.store import Store
from millrace.catalog.catalog import Catalog
from millrace.errors import MillraceError
from millrace.settings import Settings
from stack.rules import ACCESS_KEY, STORE_SECRET, problem

STORE_SECONDS = 180.0
_REFUSED = 78  # EX_CONFIG: another try will not help


def main() -> int:
    """Take the steps in order; return the exit code."""
    settings = Settings.load()
    wrong = refused(os.environ, settings.store)
    if wrong:
        sys.stderr.write("Set other secrets in .env: " + "; ".join(wrong) + "\n")
        return _REFUSED
    try:
        ensure_bucket(settings.store)
        Store(settings.store, settings.home / "cache").check()
        with Catalog(settings.catalog) as catalog:
            catalog.migrate()
    except MillraceError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    _airflow("db", "migrate")
    slots = os.environ.get("MILLRACE_GPU_SLOTS") or "1"
    _airflow("pools", "set", "gpu", slots, "Training jobs that use a GPU.")
    ensure_admin(
        os.environ["AIRFLOW_ADMIN_USER"],
        os.environ["AIRFLOW_ADMIN_EMAIL"],
        os.environ["AIRFLOW_ADMIN_PASSWORD"],
    )
    return 0


def refused(environment: Mapping[str, str], store: str) -> list[str]:
    """Return why secrets that reach a container are refused.

    Args:
        environment: of the container. store: URI; the keys of one that is not ``s3://`` are not
            looked at, and none need be set where the service knows the container otherwise.
    """
    named = {
        "AIRFLOW_ADMIN_PASSWORD": "AIRFLOW_ADMIN_PASSWORD",
        "AIRFLOW_FERNET_KEY": "AIRFLOW__CORE__FERNET_KEY",
        "AIRFLOW_JWT_SECRET": "AIRFLOW__API_AUTH__JWT_SECRET",
        "AIRFLOW_API_SECRET_KEY": "AIRFLOW__API__SECRET_KEY",
    }
    keys = (ACCESS_KEY, STORE_SECRET) if store.startswith("s3://") else ()
    named |= {name: name for name in keys if environment.get(name)}
    problems = {name: problem(name, environment.get(at, "")) for name, at in named.items()}
    return [f"{name} {why}" for name, why in problems.items() if why]


def ensure_bucket(store: str, seconds: float = STORE_SECONDS) -> None:
    """Make the store's bucket where it is missing and the key may; wait for the service to start.

    Args:
        store: URI; one that is not ``s3://`` needs no bucket.
        seconds: how long the service may take until it answers.

    What else is wrong with the store is left to the store's own check, which says what to do.
    """
    if not store.startswith("s3://"):
        return
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, client = store.removeprefix("s3://").split("/")[0], _client()
    ends = time.monotonic() + seconds
    while True:
        try:
            client.head_bucket(Bucket=bucket)
            status = 200
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        except BotoCoreError:
            status = 503  # nothing answers yet
        if status < 500 or time.monotonic() > ends:
            break
        time.sleep(1.0)
    if status == 404:
        _make(client, bucket)


def _client() -> Any:
    from botocore.config import Config
    from botocore.session import get_session

    config = Config(connect_timeout=5, read_timeout=15, retries={"total_max_attempts": 2})
    return get_session().create_client(
        "s3", endpoint_url=os.environ.get("AWS_ENDPOINT_URL") or None, config=config
    )


def _make(client: Any, bucket: str) -> None:
    """Make a bucket; where the key may not, the store's check says that it is missing."""
    from botocore.exceptions import ClientError

    region = os.environ.get("AWS_DEFAULT_REGION", "us-east-1")
    place = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        client.create_bucket(Bucket=bucket, **({} if region == "us-east-1" else place))
    except ClientError as error:
        sys.stderr.write(f"The bucket {bucket} could not be made: {error}\n")
    else:
        sys.stdout.write(f"Made the bucket {bucket}.\n")


def ensure_admin(user: str, email: str, password: str) -> None:
    """Make the administrator where there is no user of that name; leave one that exists alone."""
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder
    from airflow.utils.providers_configuration_loader import providers_configuration_loaded

    @providers_configuration_loaded
    def make() -> None:
        with get_application_builder() as builder:
            manager = builder.sm
            if manager.find_user(user) is None:
                role = manager.find_role("Admin")
                manager.add_user(user, user, "", email, role, password)
                sys.stdout.write(f"Made the administrator {user}.\n")

    make()


def _airflow(*arguments: str) -> None:
    subprocess.run(["airflow", *arguments], check=True)


if __name__ == "__main__":
    raise SystemExit(main())
