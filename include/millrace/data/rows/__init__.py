"""Everything that data stages know of records of tables: reading, judging, making them canonical.

A record is refused for the first of these that holds of any of its columns: ``undecodable``,
``missing_value``, ``wrong_type``, ``not_finite``, ``out_of_range``, ``unknown_category``; the
detail names every field that breaks the contract. Then it may be refused for its label, see
`millrace.data.cleaning`. What each asks: `millrace.workflow.tables`.

A column that no record of a partition has is an error of the run, not of its records: somebody
renamed or dropped it.

A user's own rule receives `records`, a pandas DataFrame with the spec's columns by name: numbers as
float64 (NaN where missing), categories as texts (None where missing)::

    def impossible(records, labels):
        return records["diastolic"] > records["systolic"]
"""
