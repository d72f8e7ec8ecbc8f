"""Texts that say the same in nearly the same words: found by MinHash, checked on their shingles.

A text is looked at as the set of its shingles: all runs of 5 characters, after capitals are made
small and every run of white space is one space. How alike two texts are is the Jaccard index of
their sets; from 0.6 on they are near duplicates. Pairs worth comparing are proposed by MinHash
(A. Broder, On the resemblance and containment of documents, 1997) with banding (Leskovec,
Rajaraman, Ullman, Mining of Massive Datasets, chapter 3). Pairs that share a text make a family.
All arithmetic is of whole numbers, so that every machine finds the same families.

What is found and what is not: decisions/026.
"""
