//! `mock-response`: answers in the backend's place.

#[cfg_attr(not(test), expect(dead_code, reason = "the element that uses it comes with the policy table"))]
mod choice;
mod sample;
