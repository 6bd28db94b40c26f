// Counts the goroutines that a run makes, as minimizing measures them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "inject/choice.h"
#include "runtime/trace/trace.h"

namespace throwsplit::fuzz {

class GoroutineCounter : public inject::Watcher {
 public:
  bool on_event(const inject::Step&, Event event, uint32_t, uint64_t) override {
    if (event == Event::go_create) created_++;
    return false;
  }
  // Without the guest's root.
  uint32_t count() const { return created_ == 0 ? 0 : created_ - 1; }

 private:
  uint32_t created_ = 0;
};

}  // namespace throwsplit::fuzz
