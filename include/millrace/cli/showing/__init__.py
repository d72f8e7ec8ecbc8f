"""What `millrace show` shows, one kind a module, each with `show(id)`. Only reads."""
