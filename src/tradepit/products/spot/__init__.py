"""The spot exchange."""
