"""Encryption of what a store holds: sealed files, data keys, master keys and their rotation."""
