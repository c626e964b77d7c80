//! `getaddrinfo`: names as `cs_fetch::resolve` finds them.

use std::ffi::CStr;
use std::net::{IpAddr, SocketAddr, SocketAddrV4, SocketAddrV6};

use cs_fetch::resolve::lookup_blocking;
use libc::{addrinfo, c_char, c_int, sockaddr_in, sockaddr_in6};

/// One address in the list that callers get, with what it points to.
#[repr(C)]
struct Node {
    info: addrinfo,
    address: Address,
}

#[repr(C)]
union Address {
    four: sockaddr_in,
    six: sockaddr_in6,
}

/// The C library's function, as far as anybody here asks it: a host, and a port in digits or none.
///
/// # Safety
/// `host` and `service` are null or texts that end with a null byte; `hints` is null or
/// valid; `result` is valid for writes.
#[cfg_attr(target_feature = "crt-static", unsafe(no_mangle))]
unsafe extern "C" fn getaddrinfo(
    host: *const c_char,
    service: *const c_char,
    hints: *const addrinfo,
    result: *mut *mut addrinfo,
) -> c_int {
    // SAFETY: as the caller promises.
    let read = |text: *const c_char| (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) });
    // SAFETY: as the caller promises.
    let hints = unsafe { hints.as_ref() };
    let Some(host) = read(host).and_then(|host| host.to_str().ok()) else {
        return libc::EAI_NONAME;
    };
    let port = match read(service).map(CStr::to_str) {
        None => Some(0),
        Some(text) => text.ok().and_then(|text| text.parse().ok()),
    };
    let Some(port) = port else {
        return libc::EAI_SERVICE;
    };
    let found = match lookup_blocking(host) {
        Ok(found) => found,
        Err(error) if error.is_final() => return libc::EAI_NONAME,
        Err(_) => return libc::EAI_AGAIN,
    };
    let list = found
        .into_iter()
        .filter(|address| is_wanted(*address, hints))
        .rev()
        .fold(std::ptr::null_mut(), |next, address| {
            make_node(SocketAddr::new(address, port), hints, next)
        });
    if list.is_null() {
        return libc::EAI_NONAME;
    }
    // SAFETY: as the caller promises.
    unsafe { *result = list };
    0
}

/// Give a list back.
///
/// # Safety
/// `list` comes from [`getaddrinfo`] and is not used any more.
#[cfg_attr(target_feature = "crt-static", unsafe(no_mangle))]
unsafe extern "C" fn freeaddrinfo(mut list: *mut addrinfo) {
    while !list.is_null() {
        // SAFETY: each entry is the first member of a node that was made in a box.
        let node = unsafe { Box::from_raw(list.cast::<Node>()) };
        list = node.info.ai_next;
    }
}

fn is_wanted(address: IpAddr, hints: Option<&addrinfo>) -> bool {
    match hints.map_or(libc::AF_UNSPEC, |hints| hints.ai_family) {
        libc::AF_UNSPEC => true,
        libc::AF_INET => address.is_ipv4(),
        libc::AF_INET6 => address.is_ipv6(),
        _ => false,
    }
}

fn make_node(address: SocketAddr, hints: Option<&addrinfo>, next: *mut addrinfo) -> *mut addrinfo {
    // SAFETY: all zeros is a valid value of both.
    let mut node: Box<Node> = Box::new(unsafe { std::mem::zeroed() });
    let length = match address {
        SocketAddr::V4(address) => {
            node.address.four = convert_four(address);
            size_of::<sockaddr_in>()
        }
        SocketAddr::V6(address) => {
            node.address.six = convert_six(address);
            size_of::<sockaddr_in6>()
        }
    };
    node.info.ai_family = match address {
        SocketAddr::V4(_) => libc::AF_INET,
        SocketAddr::V6(_) => libc::AF_INET6,
    };
    node.info.ai_socktype = hints.map_or(libc::SOCK_STREAM, |hints| hints.ai_socktype);
    node.info.ai_protocol = hints.map_or(0, |hints| hints.ai_protocol);
    node.info.ai_addrlen = length as libc::socklen_t;
    node.info.ai_next = next;
    let node = Box::into_raw(node);
    // SAFETY: the node stays where it is until it is freed.
    unsafe {
        (*node).info.ai_addr = (&raw mut (*node).address).cast();
    }
    node.cast()
}

