"""Cross-validation's folds: which group is in which, and the records of each."""
