//! Who may pass: `check-header` and `ip-filter`. Authenticates nobody.

#[cfg_attr(not(test), expect(dead_code, reason = "the element that uses it comes with the policy table"))]
mod address;
#[cfg_attr(not(test), expect(dead_code, reason = "the element that uses it comes with the policy table"))]
mod decision;
