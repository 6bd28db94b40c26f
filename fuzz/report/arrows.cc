// The joining of two ends of an arrow.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/report/arrows.h"

#include <algorithm>
#include <utility>

namespace throwsplit::fuzz {

const char* arrow_name(ArrowKind kind) {
  switch (kind) {
    case ArrowKind::wake:    return "wake";
    case ArrowKind::handoff: return "handoff";
    case ArrowKind::ready:   return "ready";
  }
  return "?";
}

void ArrowBook::join(std::map<uint32_t, End>& ends, uint32_t object, std::size_t line,
                     uint32_t carrier, ArrowKind kind) {
  const auto end = ends.find(object);
  if (end == ends.end()) return;
  // Within one thread the column itself tells the order.
  if (end->second.carrier != carrier) arrows_.push_back({end->second.line, line, kind});
  ends.erase(end);
}

void ArrowBook::said(std::size_t line, uint32_t carrier) {
  const auto wake = wakes_.find(carrier);
  if (wake == wakes_.end()) return;
  if (wake->second < line) {
    arrows_.push_back({wake->second, line, ArrowKind::wake});
    wakes_.erase(wake);
  }
}

std::vector<Arrow> ArrowBook::arrows() const {
  std::vector<Arrow> sorted = arrows_;
  std::ranges::sort(sorted, [](const Arrow& a, const Arrow& b) {
    return std::pair(a.from, a.to) < std::pair(b.from, b.to);
  });
  return sorted;
}

}  // namespace throwsplit::fuzz
