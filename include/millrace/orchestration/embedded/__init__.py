"""Airflow on one machine without preparation: SQLite, LocalExecutor, four processes, loopback.

Nothing here imports airflow: it starts Airflow's own commands and speaks REST with them. A
production installation (`docker-compose.yml`) uses none of it.
"""
