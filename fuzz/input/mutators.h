// The three mutators behind mutate(): each changes its own part once.
// SPDX-License-Identifier: Apache-2.0
//
// At most one argument of a call may throw the dice: compilers order arguments differently, and the
// same seed must give the same mutant with each.
#pragma once

#include <vector>

#include "fuzz/input/dice.h"
#include "fuzz/input/input.h"
#include "fuzz/input/mutate.h"

namespace throwsplit::fuzz {

void mutate_program(std::vector<Body>& bodies, Dice& dice, const Vocabulary& vocabulary);
void mutate_schedule(Schedule& schedule, Dice& dice, const Vocabulary& vocabulary);
void mutate_plan(inject::Plan& plan, Dice& dice, const Vocabulary& vocabulary);

}  // namespace throwsplit::fuzz
