"""The runtime `docker`: one container a job, which outlives whoever started it."""
