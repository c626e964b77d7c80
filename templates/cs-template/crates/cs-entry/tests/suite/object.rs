//! What must not be in the entry's machine code, looked up in the object file.

use crate::support;
use std::collections::BTreeSet;

/// Relocations that compute a distance within the file, so that no address is needed: on x86-64 `PC32`, `PLT32`; on
/// arm64 `PREL32`, the page-relative address pair, jumps, calls, and low bits of loads and stores.
const DISTANCES: &[u32] = if cfg!(target_arch = "x86_64") {
    &[2, 4]
} else {
    &[261, 275, 277, 278, 282, 283, 284, 285, 286, 299]
};
const SYMBOL_TABLE: u32 = 2;
const RELOCATIONS: u32 = 4;

/// One ELF section: name, type, bytes.
struct Section {
    name: String,
    kind: u32,
    bytes: Vec<u8>,
}

fn number(bytes: &[u8], offset: usize, length: usize) -> usize {
    let mut wide = [0; 8];
    wide[..length].copy_from_slice(&bytes[offset..offset + length]);
    u64::from_le_bytes(wide) as usize
}

fn string(bytes: &[u8], offset: usize) -> String {
    let end = bytes[offset..]
        .iter()
        .position(|byte| *byte == 0)
        .expect("strings end");
    String::from_utf8_lossy(&bytes[offset..offset + end]).into_owned()
}

fn read_sections(object: &[u8]) -> Vec<Section> {
    let table = number(object, 40, 8);
    let entry = |index: usize| &object[table + index * 64..][..64];
    let content = |entry: &[u8]| match number(entry, 4, 4) as u32 {
        8 => Vec::new(),
        _ => object[number(entry, 24, 8)..][..number(entry, 32, 8)].to_vec(),
    };
    let names = content(entry(number(object, 62, 2)));
    (0..number(object, 60, 2))
        .map(|index| Section {
            name: string(&names, number(entry(index), 0, 4)),
            kind: number(entry(index), 4, 4) as u32,
            bytes: content(entry(index)),
        })
        .collect()
}

fn compiled_entry(opt_level: &str) -> Vec<Section> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let object = directory.path().join("entry.o");
    let level = format!("opt-level={opt_level}");
    support::compile(
        "src/lib.rs",
        &object,
        &["--crate-type", "lib", "--emit", "obj", "-C", &level],
    );
    read_sections(&std::fs::read(object).expect("rustc wrote the object"))
}

#[test]
fn nothing_outside_is_called_but_the_c_librarys_start() {
    for level in ["s", "3"] {
        let sections = compiled_entry(level);
        let names = sections
            .iter()
            .find(|section| section.name == ".strtab")
            .expect("names of symbols");
        let symbols = sections
            .iter()
            .find(|section| section.kind == SYMBOL_TABLE)
            .expect("symbols");
        let undefined: BTreeSet<String> = symbols
            .bytes
            .chunks_exact(24)
            .skip(1)
            .filter(|symbol| number(symbol, 6, 2) == 0)
            .map(|symbol| string(&names.bytes, number(symbol, 0, 4)))
            .collect();
        assert_eq!(
            undefined,
            BTreeSet::from(["_start".to_owned()]),
            "at opt-level {level}"
        );
    }
}

#[test]
fn no_address_is_needed_before_relocation() {
    for level in ["s", "3"] {
        for section in compiled_entry(level) {
            // Unwind tables and debug information are not read by the entry.
            let is_loaded_by_entry = section.kind == RELOCATIONS
                && ![".rela.eh_frame", ".rela.debug"]
                    .iter()
                    .any(|start| section.name.starts_with(start));
            if !is_loaded_by_entry {
                continue;
            }
            let kinds = section
                .bytes
                .chunks_exact(24)
                .map(|relocation| number(relocation, 8, 4) as u32);
            let unfit: Vec<u32> = kinds.filter(|kind| !DISTANCES.contains(kind)).collect();
            assert_eq!(unfit, [], "in {} at opt-level {level}", section.name);
        }
    }
}
