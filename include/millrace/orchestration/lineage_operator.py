"""`step`: the decorator of Millrace's tasks, Airflow's `@task` that can tell OpenLineage its data.

Airflow's OpenLineage provider, where it is installed and set up, asks an operator for its data sets
by the method below. Otherwise nobody does, and nothing of OpenLineage is imported.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.decorators.python import _PythonDecoratedOperator
from airflow.sdk.bases.decorator import task_decorator_factory

if TYPE_CHECKING:
    from millrace.jobs.workflow_run import WorkflowRun
    from millrace.orchestration.lineage import DataSet

_opened: list[WorkflowRun] = []


class Lineage:
    """What an operator of a workflow's task tells OpenLineage."""

    def get_openlineage_facets_on_complete(self, _task_instance: Any) -> Any:
        """Return what the task read and made, as OpenLineage's data sets; after a failure, too."""
        from airflow.providers.openlineage.extractors import OperatorLineage

        from millrace.orchestration.lineage import lineage_of

        if not _opened:
            return None
        found = lineage_of(_opened[-1])
        return OperatorLineage(
            inputs=[_input(item) for item in found.inputs],
            outputs=[_output(item) for item in found.outputs],
        )


class Step(Lineage, _PythonDecoratedOperator):
    """A task of a workflow that works in a process of its worker."""

    custom_operator_name = "@task"


def step(function: Callable[..., Any], **options: Any) -> Any:
    """Return `function` as a task; call it to place the task in a DAG.

    Args:
        function: the task's body. options: of the operator.
    """
    return task_decorator_factory(
        python_callable=function, decorated_operator_class=Step, **options
    )


def opened(run: WorkflowRun) -> None:
    """Remember the run that this process's task works for."""
    _opened[:] = [run]


def _input(item: DataSet) -> Any:
    from openlineage.client.event_v2 import InputDataset

    return InputDataset(namespace=item.namespace, name=item.name)


def _output(item: DataSet) -> Any:
    from openlineage.client.event_v2 import OutputDataset
    from openlineage.client.facet_v2 import output_statistics_output_dataset as statistics

    facet = statistics.OutputStatisticsOutputDatasetFacet(rowCount=item.rows, size=item.bytes)
    return OutputDataset(
        namespace=item.namespace, name=item.name, outputFacets={"outputStatistics": facet}
    )
