"""From what was seen of some data to a workflow for it: `choices` decides, `text` writes it down.

Pure: nothing here reads data. Every choice is a first guess that runs, with its reason beside it.
"""
