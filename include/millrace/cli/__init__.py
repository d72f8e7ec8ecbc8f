"""The command `millrace`: one module a command, each with `add` (its arguments) and `run`.

No command imports another; what takes long to import (httpx, SQLAlchemy, Airflow's client) is
imported when a command runs, so that `millrace --help` answers at once.
"""

from millrace.cli.main import main

__all__ = ["main"]
