// A fault plan: terms that say where things go wrong; a value with a text and a byte form.
// SPDX-License-Identifier: Apache-2.0
//
// Text, as in THROWSPLIT_INJECT: terms joined by ';', blanks allowed around each term.
//
//   entersyscall_gcwait=10%sleep(50us);pidleget=1%fail;retake_before_cas=nth(3)preempt
//
// Bytes, as in an input file: records of 24 bytes, little-endian,
//
//   0 where   1 number   2 action   3 trigger   4 probability_ppm   8 count_max   12 trigger_n
//   16 argument
//
// ended by the end of the bytes, or by kPlanEnd in the place of `where`. Any bytes are a plan:
// fields fold into range, a record cut short is none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inject/fail_term.h"
#include "inject/fail_term_words.h"

namespace throwsplit::inject {

inline constexpr std::size_t kPlanTermsMax = 64;
inline constexpr std::size_t kPlanTermBytes = 24;
inline constexpr std::uint8_t kPlanEnd = 0xff;

// Terms are tried in order; the first that fires at a visit decides.
struct Plan {
  std::vector<FailTerm> terms;

  bool operator==(const Plan&) const = default;
};

Plan folded(Plan plan);
inline bool is_valid(const Plan& plan) { return folded(plan) == plan; }

// Either the whole plan or what is wrong with it, never a part.
OrTextError<Plan> parse_plan(std::string_view text, const PointNames& names);

// Needs: is_valid(plan). parse_plan reads back the same value.
std::string print_plan(const Plan& plan, const PointNames& names);

// "THROWSPLIT_INJECT: column 23: expected an action, found 'slep' (did you mean 'sleep'?)"
std::string describe(const TextError& error, std::string_view source);

// How much of the bytes a plan took, and whether it is all that they say.
struct DecodedPlan {
  Plan plan;
  std::size_t bytes_read = 0;  // with kPlanEnd, where there is one
  bool is_cut = false;         // the last record was cut short
  bool is_over_limit = false;  // records past kPlanTermsMax were passed over
};
DecodedPlan decode_plan(std::span<const std::uint8_t> bytes);

// Appends the records, without kPlanEnd. Needs: is_valid(plan).
void encode_plan(const Plan& plan, std::vector<std::uint8_t>& bytes);

}  // namespace throwsplit::inject
