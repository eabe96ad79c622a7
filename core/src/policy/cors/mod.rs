//! `cors`: which pages of other origins a browser lets call an API.

#[cfg_attr(not(test), expect(dead_code, reason = "the element that uses it comes with the policy table"))]
mod decision;
