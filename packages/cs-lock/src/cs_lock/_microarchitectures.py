"""Which level of the x86-64 architecture a microarchitecture has, by archspec's names.

``__archspec 1 zen4`` asks for a Zen 4. Every Zen 4 has the fourth level, so a machine without that level is not one.
Names that are not here imply nothing.
"""

from __future__ import annotations

from types import MappingProxyType

_BY_LEVEL = {
    1: "x86_64 nocona core2 k10",
    2: "x86_64_v2 nehalem westmere sandybridge ivybridge bulldozer piledriver steamroller",
    3: "x86_64_v3 haswell broadwell skylake mic_knl alderlake arrowlake arrowlake_s excavator zen zen2 zen3",
    4: "x86_64_v4 skylake_avx512 cannonlake cascadelake icelake sapphirerapids zen4 zen5 zen6",
}

X86_64_LEVELS = MappingProxyType({name: level for level, names in _BY_LEVEL.items() for name in names.split()})
"""The level of each microarchitecture of the family x86-64: 1 to 4."""
