"""Reject a challenger that passed the gate and waits for a person; the champion stays.

The run ends well; who rejected the challenger, when and why are in the history. See `millrace
approve`.

Examples:
  millrace reject                     what waits
  millrace reject 12 --because "too few slices of children"
"""

from __future__ import annotations

import argparse

from millrace.cli.answering import add_answer, answer

add = add_answer


def run(arguments: argparse.Namespace) -> int:
    """Reject."""
    return answer(arguments, approved=False)
