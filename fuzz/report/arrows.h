// Who made whom go on: the pairs of story lines that a reader must see as one.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace throwsplit::fuzz {

enum class ArrowKind : uint8_t {
  wake,     // a sleeping thread was woken, and this is the first it did
  handoff,  // a P was let go of by one thread and taken by another
  ready,    // a goroutine was made ready on one thread and runs on another
};
const char* arrow_name(ArrowKind kind);

struct Arrow {
  std::size_t from = 0;  // indexes of Story::lines; from < to
  std::size_t to = 0;
  ArrowKind kind = ArrowKind::wake;
};

// Collects ends and joins them when the other end comes. An end that nothing answers is no arrow; a
// second one before the answer takes the place of the first.
class ArrowBook {
 public:
  // The line told at `line` by `carrier` wakes `sleeper`.
  void wakes(std::size_t line, uint32_t sleeper) { wakes_[sleeper] = line; }
  void lets_go(std::size_t line, uint32_t carrier, uint32_t p) { p_left_[p] = {line, carrier}; }
  void takes(std::size_t line, uint32_t carrier, uint32_t p) {
    join(p_left_, p, line, carrier, ArrowKind::handoff);
  }
  void readies(std::size_t line, uint32_t carrier, uint32_t g) { ready_[g] = {line, carrier}; }
  void starts(std::size_t line, uint32_t carrier, uint32_t g) {
    join(ready_, g, line, carrier, ArrowKind::ready);
  }
  // Any line: to be told of after the others.
  void said(std::size_t line, uint32_t carrier);

  std::vector<Arrow> arrows() const;  // by where they begin

 private:
  struct End {
    std::size_t line = 0;
    uint32_t carrier = 0;
  };
  void join(std::map<uint32_t, End>& ends, uint32_t object, std::size_t line, uint32_t carrier,
            ArrowKind kind);

  std::map<uint32_t, std::size_t> wakes_;  // by the one woken
  std::map<uint32_t, End> p_left_, ready_;
  std::vector<Arrow> arrows_;
};

}  // namespace throwsplit::fuzz
