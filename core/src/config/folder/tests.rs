//! Whole folders in, resource sets and diagnostics out.
