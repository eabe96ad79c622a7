//! Documents and the listings they compile to; mistakes and the diagnostics they give.
