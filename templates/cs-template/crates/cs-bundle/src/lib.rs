//! Package archives from a bundle: a directory, a `.bundle.tar.zst`, or a part of the executable.
