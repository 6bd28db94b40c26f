// Mutation of a program: ops come, go, move and change; bodies come and go.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "fuzz/input/bytes.h"
#include "fuzz/input/mutators.h"

namespace throwsplit::fuzz {
namespace {

using Ops = std::vector<Op>;

constexpr std::uint8_t code_of(OpCode code) { return static_cast<std::uint8_t>(code); }

std::ptrdiff_t offset(std::size_t index) { return static_cast<std::ptrdiff_t>(index); }

// As a random byte string would be read: small and round values most of the time.
std::uint64_t random_operand(OperandKind kind, Dice& dice) {
  const std::uint8_t bytes[] = {dice.byte(), dice.byte(), dice.byte(), dice.byte(), dice.byte()};
  ByteReader reader(bytes);
  return decode_operand(kind, reader);
}

Op random_op(Dice& dice, const Vocabulary& vocabulary) {
  const auto rows = op_rows();
  for (;;) {
    const OpRow& row = rows[dice.below(rows.size())];
    if (row.needs == Needs::kMapped && !vocabulary.mapped) continue;
    if (row.needs == Needs::kGc && !vocabulary.gc) continue;
    Op op;
    op.code = row.code;
    for (std::size_t i = 0; i < kOperandsMax; i++) {
      op.operand[i] = random_operand(row.kinds[i], dice);
    }
    return op;
  }
}

void insert_op(Ops& ops, Dice& dice, const Vocabulary& vocabulary) {
  const std::size_t at = dice.below(ops.size() + 1);
  ops.insert(ops.begin() + offset(at), random_op(dice, vocabulary));
}

// One operand: a fresh value, or one near the old, or its double or half.
void change_operand(Op& op, Dice& dice) {
  const OpRow* row = op_row(op.code);
  if (row == nullptr) return;
  const auto count = static_cast<std::size_t>(std::ranges::count_if(
      row->kinds, [](OperandKind kind) { return kind != OperandKind::kNone; }));
  if (count == 0) return;
  const std::size_t i = dice.below(count);
  const OperandKind kind = row->kinds[i];
  const std::uint64_t max = operand_max(kind);
  std::uint64_t& value = op.operand[i];
  switch (dice.below(4)) {
    case 0:  value = fold_operand(kind, value + 1 + dice.below(8)); break;
    case 1:  value -= std::min(value, 1 + dice.below(8)); break;
    case 2:  value = dice.one_in(2) ? std::min(value * 2, max) : value / 2; break;
    default: value = random_operand(kind, dice); break;
  }
}

// A stretch of ops is doubled in place, cut out, or moved.
void move_stretch(Ops& ops, Dice& dice) {
  const std::size_t first = dice.below(ops.size());
  const std::size_t count = 1 + dice.below(std::min<std::size_t>(ops.size() - first, 8));
  const Ops stretch(ops.begin() + offset(first), ops.begin() + offset(first + count));
  const std::uint64_t way = dice.below(3);
  if (way != 0) ops.erase(ops.begin() + offset(first), ops.begin() + offset(first + count));
  if (way == 1) return;
  const std::size_t to = way == 0 ? first : dice.below(ops.size() + 1);
  ops.insert(ops.begin() + offset(to), stretch.begin(), stretch.end());
}

void wrap_in_call(Ops& ops, Dice& dice) {
  const std::size_t first = dice.below(ops.size() + 1);
  const std::size_t last = first + dice.below(ops.size() - first + 1);
  Op call;
  call.code = code_of(OpCode::kCall);
  call.operand[0] = random_operand(OperandKind::kFrameBytes, dice);
  Op ret;
  ret.code = code_of(OpCode::kRet);
  ops.insert(ops.begin() + offset(last), ret);
  ops.insert(ops.begin() + offset(first), call);
}

// A new body, and somebody who spawns it.
void add_body(std::vector<Body>& bodies, Dice& dice, const Vocabulary& vocabulary) {
  if (bodies.size() == kBodiesMax) return;
  Op spawn;
  spawn.code = code_of(OpCode::kSpawn);
  spawn.operand[0] = bodies.size();
  Ops& spawner = bodies[dice.below(bodies.size())].ops;
  spawner.insert(spawner.begin() + offset(dice.below(spawner.size() + 1)), spawn);
  Body body;
  if (dice.one_in(2)) {
    body = bodies[dice.below(bodies.size())];
  } else {
    for (std::uint64_t i = 1 + dice.below(4); i > 0; i--) {
      body.ops.push_back(random_op(dice, vocabulary));
    }
  }
  bodies.push_back(std::move(body));
}

bool spawns(const Body& body, std::size_t bodies) {
  return std::ranges::any_of(body.ops, [&](const Op& op) {
    return op.code == code_of(OpCode::kSpawn) && op.operand[0] < bodies;
  });
}

// Gives main somebody to run beside it: a body that is there, or one more.
void add_company(std::vector<Body>& bodies, Dice& dice, const Vocabulary& vocabulary) {
  if (bodies.size() == 1) {
    Body body;
    for (std::uint64_t i = 1 + dice.below(4); i > 0; i--)
      body.ops.push_back(random_op(dice, vocabulary));
    bodies.push_back(std::move(body));
  }
  Op spawn;
  spawn.code = code_of(OpCode::kSpawn);
  spawn.operand[0] = 1 + dice.below(bodies.size() - 1);
  Ops& main = bodies[0].ops;
  // Early, so that the two of them meet.
  main.insert(main.begin() + offset(dice.below(std::min<std::size_t>(main.size(), 2) + 1)), spawn);
}

void change_program(std::vector<Body>& bodies, Dice& dice, const Vocabulary& vocabulary) {
  Ops& ops = bodies[dice.below(bodies.size())].ops;
  if (ops.empty()) return insert_op(ops, dice, vocabulary);
  Op& op = ops[dice.below(ops.size())];
  switch (dice.below(16)) {
    case 0:
    case 1:
    case 2:  insert_op(ops, dice, vocabulary); break;
    case 3:
    case 4:  ops.erase(ops.begin() + offset(dice.below(ops.size()))); break;
    case 5:
    case 6:  op = random_op(dice, vocabulary); break;
    case 7:
    case 8:
    case 9:  change_operand(op, dice); break;
    case 10:
    case 11: move_stretch(ops, dice); break;
    case 12: std::swap(op, ops[dice.below(ops.size())]); break;
    case 13: wrap_in_call(ops, dice); break;
    case 14: add_body(bodies, dice, vocabulary); break;
    default:
      if (bodies.size() > 1) bodies.pop_back();
      break;
  }
}

}  // namespace

void mutate_program(std::vector<Body>& bodies, Dice& dice, const Vocabulary& vocabulary) {
  change_program(bodies, dice, vocabulary);
  const bool alone = !spawns(bodies[0], bodies.size());
  if (alone && !dice.one_in(8)) add_company(bodies, dice, vocabulary);
}

}  // namespace throwsplit::fuzz
