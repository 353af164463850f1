"""Wire <-> command: the bytes of a client become an operation of the catalogue, and go back."""
