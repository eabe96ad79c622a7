//! Content codings (RFC 9110 §8.4): which one a message has, and gzip itself. All others are only known as such.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

use super::{Bytes, HeaderMap, header};

/// How hard gzip tries: what policies have changed is compressed while the client waits.
const LEVEL: u32 = 3;

/// What `Content-Encoding` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Coding {
    /// Nothing, or `identity`.
    #[default]
    Identity,
    /// `gzip`, also under its older name `x-gzip`.
    Gzip,
    /// Something else, or several codings on top of each other.
    Other,
}

/// Why gzip cannot be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GunzipError {
    /// It is no gzip, or broke off.
    Malformed,
    /// The content is longer than was allowed.
    TooLarge,
}

impl Coding {
    /// The coding of a content with these fields.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let mut lines = headers.get_all(header::CONTENT_ENCODING).iter();
        let (Some(line), None) = (lines.next(), lines.next()) else {
            return if headers.contains_key(header::CONTENT_ENCODING) { Self::Other } else { Self::Identity };
        };
        let named = |name: &str| line.as_bytes().trim_ascii().eq_ignore_ascii_case(name.as_bytes());
        if named("gzip") || named("x-gzip") {
            Self::Gzip
        } else if named("identity") || named("") {
            Self::Identity
        } else {
            Self::Other
        }
    }
}

/// The content that `coded` stands for, at most `max_bytes` long.
///
/// # Errors
/// It is no gzip, or stands for more than that.
pub fn gunzip(coded: &[u8], max_bytes: u64) -> Result<Bytes, GunzipError> {
    let mut content = Vec::new();
    let mut reader = MultiGzDecoder::new(coded).take(max_bytes.saturating_add(1));
    reader.read_to_end(&mut content).map_err(|_| GunzipError::Malformed)?;
    if u64::try_from(content.len()).unwrap_or(u64::MAX) > max_bytes {
        return Err(GunzipError::TooLarge);
    }
    Ok(Bytes::from(content))
}

/// `content` as gzip; the same content always gives the same bytes.
#[must_use]
pub fn gzip(content: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(LEVEL));
    // Writing to a vector cannot fail.
    let coded = encoder.write_all(content).and_then(|()| encoder.finish());
    Bytes::from(coded.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use crate::http::HeaderValue;

    use super::*;

    #[test]
    fn codings_by_their_names() {
        let cases: [(&[&str], Coding); 8] = [
            (&[], Coding::Identity),
            (&[" Identity "], Coding::Identity),
            (&["gzip"], Coding::Gzip),
            (&["X-GZIP"], Coding::Gzip),
            (&["br"], Coding::Other),
            (&["gzip, br"], Coding::Other),
            (&["gzip", "gzip"], Coding::Other),
            (&["deflate"], Coding::Other),
        ];
        for (lines, expected) in cases {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::CONTENT_ENCODING, HeaderValue::from_static(line));
            }
            assert_eq!(Coding::of(&headers), expected, "{lines:?}");
        }
    }

    #[test]
    fn what_is_coded_comes_back_within_its_bound() {
        let content = "text ".repeat(1000);
        let coded = gzip(content.as_bytes());
        assert!(coded.len() < content.len() / 10, "{} bytes", coded.len());
        assert_eq!(gunzip(&coded, 5000).unwrap(), content);
        assert_eq!(gunzip(&coded, 4999), Err(GunzipError::TooLarge));
        let twice = [&coded[..], &coded[..]].concat();
        assert_eq!(gunzip(&twice, 10_000).unwrap(), content.repeat(2), "members one after the other are one content");
        for not in [&b"plain"[..], b"", &coded[..coded.len() - 1]] {
            assert_eq!(gunzip(not, 10_000), Err(GunzipError::Malformed));
        }
    }
}
