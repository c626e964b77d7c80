//! Package archives over the network.
