// Virtual time, and who waits for it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "inject/choice.h"

namespace throwsplit::inject {

class Clock {
 public:
  void reset(int64_t now_ns) {
    now_ns_ = now_ns;
    next_due_ns_ = INT64_MAX;
    next_ = kNobody;
    timed_ = 0;
  }
  int64_t now_ns() const { return now_ns_; }
  void pass(int64_t ns) { now_ns_ += ns; }
  // Time never runs back.
  void turn_to(int64_t ns) {
    if (ns > now_ns_) now_ns_ = ns;
  }

  uint64_t timed() const { return timed_; }
  // Who is due first (by time, then by number), and when; kNobody and INT64_MAX without anyone.
  uint32_t next() const { return next_; }
  int64_t next_due_ns() const { return next_due_ns_; }
  int64_t due_ns(uint32_t carrier) const { return due_ns_[carrier]; }
  bool someone_is_due() const { return now_ns_ >= next_due_ns_; }

  void add(uint32_t carrier, int64_t due_ns);
  void remove(uint32_t carrier);

 private:
  void find_next();

  int64_t now_ns_ = 0;
  int64_t next_due_ns_ = INT64_MAX;
  uint64_t timed_ = 0;
  uint32_t next_ = kNobody;
  int64_t due_ns_[kCarriersMax] = {};
};

}  // namespace throwsplit::inject
