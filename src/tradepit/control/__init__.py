"""The operations of `/_tradepit/v1`: what the owner of a world asks of it, beside its clients."""
