"""Pure description of a workflow: the spec, its loader, its graph. No Airflow and no data here."""
