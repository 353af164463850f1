"""The worlds of a server: how one is born, kept alive, saved, forked and taken back."""
