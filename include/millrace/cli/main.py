"""`main`: find the command, run it, and turn an error into one sentence and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from millrace.cli.parser import build_parser
from millrace.errors import ExitCode, MillraceError

_INTERRUPTED = 130  # what a shell reports for Ctrl-C


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; a bug keeps its traceback.

    Args:
        arguments: after the program's name; default: of this process.
    """
    parsed = build_parser().parse_args(arguments)
    try:
        return int(parsed.run(parsed) or ExitCode.DONE)
    except MillraceError as error:
        sys.stdout.flush()
        sys.stderr.write(f"millrace {parsed.command}: {error}\n")
        return int(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write(f"millrace {parsed.command}: interrupted\n")
        return _INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # the reader of a pipe went away, as `millrace runs | head` does
        return int(ExitCode.DONE)
