//! Policies by which the gateway proves to a backend who it is: client certificates. `authentication-basic` is in `integration`.

pub mod certificate;
