//! A configuration folder in the layout of Azure/apiops, as a resource set. Reads no disk: the files are handed in.

use std::collections::BTreeMap;

use crate::http::Bytes;

/// The files of a folder: relative path with `/` between segments → content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files(pub BTreeMap<String, Bytes>);
