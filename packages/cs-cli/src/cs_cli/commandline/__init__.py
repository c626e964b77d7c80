"""The command line of ``cs``: what it takes, as values, and what is made from that."""
