//! The texts of IP addresses, as .NET writes them. Reads none.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The text of an address: of one that holds an IPv4 address (RFC 5952 §5, SIIT, ISATAP), that in its own form.
pub(crate) fn ip_text(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => v6_text(address),
    }
}

fn v6_text(address: Ipv6Addr) -> String {
    let [a, b, c, d, e, f, high, low] = address.segments();
    let is_near_zero = [a, b, c, d] == [0; 4] && high != 0;
    let is_embedded = is_near_zero && matches!((e, f), (0, 0 | 0xffff) | (0xffff, 0)) || (e, f) == (0, 0x5efe);
    if !is_embedded || f == 0xffff {
        return address.to_string();
    }
    let inner = Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    // What stands before it is shortened as if nothing came behind: this does not, and is taken away again.
    let before = Ipv6Addr::new(a, b, c, d, e, f, 1, 1).to_string();
    let before = before.strip_suffix("1:1").unwrap_or(&before);
    format!("{before}{inner}")
}

#[cfg(test)]
mod tests {
    use super::ip_text;

    #[test]
    fn what_is_embedded_is_shown_as_ipv4() {
        for text in
            ["::1.2.3.4", "::ffff:1.2.3.4", "::ffff:0:1.2.3.4", "fe80::5efe:1.2.3.4", "::1", "::", "::102", "1::"]
        {
            assert_eq!(ip_text(text.parse().unwrap()), text);
        }
    }
}
