//! Exchanges played through.
