"""What `millrace quarantine` does, one action a module, each with `run(words, arguments)`."""
