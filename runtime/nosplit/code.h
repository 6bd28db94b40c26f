// What one function does to the stack: how deep it stands at each call, and what it checks.
// SPDX-License-Identifier: Apache-2.0
//
// Depth is counted in bytes below the place %rsp points at when the function is entered, which
// holds its return address. So a call at depth d enters its callee at d + 8.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/nosplit/image.h"

namespace throwsplit::nosplit {

inline constexpr int64_t kCallBytes = 8;

enum class Ground : uint8_t {
  own,      // the stack the function was entered on, at a known depth
  dynamic,  // that stack, but how deep is decided at run time
  other,    // %rsp was loaded from somewhere: another stack
};

enum class Way : uint8_t { call, tail };

struct CallSite {
  uint64_t at = 0;
  Way way = Way::call;
  Ground ground = Ground::own;
  int64_t depth = 0;      // before the return address is pushed
  Target target;          // unknown: an indirect call
  uint64_t argument = 0;  // the constant in %rdi, if there is one: an address
  bool landed = false;    // the stack pointer was loaded, and a return told how deep it is
};

enum class Oddity : uint8_t {
  undecodable,  // bytes that are no instruction
  unbalanced,   // returns with something left on the stack
  loop,         // deeper each time around
  outside,      // jumps to where no code is
  unwind,       // the unwind data tell another depth
};

struct Odd {
  Oddity what;
  uint64_t at = 0;
  int64_t depth = 0;     // as decoded
  int64_t expected = 0;  // of unwind
};

struct Code {
  bool checked = false;     // compares with the guard, and calls __morestack when it must
  int64_t checked_at = 0;   // bytes below entry that the comparison has made sure of
  int64_t deepest = 0;      // bytes below entry it reaches without a call
  uint64_t dynamic_at = 0;  // where its frame first depends on the run; 0: nowhere
  std::vector<CallSite> sites;
  std::vector<Odd> odd;
  uint64_t instructions = 0;
};

struct DecodeOptions {
  std::string_view morestack;  // empty: there are no checks
  uint32_t slot = 0;
  // Whether a call to it comes back.
  std::function<bool(const Target&)> returns = [](const Target&) { return true; };
};

// Decodes functions of one image. Time and memory are bounded: `exhausted` says that the file's
// code leads in circles and the rest was not looked at.
class Decoder {
 public:
  Decoder(const Image& image, DecodeOptions options);
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  Code decode(uint64_t begin, uint64_t end);
  // A look at the first bytes only: may this function begin with a check?
  bool may_be_checked(uint64_t begin) const;
  // Whether there is a way out of the code between: a return, or a jump that leaves it.
  bool has_way_out(uint64_t begin, uint64_t end);
  // Where a jump through a table of addresses leads: code that is `jmp *slot(%rip)`.
  Target follow_stub(uint64_t address);

  std::string_view morestack() const;
  bool exhausted() const;
  uint64_t instructions() const;

 private:
  struct Inside;
  Inside* inside_;
};

}  // namespace throwsplit::nosplit
