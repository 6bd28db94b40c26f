// What a run tells an engine beside the edges of its code: who met whom, who woke whom, whose P.
// SPDX-License-Identifier: Apache-2.0
//
// Code coverage is the same for a program in which nothing meets and for one full of races. So an
// engine is shown events of the scheduler too, each a hash into the sub-range of its metric; see
// counters.cc for the ranges. Seen or not, never how often: how often would make most schedules new
// ones.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "fuzz/oracle/oracle.h"
#include "fuzz/run/run.h"
#include "fuzz/targets/targets.h"
#include "inject/choice.h"

namespace throwsplit::fuzz {

class Feedback : public inject::Watcher {
 public:
  // Needs: the stage is set (RunOptions::stage) while a run goes on.
  explicit Feedback(const Stage& stage) : stage_(stage) {}

  void begin_run(const inject::RunInfo&) override;
  bool on_step(const inject::Step& step) override;
  bool on_event(const inject::Step& step, Event event, uint32_t a, uint64_t b) override;

 private:
  // What an M is doing, coarsely.
  struct Doing {
    uint8_t op = 0;
    uint8_t g_status = 0;
    uint8_t p_status = 0;
  };
  // By whom and on which path a P was last let go or taken, or a G made runnable.
  struct Trail {
    Site what = 0;
    Site path = 0;
    uint32_t by = 0;  // a P's: the carrier; a G's: the P of that carrier, or kNoP
  };
  static constexpr uint32_t kPsMax = 8;
  static constexpr uint32_t kNoP = 0xff;

  Doing doing(uint32_t carrier) const;
  uint32_t p_of(uint32_t carrier) const;
  void switched(const inject::Step& step);
  void woken(uint32_t carrier, uint32_t g);
  void unparked(uint32_t carrier, uint32_t m);
  void p_passes(uint32_t carrier, Event event, uint64_t p);
  void g_runnable(uint32_t carrier, Event event, uint32_t g);
  void g_starts(uint32_t carrier, uint32_t g, uint64_t p);

  const Stage& stage_;
  uint32_t carrier_ = inject::kNobody;  // who took the last step, and where
  Site site_ = 0;
  // The last place on the way of each carrier that tells where it is and what it does.
  std::array<Site, inject::kCarriersMax> paths_ = {};
  std::array<Trail, kPsMax> ps_ = {};
  std::array<Trail, kOracleGsMax> gs_ = {};
};

}  // namespace throwsplit::fuzz
