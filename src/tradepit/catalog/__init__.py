"""What an operation is: one declaration from which everything about it is derived."""
