"""The Airflow DAGs `sms_spam` and `sms_spam_predict`."""

from millrace.orchestration.builder import workflow_dags

globals().update(workflow_dags("sms_spam"))
