"""Print the JSON schema of a workflow file, for completion and checks in an editor.

Example:
  millrace schema > workflow.schema.json
"""

from __future__ import annotations

import argparse
import json
import sys


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: none."""


def run(_: argparse.Namespace) -> int:
    """Print the schema."""
    from millrace.workflow.schema import json_schema

    sys.stdout.write(json.dumps(json_schema(), indent=2) + "\n")
    return 0
