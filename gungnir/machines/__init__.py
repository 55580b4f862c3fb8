"""Pure state machines: what the operator decides. No clock, log, randomness, await or I/O."""
