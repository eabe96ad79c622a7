//! Snapshots compiled, held back and restored.
