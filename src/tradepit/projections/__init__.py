"""History: what happened, as SQL rows with their own cursor, and the queries that read it."""
