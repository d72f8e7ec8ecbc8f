"""The Airflow DAGs `email_spam` and `email_spam_predict`."""

from millrace.orchestration.builder import workflow_dags

globals().update(workflow_dags("email_spam"))
