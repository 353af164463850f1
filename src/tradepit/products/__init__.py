"""What the exchange sells, one desk a file: requests, replies and handlers side by side."""
