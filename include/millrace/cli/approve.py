"""Approve a challenger that passed the gate and waits for a person; its run then goes on.

Challengers wait where the workflow says `gate: {approval: required}`. A run in Airflow waits for
the answer, which may also be given on its page (Required Actions) or by REST; a local run has
ended, and goes on here. The run's report has the figures and the cards.

Examples:
  millrace approve                    what waits
  millrace approve 12 --because "agreed in the review of 21 November"
"""

from __future__ import annotations

import argparse

from millrace.cli.answering import add_answer, answer

add = add_answer


def run(arguments: argparse.Namespace) -> int:
    """Approve."""
    return answer(arguments, approved=True)
