// What a run is given: the limits, kept.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/input/input.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace throwsplit::fuzz {
namespace {

constexpr StrategyRow kStrategies[] = {
#define STRATEGY(number, camel, name, doc) {Strategy{number}, name, doc},
#include "fuzz/input/strategy.def"
};

// 1 to max, as itself.
std::uint8_t fold_from_one(std::uint8_t value, std::uint32_t max) {
  return static_cast<std::uint8_t>((value + max - 1) % max + 1);
}

}  // namespace

std::span<const StrategyRow> strategy_rows() { return kStrategies; }

Op folded(Op op) {
  if (op.code == kBodyBreak || op.code == kProgramEnd) return Op{};
  const OpRow* row = op_row(op.code);
  for (std::size_t i = 0; i < kOperandsMax; i++) {
    op.operand[i] = row == nullptr ? 0 : fold_operand(row->kinds[i], op.operand[i]);
  }
  return op;
}

Input folded(Input input) {
  input.config.procs = fold_from_one(input.config.procs, kProcsMax);
  input.config.max_ms = fold_from_one(input.config.max_ms, kMachinesMax);
  input.bodies.resize(std::clamp<std::size_t>(input.bodies.size(), 1, kBodiesMax));
  std::size_t ops_left = kOpsMax;
  for (Body& body : input.bodies) {
    if (body.ops.size() > ops_left) body.ops.resize(ops_left);
    ops_left -= body.ops.size();
    for (Op& op : body.ops)
      op = folded(op);
  }
  input.plan = inject::folded(std::move(input.plan));
  Schedule& schedule = input.schedule;
  if (schedule.rows.size() > kRowsMax) schedule.rows.resize(kRowsMax);
  for (ScheduleRow& row : schedule.rows)
    row.occurrence = std::max(row.occurrence, 1u);
  if (schedule.choice_bytes.size() > kChoiceBytesMax) schedule.choice_bytes.resize(kChoiceBytesMax);
  return input;
}

bool is_valid(const Input& input) { return folded(input) == input; }

std::size_t op_count(const Input& input) {
  std::size_t count = 0;
  for (const Body& body : input.bodies)
    count += body.ops.size();
  return count;
}

}  // namespace throwsplit::fuzz
