"""The parts of the runtime `kubernetes` that know no Airflow: a pod's document, its end, strays."""
