"""The durable order of things: the sequencer, the log port and the logs behind it."""
