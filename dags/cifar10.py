"""The Airflow DAGs `cifar10` and `cifar10_predict`."""

from millrace.orchestration.builder import workflow_dags

globals().update(workflow_dags("cifar10"))
