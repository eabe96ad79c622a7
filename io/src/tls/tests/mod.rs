//! TLS with itself: which certificate a client sees, and which certificates of upstreams are believed.
