"""The one definition of canonical text, for transforming, training graphs and serving alike.

First every character by itself is replaced (`characters`), then what regular expressions match, in
order (`patterns`). The expressions are RE2's, which pyarrow and TensorFlow share; both steps are
data that a graph can repeat exactly. Stems (`stemming`) come last and are Python's alone.

Imports no package of Millrace but `errors`.
"""
