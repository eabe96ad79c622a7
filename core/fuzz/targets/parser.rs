//! Any text through the parser: it must come back, and neither panic nor take long.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| holdfast_core::expr::probe::parser(text));
