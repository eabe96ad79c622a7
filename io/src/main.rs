//! The binary. Holds nothing but the call into the library.

fn main() {}
