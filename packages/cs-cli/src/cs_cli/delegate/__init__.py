"""Which package provides the delegate."""
