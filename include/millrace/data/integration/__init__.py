"""One data set of many partitions and sources: equals across them, vocabulary, split, order.

The result does not depend on the order of the partitions nor on how the sources were cut.
"""
