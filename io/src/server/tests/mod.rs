//! A worker on real loopback sockets, with scripted exchanges in place of the core's.
