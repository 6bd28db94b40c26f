// What a project tells the checker: budgets, roots, and what code alone does not show.
// SPDX-License-Identifier: Apache-2.0
//
// A text, one fact a line, each with its reason:
//
//     # a comment
//     limit nosplit 2048 -- why this many
//     root main_loop -- what may not happen from here on
//
// docs/nosplit.md lists the words. A pattern is a name of a symbol, or its path in the source
// (throwsplit::plain::casgstatus), in which `*` stands for any text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace throwsplit::nosplit {

// A number of bytes, or the name of a symbol of the file under test that says it.
struct Bytes {
  int64_t value = 0;
  std::string symbol;  // a pattern; empty: `value` is it
};

enum class Word : uint8_t {
  check,     // check SYMBOL SLOT: who is called by a tripped check; the slot, relative to %fs
  limit,     // limit nosplit|check|small|reserve|system BYTES
  ours,      // ours PATTERN: unchecked functions of these names are walked, whoever calls them
  theirs,    // theirs PATTERN: not ours after all
  root,      // root PATTERN [LIMIT]: from here on no check may be met
  hop,       // hop PATTERN: goes on on the system stack with the function in %rdi, if any
  leaf,      // leaf PATTERN BYTES: not looked into; takes so much
  last,      // last PATTERN BYTES: the same, and its chains have the whole reserve
  measured,  // measured PATTERN: may not be met without a leaf or a last
  foreign,   // foreign BYTES: what checked code calls and is not ours takes so much, at most
  frame,     // frame PATTERN BYTES: the largest frame of a function that sizes it at run time
  calls,     // calls PATTERN TARGET...: what its indirect calls lead to; `checked`: only checked
  edge,      // edge PATTERN PATTERN BYTES: this call is not followed and takes so much
  noreturn,  // noreturn PATTERN
};

enum class Limit : uint8_t {
  nosplit,  // a chain of unchecked code
  check,    // a check that tripped: what is called then
  small,    // how far below the guard checked code may stand without knowing
  reserve,  // all that is below
  system,   // the system stack
};
inline constexpr int kLimits = 5;
const char* limit_name(Limit limit);

struct Rule {
  Word word;
  Limit limit = Limit::nosplit;
  std::string pattern;
  std::vector<std::string> targets;  // of calls and edge
  Bytes bytes;
  uint32_t slot = 0;  // of check
  std::string reason;
  uint32_t line = 0;
};

struct Rules {
  std::string file;
  std::vector<Rule> rules;

  const Rule* first(Word word) const;
};

// "file:line: what is wrong".
std::variant<Rules, std::string> parse_rules(std::string_view text, const std::string& file);

// The rules of this project's own runtime.
std::string_view own_rules();

}  // namespace throwsplit::nosplit
