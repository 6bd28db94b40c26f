// One term of a fault plan: where something goes wrong, how often, and what; value and text.
// SPDX-License-Identifier: Apache-2.0
//
// The text form follows the action language of FreeBSD fail(9):
//
//   entersyscall_gcwait=10%sleep(50us)     one visit in ten sleeps 50 us
//   pidleget=0.5%3*fail                    one in two hundred fails, three times at most
//   retake_before_cas=nth(3)preempt        exactly the third visit
//   futex_spurious_wake=every(7)spurious   visits 7, 14, 21, ...
//
// A visit fires the term if the trigger matches, then the dice fall (probability), then the
// count is not used up. Blanks are not allowed inside a term.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace throwsplit::inject {

enum class Action : std::uint8_t {
#define ACTION(code, camel, name, argument, at, doc) k##camel = code,
#include "inject/fail_term.def"
};

// The set of actions a fault row obeys is a word of such bits; a code past 31 has no bit.
constexpr std::uint32_t action_bit(Action action) {
  const auto code = static_cast<std::uint32_t>(action);
  return code < 32 ? std::uint32_t{1} << code : 0;
}

enum class Fault : std::uint8_t {
#define FAULT(number, camel, name, actions, doc) k##camel = number,
#include "inject/fault.def"
};

// Two spaces of 256 numbers each: rows of points.def, and rows of fault.def.
enum class Where : std::uint8_t { kPoint = 0, kKernel = 1 };

enum class Trigger : std::uint8_t { kAlways = 0, kNth = 1, kEvery = 2 };

inline constexpr std::uint32_t kPpmMax = 1'000'000;
inline constexpr std::uint64_t kDurationNsMax = 100'000'000'000;
inline constexpr std::uint64_t kErrnoMax = 4095;
inline constexpr std::uint64_t kShortBytesMax = 4096;

struct FailTerm {
  Where where = Where::kPoint;
  std::uint8_t number = 0;
  std::uint32_t probability_ppm = kPpmMax;
  std::uint32_t count_max = 0;  // 0: as often as it comes
  Trigger trigger = Trigger::kAlways;
  std::uint32_t trigger_n = 0;  // 0 with kAlways, at least 1 otherwise
  Action action = Action::kOff;
  std::uint64_t argument = 0;  // ns, errno or bytes, as the action says; 0 where it takes none

  bool operator==(const FailTerm&) const = default;
};

// The nearest term that means something: what a reader of bytes makes of any field values. A known
// action at a place that cannot obey it becomes `off`; unknown codes and numbers are kept.
FailTerm folded(FailTerm term);
inline bool is_valid(const FailTerm& term) { return folded(term) == term; }

// How the numbers of points.def get their names here, since that table lives in runtime/hook. Any
// function may be empty: numbers then print as point_0x12, and only that spelling is understood.
struct PointNames {
  std::function<std::optional<std::uint8_t>(std::string_view)> number_of;
  std::function<std::string(std::uint8_t)> name_of;  // "" where there is no row
  std::function<std::vector<std::string>()> all;     // for "did you mean", on errors only
};

// Says where a text went wrong. Columns count bytes from 1.
struct TextError {
  std::size_t column = 0;
  std::string message;  // expected X, found Y

  bool operator==(const TextError&) const = default;
};

template <typename T>
using OrTextError = std::variant<T, TextError>;

// Reads the term that starts at text[at] and leaves `at` behind its last character.
OrTextError<FailTerm> parse_term(std::string_view text, std::size_t& at, const PointNames& names);

// Needs: is_valid(term). parse_term reads back the same value.
std::string print_term(const FailTerm& term, const PointNames& names);

// Rows for tables, help texts and mutators.
struct FaultRow {
  std::uint8_t number;
  std::string_view name;
  std::uint32_t actions;  // without off and fail, which every row obeys
  std::string_view doc;
};
struct ActionRow {
  Action action;
  std::string_view name;
  bool at_point;
  bool at_kernel;
  bool takes_argument;
  std::string_view doc;
};
std::span<const FaultRow> fault_rows();
std::span<const ActionRow> action_rows();

}  // namespace throwsplit::inject
