// The smaller programs that shrinking tries: without a goroutine, without ops, with lower numbers.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "fuzz/input/input.h"

namespace throwsplit::fuzz {

// Where an op stands.
struct OpPlace {
  size_t body;
  size_t op;
};
std::vector<OpPlace> places_of_ops(const Input& input);
std::vector<OpPlace> places_of_spawns(const Input& input);

// Without the ops at these places. Needs: in the order of places_of_ops.
Input without_ops(Input input, const std::vector<OpPlace>& places);

// Operands that name a goroutine past `number` name the one before it.
Input with_goroutine_gone(Input input, uint64_t number);

// Without bodies that nobody names; the others move up.
Input without_lonely_bodies(Input input);

// Lower values of one operand, the lowest first; none where the row has no such operand.
std::vector<uint64_t> lower_values(const Op& op, size_t operand);

}  // namespace throwsplit::fuzz
