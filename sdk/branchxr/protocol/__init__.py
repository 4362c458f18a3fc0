"""What both sides must agree on: wire formats and state machines, without any I/O."""
