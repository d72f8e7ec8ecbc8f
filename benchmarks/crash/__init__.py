"""The crash matrix: a workflow in a real Airflow, disturbed at random, and what must still hold."""
