// A campaign: programs run under many schedules until something is found or the budget is spent.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/input/text.h"
#include "fuzz/run/run.h"
#include "fuzz/run/twice.h"
#include "inject/window.h"

namespace throwsplit::fuzz {

struct CampaignConfig {
  std::uint64_t runs_max = 1000;
  double seconds_max = 0;  // 0: no limit of time
  std::uint64_t seed = 1;
  Strategy strategy = Strategy::kRandom;
  bool strip = true;                       // first drop the programs' own schedules and faults
  bool mutate = false;                     // also change programs and fault plans
  std::vector<inject::DrawnPoint> points;  // each run draws a plan of its own over these
  bool keep_going = false;                 // after a finding: on to the next, each signature once
  std::string last;  // write each input to this file before it is run: a sanitizer may end us
  RunOptions options;
};

struct Found {
  Program program;  // replays it; with the names of the program it came from
  Outcome outcome;
  std::optional<Difference> difference;  // what was found is that the input ran in two ways
  std::uint64_t run = 0;                 // from 1
  double seconds = 0;
};

struct CampaignResult {
  std::uint64_t runs = 0;
  double seconds = 0;
  std::uint64_t steps = 0;
  std::uint64_t inconclusive = 0;
  std::uint64_t twice = 0;  // of the runs, how many were made twice and compared step by step
  Coverage coverage;
  std::vector<Found> found;
};

// `progress` is called a few times a second. Programs may be empty: then they are made up.
CampaignResult campaign(const std::vector<Program>& programs, const CampaignConfig& config,
                        const std::function<void(const CampaignResult&)>& progress = {});

// The input as a schedule of rows over `keep`, as few as still find the same, when it has room for
// them; else the input itself. Rows survive changes of the strategies, and people can read them.
Input settled(const Input& input);

// Writes a finding as text: "<folder>/O3-<hash>.prog". The path, or nothing if it cannot be written
// (and why, in `error`).
std::optional<std::string> save_finding(const std::string& folder, const Program& program,
                                        const Outcome& outcome, std::string* error);

}  // namespace throwsplit::fuzz
