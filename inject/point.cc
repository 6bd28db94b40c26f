// The names of injection points, for the text form of plans.
// SPDX-License-Identifier: Apache-2.0
#include "inject/point.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/hook/points.h"

namespace throwsplit::inject {

namespace {

std::optional<uint8_t> number_of(std::string_view name) {
  for (const PointRow& row : kPoints) {
    if (name == row.name) return static_cast<uint8_t>(row.point);
  }
  return std::nullopt;
}

std::string name_of(uint8_t number) {
  for (const PointRow& row : kPoints) {
    if (static_cast<uint16_t>(row.point) == number) return row.name;
  }
  return "";
}

std::vector<std::string> all() {
  std::vector<std::string> names;
  for (const PointRow& row : kPoints)
    names.emplace_back(row.name);
  return names;
}

}  // namespace

const PointNames& point_names() {
  static const PointNames names = {number_of, name_of, all};
  return names;
}

}  // namespace throwsplit::inject
