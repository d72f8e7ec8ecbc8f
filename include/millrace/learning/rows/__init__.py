"""Everything that learning knows of records of tables. The light side is `modality` and `encoder`.

Missing values, outliers, scales and vocabularies are learnt on the training split and lie in the
bundle's document, in double precision; the network sees finished features.
"""
