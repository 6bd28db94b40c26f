// The text form of an input, `.prog`: what people write, commit and read in reports.
// SPDX-License-Identifier: Apache-2.0
//
//   # A stop that begins while a call blocks must not wait for it.
//   expect pass
//   procs 2
//   rescues off
//   body main
//     spawn reader
//     stw 3
//   body reader
//     call 512
//       read fast pipe 0 bytes 16
//     ret
//   faults
//     entersyscall_gcwait=nth(3)preempt
//   schedule random seed 42
//     sysmonwait_window #3 -> m2
//     choices 00ff12
//
// A line is a comment, a setting (expect, procs, rescues, machines, stacks, checks,
// flags), the head of a section
// (body, faults, schedule) or a line of one. Indentation means nothing. `#` begins a comment at the
// start of a line, and behind a blank unless a digit follows it. The comment the file begins with
// is its title: the sentence of the idea. The printer keeps the title and drops other comments.
//
// Ops: the name, the mode (fast or block) if it has one, the operands. Two operands or more are
// each led by the word of their kind; one stands alone. Times have a unit (20us), goroutines a g
// (g0 is main), bodies a name or a number. A code without a name is op_0x77, likewise
// strategy_0x77, site_0x12, point_0x12, fault_0x12 and action_0x12.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fuzz/input/input.h"

namespace throwsplit::fuzz {

// How sites get their names here; the tables live in the runtime. Any function may be empty:
// numbers then print as site_0x12. A name that the text cannot carry (inject::is_name, and no word
// of the language) prints as a number too.
struct SiteNames {
  std::function<std::optional<std::uint16_t>(std::string_view)> number_of;
  std::function<std::string(std::uint16_t)> name_of;  // "" where there is none
  std::function<std::vector<std::string>()> all;      // for "did you mean", on errors only
  inject::PointNames points;                          // for the faults section
};

// A text and what it says beside the input.
struct Program {
  Input input;
  std::string title;                    // lines without '#', joined by '\n'
  std::string expect;                   // "", "pass", or "finding O3"
  std::vector<std::string> body_names;  // by body, "" for main and for numbered ones; may be short

  bool operator==(const Program&) const = default;
};

struct ProgramError {
  std::size_t line = 0;    // from 1
  std::size_t column = 0;  // bytes, from 1
  std::string message;     // expected X, found Y

  bool operator==(const ProgramError&) const = default;
};

// Either the whole program or the first thing that is wrong with it, never a part.
std::variant<Program, ProgramError> parse(std::string_view text, const SiteNames& names);

// "corpus/a.prog:3:7: expected ..."
std::string describe(const ProgramError& error, std::string_view path);

// Canonical: equal programs print equally, printing what was parsed from print's own text changes
// nothing, and parse(print(x)) has the input x. Needs: is_valid(input).
std::string print(const Program& program, const SiteNames& names);
std::string print(const Input& input, const SiteNames& names);

// Pieces of the text, for timelines and reports.
std::string print_op(const Op& op);
std::string print_site(std::uint16_t site, const SiteNames& names);
std::string print_strategy(Strategy strategy);

// "expect" may be followed by this.
bool is_expectation(std::string_view text);

// Words that begin a line other than an op's or a term's; no body and no site prints by such a
// name.
bool is_reserved_word(std::string_view word);

}  // namespace throwsplit::fuzz
