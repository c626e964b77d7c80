"""Archives for packages that the lock knows only as source: built here, or taken from an archive folder."""
