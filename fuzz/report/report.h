// The report on a run: broken rule first, then the story, and last how to replay it.
// SPDX-License-Identifier: Apache-2.0
//
// The first line of a finding is `ASSERTION FAILED: <text>`, without numbers or addresses, so that
// the same bug says the same; the last line is a command that replays it, and pasting it works.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "fuzz/input/text.h"
#include "fuzz/report/names.h"
#include "fuzz/report/phrase.h"
#include "fuzz/report/story.h"
#include "fuzz/report/timeline.h"
#include "fuzz/run/run.h"

namespace throwsplit::fuzz {

struct ReportOptions {
  bool all_steps = false;  // every step, not only what matters
  std::size_t width = 132;
  std::string replay;  // the command of the last line; "" leaves it out
};

// Needs: an outcome recorded with RunOptions::record.
std::string report_text(const Outcome& outcome, const Program& program,
                        const ReportOptions& options);
nlohmann::json report_json(const Outcome& outcome, const Program& program,
                           const ReportOptions& options);

// "ASSERTION FAILED: the world does not stop" for a finding, else "pass" or "inconclusive".
std::string first_line(const Outcome& outcome);

// "/home/me/throwsplit-sim replay 'a b.prog'": words quoted for a shell where they must be.
std::string shell_command(const std::string& program, const std::string& verb,
                          const std::string& file);

}  // namespace throwsplit::fuzz
