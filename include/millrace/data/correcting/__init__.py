"""The folder in which a person corrects refused records: `export` writes it, `edited` reads it.

It holds `records.csv`, a row a record, and their contents as files. Nothing here knows runs or the
store.
"""
