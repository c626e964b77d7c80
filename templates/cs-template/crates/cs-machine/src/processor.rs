//! Which level of the x86-64 architecture does the processor have?

use crate::found::Found;

/// Read `x86_64` or `x86_64_v3`, as archspec names the levels.
pub fn parse_level(name: &str) -> Option<u8> {
    match name {
        "x86_64" => Some(1),
        "x86_64_v2" => Some(2),
        "x86_64_v3" => Some(3),
        "x86_64_v4" => Some(4),
        _ => None,
    }
}

/// Find the level of this processor, of what the system lets programs use.
#[cfg(target_arch = "x86_64")]
pub fn detect() -> Found {
    let levels = [
        true,
        is_x86_feature_detected!("sse3")
            && is_x86_feature_detected!("ssse3")
            && is_x86_feature_detected!("sse4.1")
            && is_x86_feature_detected!("sse4.2")
            && is_x86_feature_detected!("popcnt")
            && is_x86_feature_detected!("cmpxchg16b"),
        is_x86_feature_detected!("avx")
            && is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("f16c")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("movbe"),
        is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512cd")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl"),
    ];
    let level = levels.iter().take_while(|has| **has).count();
    Found::Level(u8::try_from(level).unwrap_or(1))
}

/// Other processors have no such levels.
#[cfg(not(target_arch = "x86_64"))]
pub fn detect() -> Found {
    Found::Unknown
}

#[cfg(all(test, target_arch = "x86_64", target_os = "linux"))]
mod tests {
    use super::*;

    /// The kernel's names of what each level adds.
    const FLAGS: [&[&str]; 4] = [
        &["sse2"],
        &["pni", "ssse3", "sse4_1", "sse4_2", "popcnt", "cx16"],
        &["avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe"],
        &["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"],
    ];

    #[test]
    fn the_level_is_the_one_that_the_kernel_lists_the_features_of() {
        let text = std::fs::read_to_string("/proc/cpuinfo").unwrap();
        let line = text.lines().find(|line| line.starts_with("flags")).unwrap();
        let has: Vec<&str> = line.split_whitespace().collect();
        let level = FLAGS
            .iter()
            .take_while(|flags| flags.iter().all(|flag| has.contains(flag)))
            .count();
        assert_eq!(detect(), Found::Level(u8::try_from(level).unwrap()));
    }
}
