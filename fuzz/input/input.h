// What a run is given: a configuration, a program, a fault plan, a schedule. A value.
// SPDX-License-Identifier: Apache-2.0
//
// Three forms say the same thing and convert without loss: this value, its bytes (decode.h,
// encode.h), its text (text.h). All three know only valid inputs: within the limits below, operands
// in range.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "fuzz/input/op.h"
#include "fuzz/input/operand.h"
#include "inject/plan.h"

namespace throwsplit::fuzz {

inline constexpr std::size_t kOpsMax = 256;  // in all bodies together
inline constexpr std::size_t kRowsMax = 256;
inline constexpr std::size_t kChoiceBytesMax = 65'536;
inline constexpr std::uint32_t kProcsMax = 8;
inline constexpr std::uint32_t kMachinesMax = 64;
// Bytes that end a body and the whole program; no op may have them.
inline constexpr std::uint8_t kBodyBreak = 0xff;
inline constexpr std::uint8_t kProgramEnd = 0xfe;

enum ConfigFlag : std::uint32_t {
  // No root goroutine closes pipes and wakes who parks: a program may end in a deadlock, and the
  // runtime has to say so.
  kFlagNoReaper = 1,
  // The program's goroutines run on mapped stacks: they begin with 2 KiB and move.
  kFlagMapped = 1 << 16,
  // At every check of mapped code the stack moves, whether it must or not.
  kFlagMoveAtChecks = 1 << 17,
  // At every check the goroutine gives way.
  kFlagPreemptAtChecks = 1 << 19,
};
// What the text form has words for. No file of version 1 that was kept for ever has one of these.
inline constexpr std::uint32_t kFlagsWithWords =
    kFlagMapped | kFlagMoveAtChecks | kFlagPreemptAtChecks;

struct Config {
  std::uint8_t procs = 2;    // Ps, 1 to kProcsMax
  bool rescues = true;       // off: what only hides a lost wake-up behind a time-out is off
  std::uint8_t max_ms = 64;  // Ms (threads, not milliseconds), 1 to kMachinesMax
  std::uint32_t flags = 0;   // bits of ConfigFlag; the others have no meaning yet

  bool operator==(const Config&) const = default;
};

struct Body {
  std::vector<Op> ops;

  bool operator==(const Body&) const = default;
};

enum class Strategy : std::uint8_t {
#define STRATEGY(number, camel, name, doc) k##camel = number,
#include "fuzz/input/strategy.def"
};

struct StrategyRow {
  Strategy strategy;
  std::string_view name;
  std::string_view doc;
};
std::span<const StrategyRow> strategy_rows();

// At the occurrence-th visit of the site (counted from 1), this carrier runs next.
struct ScheduleRow {
  std::uint16_t site = 0;
  std::uint32_t occurrence = 1;
  std::uint8_t carrier = 0;

  bool operator==(const ScheduleRow&) const = default;
};

struct Schedule {
  std::vector<ScheduleRow> rows;        // where two name one visit, the first counts
  Strategy strategy = Strategy::kKeep;  // any byte; one without a row runs as kKeep
  std::uint64_t seed = 0;
  std::vector<std::uint8_t> choice_bytes;  // eaten by Strategy::kBytes

  bool operator==(const Schedule&) const = default;
};

struct Input {
  Config config;
  std::vector<Body> bodies = std::vector<Body>(1);  // 1 to kBodiesMax; body 0 is main
  inject::Plan plan;
  Schedule schedule;

  bool operator==(const Input&) const = default;
};

// The nearest valid input: ranges folded, what is past a limit dropped, kBodyBreak and kProgramEnd
// become nops.
Op folded(Op op);
Input folded(Input input);
bool is_valid(const Input& input);

std::size_t op_count(const Input& input);

}  // namespace throwsplit::fuzz
