// The smaller programs that shrinking tries: without a goroutine, without ops, with lower numbers.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/run/shrink_program.h"

#include <array>
#include <utility>

namespace throwsplit::fuzz {
namespace {

bool is_spawn(const Op& op) { return static_cast<OpCode>(op.code) == OpCode::kSpawn; }

// Calls fn(kind, value) for each operand of each op.
template <typename F>
void for_each_operand(Input& input, F&& fn) {
  for (Body& body : input.bodies) {
    for (Op& op : body.ops) {
      const OpRow* row = op_row(op.code);
      if (row == nullptr) continue;
      for (size_t i = 0; i < kOperandsMax; i++)
        fn(row->kinds[i], op.operand[i]);
    }
  }
}

}  // namespace

std::vector<OpPlace> places_of_ops(const Input& input) {
  std::vector<OpPlace> places;
  for (size_t body = 0; body < input.bodies.size(); body++) {
    for (size_t op = 0; op < input.bodies[body].ops.size(); op++)
      places.push_back({body, op});
  }
  return places;
}

std::vector<OpPlace> places_of_spawns(const Input& input) {
  std::vector<OpPlace> places = places_of_ops(input);
  std::erase_if(places, [&](const OpPlace& place) {
    return !is_spawn(input.bodies[place.body].ops[place.op]);
  });
  return places;
}

Input without_ops(Input input, const std::vector<OpPlace>& places) {
  // From the last on, so that the places of the others stay true.
  for (size_t i = places.size(); i-- > 0;) {
    auto& ops = input.bodies[places[i].body].ops;
    ops.erase(ops.begin() + static_cast<std::ptrdiff_t>(places[i].op));
  }
  return input;
}

Input with_goroutine_gone(Input input, uint64_t number) {
  for_each_operand(input, [&](OperandKind kind, uint64_t& value) {
    if (kind == OperandKind::kGoroutine && value > number) value--;
  });
  return input;
}

Input without_lonely_bodies(Input input) {
  for (size_t body = input.bodies.size(); body-- > 1;) {
    bool is_named = false;
    for_each_operand(input, [&](OperandKind kind, uint64_t& value) {
      if (kind == OperandKind::kBody && value == body) is_named = true;
    });
    if (is_named) continue;
    input.bodies.erase(input.bodies.begin() + static_cast<std::ptrdiff_t>(body));
    for_each_operand(input, [&](OperandKind kind, uint64_t& value) {
      if (kind == OperandKind::kBody && value > body) value--;
    });
  }
  return input;
}

std::vector<uint64_t> lower_values(const Op& op, size_t operand) {
  const OpRow* row = op_row(op.code);
  if (row == nullptr) return {};
  switch (row->kinds[operand]) {
    case OperandKind::kFrameBytes:
    case OperandKind::kNs:
    case OperandKind::kCount:
    case OperandKind::kBytes:      break;
    default:                       return {};  // names, not amounts
  }
  std::vector<uint64_t> values;
  for (uint64_t value : {uint64_t{0}, uint64_t{1}, op.operand[operand] / 2}) {
    if (value < op.operand[operand] && (values.empty() || value > values.back()))
      values.push_back(value);
  }
  return values;
}

}  // namespace throwsplit::fuzz
