//! IP addresses and ranges of them, as `ip-filter` compares them. Resolves no names.

use std::net::IpAddr;

/// A contiguous range of addresses of one family, both ends inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    from: IpAddr,
    to: IpAddr,
}

/// Why a text is not an address or a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockError {
    /// It is not an IPv4 or IPv6 address.
    Address,
    /// The number behind `/` is not a prefix length of the address' family.
    Prefix,
    /// One end is IPv4, the other IPv6.
    Families,
    /// The first end is above the last.
    Order,
}

impl std::fmt::Display for BlockError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Address => "not an IPv4 or IPv6 address",
            Self::Prefix => "the prefix length must be from 0 to 32 for IPv4 and from 0 to 128 for IPv6",
            Self::Families => "one end is an IPv4 address, the other an IPv6 address",
            Self::Order => "the first address is above the last",
        })
    }
}

impl Block {
    /// One address, or a network in CIDR notation (RFC 4632, RFC 4291 §2.3); bits behind the prefix are ignored.
    pub(crate) fn parse(text: &str) -> Result<Self, BlockError> {
        let Some((address, prefix)) = text.trim().split_once('/') else {
            let address = parse_address(text).ok_or(BlockError::Address)?;
            return Ok(Self { from: address, to: address });
        };
        // An IPv4-mapped network keeps its 128 bits until its ends are known, or `::ffff:0:0/96` could not be written.
        let address: IpAddr = address.parse().map_err(|_| BlockError::Address)?;
        let digits = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix: u32 = prefix.parse().ok().filter(|_| digits).ok_or(BlockError::Prefix)?;
        let (from, to) = match address {
            IpAddr::V4(address) => {
                let host = u32::MAX.checked_shr(prefix).unwrap_or(0);
                let bits = address.to_bits();
                (prefix <= 32).then(|| (IpAddr::V4((bits & !host).into()), IpAddr::V4((bits | host).into())))
            }
            IpAddr::V6(address) => {
                let host = u128::MAX.checked_shr(prefix).unwrap_or(0);
                let bits = address.to_bits();
                (prefix <= 128).then(|| (IpAddr::V6((bits & !host).into()), IpAddr::V6((bits | host).into())))
            }
        }
        .ok_or(BlockError::Prefix)?;
        let (low, high) = (from.to_canonical(), to.to_canonical());
        Ok(if low.is_ipv4() == high.is_ipv4() { Self { from: low, to: high } } else { Self { from, to } })
    }

    /// The addresses from one to another.
    pub(crate) fn range(from: &str, to: &str) -> Result<Self, BlockError> {
        let from = parse_address(from).ok_or(BlockError::Address)?;
        let to = parse_address(to).ok_or(BlockError::Address)?;
        match (from, to) {
            (IpAddr::V4(low), IpAddr::V4(high)) if low > high => Err(BlockError::Order),
            (IpAddr::V6(low), IpAddr::V6(high)) if low > high => Err(BlockError::Order),
            (IpAddr::V4(_), IpAddr::V4(_)) | (IpAddr::V6(_), IpAddr::V6(_)) => Ok(Self { from, to }),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => Err(BlockError::Families),
        }
    }

    /// Whether `address`, as [`parse_address`] gives it, is inside.
    pub(crate) fn contains(self, address: IpAddr) -> bool {
        match (self.from, self.to, address) {
            (IpAddr::V4(from), IpAddr::V4(to), IpAddr::V4(address)) => (from..=to).contains(&address),
            (IpAddr::V6(from), IpAddr::V6(to), IpAddr::V6(address)) => (from..=to).contains(&address),
            // A network of IPv6 that is wider than the IPv4-mapped addresses holds those too.
            (IpAddr::V6(from), IpAddr::V6(to), IpAddr::V4(address)) => (from..=to).contains(&address.to_ipv6_mapped()),
            (IpAddr::V4(_), _, _) | (IpAddr::V6(_), IpAddr::V4(_), _) => false,
        }
    }
}

/// Reads an address. A zone (`%eth0`) is dropped; an IPv4-mapped IPv6 address, which a dual-stack listener sees for an IPv4 client,
/// is the IPv4 address.
pub(crate) fn parse_address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let address = match text.split_once('%') {
        Some((address, _zone)) if address.contains(':') => address,
        Some(_) | None => text,
    };
    address.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_networks() {
        let cases = [
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "10.0.0.2", false),
            (" 10.0.0.1 ", "::ffff:10.0.0.1", true),
            ("::ffff:10.0.0.1", "10.0.0.1", true),
            ("10.1.2.3/8", "10.255.255.255", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("0.0.0.0/0", "255.255.255.255", true),
            ("0.0.0.0/0", "::1", false),
            ("192.168.1.7/32", "192.168.1.7", true),
            ("192.168.1.7/32", "192.168.1.8", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::", false),
            ("::/0", "2001:db9::", true),
            ("::/0", "1.2.3.4", true),
            ("::ffff:0:0/96", "1.2.3.4", true),
            ("::ffff:10.0.0.0/104", "10.9.9.9", true),
            ("::ffff:10.0.0.0/104", "11.9.9.9", false),
            ("::1/128", "::1", true),
            ("fe80::1", "fe80::1%eth0", true),
        ];
        for (block, address, inside) in cases {
            let address = parse_address(address).unwrap();
            assert_eq!(Block::parse(block).unwrap().contains(address), inside, "{block} {address}");
        }
    }

    #[test]
    fn both_ends_of_a_range_are_inside() {
        let range = Block::range("10.0.0.5", "10.0.1.5").unwrap();
        for (address, inside) in
            [("10.0.0.4", false), ("10.0.0.5", true), ("10.0.0.255", true), ("10.0.1.5", true), ("10.0.1.6", false)]
        {
            assert_eq!(range.contains(parse_address(address).unwrap()), inside, "{address}");
        }
        assert!(Block::range("2001:db8::", "2001:db8::f").unwrap().contains(parse_address("2001:db8::a").unwrap()));
    }

    #[test]
    fn what_is_no_address() {
        for text in ["", "10.0.0", "10.0.0.256", "10.0.0.01", "host", "1.2.3.4:80", "[::1]", "10.0.0.1%eth0", "x/8"] {
            assert_eq!(Block::parse(text), Err(BlockError::Address), "{text}");
        }
        for text in ["10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/+8", "::/129", "10.0.0.0/8/8"] {
            assert_eq!(Block::parse(text), Err(BlockError::Prefix), "{text}");
        }
        assert_eq!(Block::range("10.0.0.2", "10.0.0.1"), Err(BlockError::Order));
        assert_eq!(Block::range("10.0.0.2", "::1"), Err(BlockError::Families));
        assert_eq!(Block::range("10.0.0.2", "10.0.0.0/8"), Err(BlockError::Address));
    }
}
