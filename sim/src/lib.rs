//! Fake Azure, the outage simulator and the demo. Nothing of it is linked into the production binary.
