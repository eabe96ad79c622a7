//! Any text as a policy document, in every form and scope: it must come back, and neither panic nor take long.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| holdfast_core::policy::probe::document(text));
