"""Where raw records come from. Each kind of source is one file with one reader class.

A reader is built from the source's JSON document, lists partitions cheaply, and reads one partition
as tables. To add a kind: write the reader in a file of its own and name it in the table of
`millrace.workflow.registry`; a workflow's own reader is named ``package.module:name`` in its spec
and receives the source's `options` as keyword arguments. Nothing here cleans or decodes.
"""
