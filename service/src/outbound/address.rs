//! Which addresses are the public Internet's.
//!
//! Said the other way round it would be a list with holes: whatever the registries of special
//! addresses (RFC 6890 and what came after) name is refused, IPv6 beyond `2000::/3` altogether, and
//! an address that only wraps another is judged by what it wraps.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 networks that are nobody's, one's own, a neighbour's, or for examples.
const SPECIAL_V4: [(Ipv4Addr, u32); 17] = [
    (Ipv4Addr::UNSPECIFIED, 8),            // this host
    (Ipv4Addr::new(10, 0, 0, 0), 8),       // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),    // shared by the customers of a provider
    (Ipv4Addr::new(127, 0, 0, 0), 8),      // loopback
    (Ipv4Addr::new(168, 63, 129, 16), 32), // a cloud's own services, under a public number
    (Ipv4Addr::new(169, 254, 0, 0), 16),   // link-local, with the clouds' metadata
    (Ipv4Addr::new(172, 16, 0, 0), 12),    // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),     // protocols
    (Ipv4Addr::new(192, 0, 2, 0), 24),     // documentation
    (Ipv4Addr::new(192, 31, 196, 0), 24),  // AS112
    (Ipv4Addr::new(192, 52, 193, 0), 24),  // AMT
    (Ipv4Addr::new(192, 88, 99, 0), 24),   // 6to4 relays
    (Ipv4Addr::new(192, 168, 0, 0), 16),   // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),    // benchmarking
    (Ipv4Addr::new(198, 51, 100, 0), 24),  // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),   // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 3),      // multicast, reserved, broadcast
];

/// IPv6 networks inside `2000::/3` that are not global unicast.
const SPECIAL_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocols: benchmarking, ORCHID, AMT
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48), // AS112
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

/// Whether `address` is one of the public Internet, and whatever it wraps, too.
pub fn is_global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_global_v4(address),
        IpAddr::V6(address) => is_global_v6(address),
    }
}

fn is_global_v4(address: Ipv4Addr) -> bool {
    let within = |(net, length): &(Ipv4Addr, u32)| {
        (address.to_bits() ^ net.to_bits()).leading_zeros() >= *length
    };
    !SPECIAL_V4.iter().any(within)
}

fn is_global_v6(address: Ipv6Addr) -> bool {
    let wrapped = wrapped(address);
    if !wrapped.is_empty() {
        return wrapped.into_iter().all(is_global_v4);
    }
    let within = |(net, length): &(Ipv6Addr, u32)| {
        (address.to_bits() ^ net.to_bits()).leading_zeros() >= *length
    };
    address.segments()[0] >> 13 == 1 && !SPECIAL_V6.iter().any(within)
}

/// The IPv4 addresses that an IPv6 address carries its bytes to, by the ways of translation and of
/// tunnels. Local NAT64 (`64:ff9b:1::/48`) and the old compatible addresses (`::/96`) are not among
/// them: they are refused whatever they wrap.
fn wrapped(address: Ipv6Addr) -> Vec<Ipv4Addr> {
    let v4 = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        // IPv4-mapped; NAT64, in the well-known prefix.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            vec![v4(high, low)]
        }
        // 6to4, with what ISATAP may have put into its interface.
        [0x2002, high, low, _, 0 | 0x200, 0x5efe, inner, last] => {
            vec![v4(high, low), v4(inner, last)]
        }
        [0x2002, high, low, ..] => vec![v4(high, low)],
        // Teredo: the server, and the client with every bit turned.
        [0x2001, 0, high, low, _, _, inner, last] => vec![v4(high, low), v4(!inner, !last)],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn special_addresses_are_told_from_global_ones() {
        for global in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2a00:1450:4001:831::200e",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
        ] {
            assert!(is_global(global.parse().unwrap()), "{global}");
        }
    }

    proptest! {
        /// However an address is wrapped, it is what it was.
        #[test]
        fn a_wrap_changes_nothing(bits: u32, port: u16) {
            let inner = Ipv4Addr::from_bits(bits);
            let [a, b, c, d] = bits.to_be_bytes();
            let [high, low] = [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])];
            let google = [0x0808, 0x0808];
            for outer in [
                Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, high, low),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0x2002, high, low, port, 0, 0, 0, 1),
                Ipv6Addr::new(0x2001, 0, high, low, 0, port, !google[0], !google[1]),
                Ipv6Addr::new(0x2001, 0, google[0], google[1], 0, port, !high, !low),
            ] {
                prop_assert_eq!(is_global(outer.into()), is_global(inner.into()), "{}", outer);
            }
        }

        /// What is none of the routed networks is never global.
        #[test]
        fn nothing_beyond_global_unicast_is_global(bits: u128) {
            let address = Ipv6Addr::from_bits(bits);
            let unicast = address.segments()[0] >> 13 == 1;
            prop_assert!(unicast || !wrapped(address).is_empty() || !is_global(address.into()));
        }

        /// The machine's own networks, whatever stands in the rest of the address.
        #[test]
        fn private_networks_are_never_global(bits: u32) {
            for (net, length) in [([10, 0, 0, 0], 8), ([127, 0, 0, 0], 8), ([192, 168, 0, 0], 16)] {
                let host = bits & (u32::MAX >> length);
                let address = Ipv4Addr::from_bits(Ipv4Addr::from(net).to_bits() | host);
                prop_assert!(!is_global(address.into()), "{}", address);
            }
        }
    }
}
