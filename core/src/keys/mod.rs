//! Tokens and the keys that vouch for them: reading and verifying JSON web tokens, and the key sets that identity providers publish.
//! Sends nothing: whoever looks at what is [`Kept`] is told what to fetch.

mod encoding;
pub mod jwe;
pub mod jws;
mod kept;
mod key;
mod providers;
mod stores;
mod tokens;
mod verified;

pub use encoding::{decode_base64, decode_base64url};
pub use kept::{Kept, Lasting, Progress, Want};
pub use key::{Key, Material, key_set};
pub use providers::{Configured, Fetch, Provider};
pub use stores::KeyStores;
pub use tokens::{AccessToken, TokenKey, TokenSource, Tokens};
pub use verified::Verified;

/// The longest token that is looked at, in bytes.
pub const TOKEN_BYTES_MAX: usize = 64 * 1024;

/// The longest document of an identity provider that is read, in bytes.
pub const DOCUMENT_BYTES_MAX: u64 = 1024 * 1024;

/// The most keys that are taken of one key set.
pub const KEYS_MAX: usize = 256;
