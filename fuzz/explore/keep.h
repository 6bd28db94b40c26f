// The strategy under all others: whoever runs keeps running until it cannot.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inject/choice.h"

namespace throwsplit::fuzz {

class Keep : public inject::Choice {
 public:
  uint32_t choose(const inject::Menu& menu) override { return inject::keep_running(menu); }
};

}  // namespace throwsplit::fuzz
