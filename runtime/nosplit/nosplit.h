// The stack-budget checker: proves of a finished binary that unchecked code fits into the reserve.
// SPDX-License-Identifier: Apache-2.0
//
// The compiler checks the stack at the entry of ordinary functions; nosplit ones, assembly and
// foreign code run on trust below the guard. What they may use together is a budget, and this adds
// up whether each chain of calls keeps to it: docs/nosplit.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "runtime/nosplit/rules.h"

namespace throwsplit::nosplit {

enum class Kind : uint8_t {
  over,         // a chain exceeds its budget
  split,        // from a root, a checked function is reached
  indirect,     // a call by register or memory, and no rule says where to
  dynamic,      // a frame whose size the run decides, and no rule says how large
  recursion,    // a cycle, and no rule cuts it
  unlisted,     // another file's function, without a figure
  unmeasured,   // a function that must have a figure, and has none
  other_stack,  // goes on on another stack, and no rule says so
  odd,          // code that cannot be followed, or contradicts its unwind data
  missing,      // a root of the rules that the file does not have
};
const char* kind_name(Kind kind);

// One function of a chain.
struct Step {
  std::string function;
  uint64_t offset = 0;  // of the call that goes on, from the function's beginning
  int64_t bytes = 0;    // it adds, with the return address of that call
  int64_t total = 0;    // up to the entry of the next
  std::string note;     // where the figure is not of its code
};

struct Chain {
  std::vector<Step> steps;
  int64_t bytes = 0;
  int64_t limit = 0;
  std::string limit_name;

  int64_t headroom() const { return limit - bytes; }
};

struct Finding {
  Kind kind;
  std::string text;   // one line, with the functions
  Chain chain;        // how it is reached; of `over`, the whole of it
  size_t others = 0;  // more starts that come to the same end
};

// A walked function and the deepest chain below its entry, without its own return address.
struct Measured {
  std::string function;
  std::string symbol;
  int64_t bytes = 0;     // of chains of unchecked code
  int64_t check = -1;    // of chains that end in a check; -1: there are none
  int64_t reserve = -1;  // of chains that have the whole reserve; -1: there are none
};

struct Report {
  std::vector<Finding> findings;
  std::vector<Chain> deepest;  // from roots, then from checked code: least headroom first
  std::vector<Measured> measured;
  size_t roots = 0;
  size_t checked = 0;
  size_t walked = 0;
  uint64_t instructions = 0;
  uint64_t code_bytes = 0;
};

inline constexpr size_t kChainsShown = 10;

// The report, or why there is none: in one line, what is wrong with the file or the rules.
std::variant<Report, std::string> check(std::span<const uint8_t> elf, const Rules& rules);
// The same for a file, whose name then begins the line.
std::variant<Report, std::string> check_file(const std::string& path, const Rules& rules);

std::string report_text(const Report& report, const std::string& file);
std::string report_json(const Report& report, const std::string& file);

}  // namespace throwsplit::nosplit
