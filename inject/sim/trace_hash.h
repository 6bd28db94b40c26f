// The rolling hash of a run: equal hashes, equal runs.
// SPDX-License-Identifier: Apache-2.0
//
// Fed with sites, carriers, object numbers, times and results: never with an address, and never
// with anything that a compiler or a sanitizer decides.
#pragma once

#include <cstdint>

#include "runtime/hook/points.h"

namespace throwsplit::inject {

class TraceHash {
 public:
  void reset() { hash_ = UINT64_C(0x9e3779b97f4a7c15); }
  void mix(uint64_t word) {
    hash_ = ((hash_ << 23 | hash_ >> 41) ^ word) * UINT64_C(0xa0761d6478bd642f);
  }
  void mix_step(Site site, uint32_t carrier, uint32_t object) {
    mix(uint64_t{object} << 32 | uint64_t{carrier} << 16 | site);
  }
  uint64_t value() const { return hash_ ^ hash_ >> 32; }

 private:
  uint64_t hash_ = 0;
};

// A dense number for a site, for arrays indexed by site: 4 ranges of 1024.
inline constexpr uint32_t kSiteIndexes = 4096;
constexpr uint32_t site_index(Site site) {
  constexpr uint64_t kRange = UINT64_C(1) << 2 | UINT64_C(2) << 8 | UINT64_C(3) << 16;
  return static_cast<uint32_t>(kRange >> (site >> 12) * 2 & 3) << 10 | (site & 0x3ff);
}
static_assert(site_index(kPointSites) == 0 && site_index(kAccessSites) == 1024 &&
              site_index(kCallSites) == 2048 && site_index(kEventSites) == 3072);

}  // namespace throwsplit::inject
