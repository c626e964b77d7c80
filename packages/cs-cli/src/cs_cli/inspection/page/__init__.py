"""``cs inspect --html``: one page about what ships, which needs neither a network nor other files."""
