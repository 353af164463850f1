"""Margin: so far only what its pairs are."""
