"""Futures: so far only what clients ask when they start. Nothing is listed yet."""
