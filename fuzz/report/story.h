// The story of a recorded run: what each agent did, in words, in the order it took effect.
// SPDX-License-Identifier: Apache-2.0
//
// A recording says where a carrier stood; an access takes effect only when that carrier goes on. So
// the teller holds each access back until its carrier's next step, and knows by then what the
// others did in between: that is how it can say `reads gcwaiting = 0` although the recording has no
// values. Values are rebuilt from moves (statuses) and from who stores when (gcwaiting,
// sysmonwait).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fuzz/report/arrows.h"
#include "fuzz/run/run.h"

namespace throwsplit::fuzz {

struct StoryLine {
  uint64_t step = 0;
  int64_t now_ns = 0;
  uint32_t carrier = 0;
  std::string text;
  bool matters = false;  // shown without being asked for
};

// A carrier at the end.
struct Agent {
  std::string name;   // "M0", "sysmon", "M3"
  std::string waits;  // "in the kernel: read, until somebody writes"; "" when it could go on
  std::string doing;  // "about to read gcwaiting": the access it stands before; "" if there is none
};

struct Story {
  std::vector<StoryLine> lines;
  std::vector<Agent> agents;  // by carrier
  std::vector<Arrow> arrows;
  uint32_t sysmon = inject::kNobody;
};

// Needs: an outcome recorded with RunOptions::record.
Story tell(const Outcome& outcome, const Input& input);

}  // namespace throwsplit::fuzz