fn convert_four(address: SocketAddrV4) -> sockaddr_in {
    sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: address.port().to_be(),
        sin_addr: libc::in_addr {
            s_addr: u32::from_ne_bytes(address.ip().octets()),
        },
        sin_zero: [0; 8],
    }
}

fn convert_six(address: SocketAddrV6) -> sockaddr_in6 {
    sockaddr_in6 {
        sin6_family: libc::AF_INET6 as libc::sa_family_t,
        sin6_port: address.port().to_be(),
        sin6_flowinfo: 0,
        sin6_addr: libc::in6_addr {
            s6_addr: address.ip().octets(),
        },
        sin6_scope_id: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CString;

    /// Ask, and read the list as the standard library does.
    fn ask(host: &str, service: Option<&str>, family: c_int) -> Result<Vec<SocketAddr>, c_int> {
        let host = CString::new(host).unwrap();
        let service = service.map(|service| CString::new(service).unwrap());
        // SAFETY: all zeros is a valid value.
        let mut hints: addrinfo = unsafe { std::mem::zeroed() };
        (hints.ai_family, hints.ai_socktype) = (family, libc::SOCK_STREAM);
        let mut list = std::ptr::null_mut();
        let service = service
            .as_ref()
            .map_or(std::ptr::null(), |service| service.as_ptr());
        // SAFETY: the texts end with null bytes, and live on.
        let status = unsafe { getaddrinfo(host.as_ptr(), service, &hints, &mut list) };
        if status != 0 {
            return Err(status);
        }
        let mut found = Vec::new();
        let mut node = list;
        // SAFETY: the list's entries live until it is freed.
        while let Some(info) = unsafe { node.as_ref() } {
            assert_eq!(info.ai_socktype, libc::SOCK_STREAM);
            found.push(read_address(info));
            node = info.ai_next;
        }
        // SAFETY: it comes from there, and is not used any more.
        unsafe { freeaddrinfo(list) };
        Ok(found)
    }

    fn read_address(info: &addrinfo) -> SocketAddr {
        if info.ai_family == libc::AF_INET {
            // SAFETY: such an entry points to this kind of address.
            let four = unsafe { &*info.ai_addr.cast::<sockaddr_in>() };
            let address = four.sin_addr.s_addr.to_ne_bytes();
            return (address, u16::from_be(four.sin_port)).into();
        }
        // SAFETY: there are two kinds.
        let six = unsafe { &*info.ai_addr.cast::<sockaddr_in6>() };
        (six.sin6_addr.s6_addr, u16::from_be(six.sin6_port)).into()
    }

    #[test]
    fn addresses_come_in_the_form_that_callers_of_the_c_library_read() {
        let four: SocketAddr = "10.1.2.3:80".parse().unwrap();
        let six: SocketAddr = "[fd00::1]:80".parse().unwrap();
        assert_eq!(ask("10.1.2.3", Some("80"), libc::AF_UNSPEC), Ok(vec![four]));
        assert_eq!(ask("fd00::1", Some("80"), libc::AF_INET6), Ok(vec![six]));
        assert_eq!(ask("fd00::1", None, libc::AF_INET), Err(libc::EAI_NONAME));
        assert_eq!(
            ask("10.1.2.3", Some("http"), libc::AF_INET),
            Err(libc::EAI_SERVICE)
        );
        assert_eq!(ask("no..name", None, libc::AF_INET), Err(libc::EAI_NONAME));
        let local = ask("localhost", None, libc::AF_INET).unwrap();
        assert!(local.iter().all(|address| address.ip().is_loopback()) && !local.is_empty());
    }
}
