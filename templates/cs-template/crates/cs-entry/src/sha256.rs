//! SHA-256 (FIPS 180-4), written for size: a launch hashes less than four kilobytes.

/// First 32 bits of the fractional parts of the cube roots of the first 64 primes.
#[rustfmt::skip]
const ROUND_CONSTANTS: [u32; 64] = [
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
];

/// First 32 bits of the fractional parts of the square roots of the first 8 primes.
#[rustfmt::skip]
const INITIAL_STATE: [u32; 8] = [
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];

/// Digest `message`.
#[inline]
#[must_use]
pub fn sha256(message: &[u8]) -> [u8; 32] {
    let mut state = INITIAL_STATE;
    let mut blocks = message.chunks_exact(64);
    for block in &mut blocks {
        compress(&mut state, block);
    }
    let done = message.len() - blocks.remainder().len();
    finish(state, done, message.len(), |position| {
        message.get(position).copied().unwrap_or(0)
    })
}

/// Digest `length` bytes that are not all in one place.
#[inline]
#[must_use]
pub fn sha256_of(length: usize, byte_at: impl Fn(usize) -> u8) -> [u8; 32] {
    finish(INITIAL_STATE, 0, length, byte_at)
}

/// Mix in what follows the `done` bytes, whole blocks of them, that are in `state`: the
/// rest of the message, a one bit, zeros, and the length in bits in the last 8 bytes.
#[inline]
fn finish(
    mut state: [u32; 8],
    done: usize,
    length: usize,
    byte_at: impl Fn(usize) -> u8,
) -> [u8; 32] {
    let bit_length = (length as u64).wrapping_mul(8).to_be_bytes();
    let end = (length + 8) / 64 * 64 + 64;
    for start in (done..end).step_by(64) {
        compress(
            &mut state,
            &core::array::from_fn::<u8, 64, _>(|offset| {
                let position = start + offset;
                match end - position {
                    _ if position < length => byte_at(position),
                    _ if position == length => 0x80,
                    from_end @ ..=8 => bit_length.get(8 - from_end).copied().unwrap_or(0),
                    _ => 0,
                }
            }),
        );
    }
    state_bytes(&state)
}

#[inline]
fn state_bytes(state: &[u32; 8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (bytes, word) in bytes.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    bytes
}

/// Mix one block of 64 bytes into the state.
#[inline]
fn compress(state: &mut [u32; 8], block: &[u8]) {
    let mut words = [0_u32; 16];
    for (word, bytes) in words.iter_mut().zip(block.as_chunks().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    for (round, constant) in ROUND_CONSTANTS.iter().enumerate() {
        if round >= 16 {
            let [w15, w2] = [words[(round + 1) % 16], words[(round + 14) % 16]];
            let s0 = w15.rotate_right(7) ^ w15.rotate_right(18) ^ (w15 >> 3);
            let s1 = w2.rotate_right(17) ^ w2.rotate_right(19) ^ (w2 >> 10);
            words[round % 16] = words[round % 16]
                .wrapping_add(s0)
                .wrapping_add(words[(round + 9) % 16])
                .wrapping_add(s1);
        }
        let s1 = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
        let choice = (e & f) ^ (!e & g);
        let t1 = h
            .wrapping_add(s1)
            .wrapping_add(choice)
            .wrapping_add(*constant)
            .wrapping_add(words[round % 16]);
        let s0 = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
        let majority = (a & b) ^ (a & c) ^ (b & c);
        (h, g, f, e, d, c, b, a) = (
            g,
            f,
            e,
            d.wrapping_add(t1),
            c,
            b,
            a,
            t1.wrapping_add(s0.wrapping_add(majority)),
        );
    }
    for (old, new) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
        *old = old.wrapping_add(new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(message: &[u8]) -> String {
        sha256(message)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    #[test]
    fn the_examples_of_fips_180_come_out() {
        assert_eq!(
            hex(b""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(
            hex(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(
            hex(b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        );
    }

    #[test]
    fn a_digest_does_not_depend_on_where_the_bytes_are() {
        for length in 0..200 {
            let message: Vec<u8> = (0..length).map(|byte| byte as u8).collect();
            assert_eq!(
                sha256_of(length, |position| position as u8),
                sha256(&message)
            );
        }
    }

    #[test]
    fn a_million_letters_come_out() {
        assert_eq!(
            hex(&vec![b'a'; 1_000_000]),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        );
    }
}
