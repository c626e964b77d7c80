"""``cs doctor``: does this machine have what a build needs?"""
