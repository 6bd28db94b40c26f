// One input, one run, one verdict: decodes nothing, prints nothing, keeps nothing.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <string>
#include <vector>

#include "fuzz/input/input.h"
#include "inject/choice.h"
#include "inject/sim/sim.h"
#include "runtime/trace/trace.h"

namespace throwsplit::fuzz {

enum class Verdict : uint8_t {
  pass,          // the program ended, or rests in calls that never return, or gave up on a kernel
                 // that refuses memory or threads; nothing was wrong
  inconclusive,  // out of steps or time; nothing was wrong so far
  finding,       // an oracle or an assertion of the runtime objects
};
const char* verdict_name(Verdict verdict);

// What is wrong. `text` has no numbers and no addresses: the same bug says the same.
struct Finding {
  std::string oracle;   // "O3"
  std::string text;     // "the world does not stop: it waits for a system call"
  std::string details;  // lines with the numbers
  uint64_t step = 0;
  uint32_t carrier = 0;

  // What two findings must share to be one: oracle and text.
  std::string signature() const { return oracle + ": " + text; }
};

// What a point may come to do, besides nothing.
enum class Deed : uint8_t { delay, fail, preempt, stop, move };
inline constexpr std::size_t kDeeds = 5;
inline constexpr const char* kDeedNames[kDeeds] = {"delay", "fail", "preempt", "stop", "move"};

inline constexpr std::size_t kPointsMax = 128;
constexpr std::size_t deed_index(std::size_t point_index, Deed deed) {
  return point_index * kDeeds + static_cast<std::size_t>(deed);
}

// What a run came by. Rows of kMoves, kPoints by index.
struct Coverage {
  std::bitset<64> moves;
  std::bitset<kPointsMax> points;
  // By deed_index: what a point was asked for and what then came about. A delay is one by the
  // clock; a preemption or a move, that the goroutine was asked for it; a stop, that the world
  // began to stop because of this point and no other.
  std::bitset<kPointsMax * kDeeds> deeds;
  std::bitset<3> canaries;  // kCanaryReached, kCanaryTriggered

  void merge(const Coverage& other) {
    moves |= other.moves;
    points |= other.points;
    deeds |= other.deeds;
    canaries |= other.canaries;
  }
};

// One line of a timeline.
struct Happening {
  uint64_t step = 0;
  int64_t now_ns = 0;
  uint32_t carrier = 0;
  Site site = 0;  // an access, point, call, event or move; see runtime/hook/points.h
  uint32_t object = 0;
  uint64_t extra = 0;
};

struct Outcome {
  Verdict verdict = Verdict::pass;
  Finding finding;  // with Verdict::finding
  inject::End end = inject::End::finished;
  uint64_t trace_hash = 0;
  uint64_t steps = 0;
  uint64_t choices = 0;
  uint64_t contests = 0;  // of these, how often two or more could act at once
  uint64_t fired = 0;     // how often a term of the plan did
  int64_t now_ns = 0;
  uint32_t carriers = 0;
  Coverage coverage;
  std::string crash_text;              // what the runtime printed on its way out
  std::vector<inject::Wait> waits;     // of each carrier at the end
  std::vector<Happening> happenings;   // with RunOptions::record
  std::vector<uint32_t> m_of_carrier;  // which M each carrier is; kNoM where it is none
  std::vector<ScheduleRow> switches;   // with record_switches: the schedule as sparse rows
};
inline constexpr uint32_t kNoM = 0xffffffff;

struct Guest;
struct Scene;

// What stands on it while a run goes on, for who looks on closely. Null before and after.
struct Stage {
  const Guest* guest = nullptr;
  const Scene* scene = nullptr;
};

struct RunOptions {
  bool record = false;           // keep every step and event (for timelines)
  bool record_switches = false;  // keep the choices as rows over `keep running`
  bool abort_in_place = false;   // die on the failing stack (fuzz targets)
  uint64_t step_max = 60'000;
  uint64_t step_fair = 40'000;
  std::string without;              // an oracle that is not to look on, by name
  inject::Watcher* also = nullptr;  // looks on beside the oracles
  Stage* stage = nullptr;           // filled in before the first step
};

// Runs the input's program on the runtime in the simulator under its schedule and faults, watched
// by all oracles. The same input gives the same outcome, always and everywhere.
Outcome run(const Input& input, const RunOptions& options = {});

// The same with somebody else's choices instead of the input's schedule.
Outcome run(const Input& input, inject::Choice& choice, const RunOptions& options = {});

}  // namespace throwsplit::fuzz
