"""The parts of `millrace new`: where the data is, what was seen of it, and the files it writes."""
