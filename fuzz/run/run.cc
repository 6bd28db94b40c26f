// One input, one run, one verdict.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/run/run.h"

#include <algorithm>
#include <memory>
#include <string_view>

#include "fuzz/explore/explore.h"
#include "fuzz/explore/recorder.h"
#include "fuzz/guest/guest.h"
#include "fuzz/oracle/oracle.h"
#include "fuzz/run/deeds.h"
#include "runtime/sched/sched.h"

namespace throwsplit::fuzz {

const char* verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:         return "pass";
    case Verdict::inconclusive: return "inconclusive";
    case Verdict::finding:      return "finding";
  }
  return "?";
}

namespace {

// Stands between the simulator and the oracles: counts what was reached, keeps what a timeline
// needs.
class Onlooker : public inject::Watcher {
 public:
  Onlooker(Oracles& oracles, const Guest& guest, const RunOptions& options, Outcome& outcome)
      : oracles_(oracles), guest_(guest), options_(options), outcome_(outcome) {}

  void begin_run(const inject::RunInfo& info) override {
    outcome_.m_of_carrier.assign(1, 0);  // the thread that makes the World is its first M
    deeds_.begin_run();
    oracles_.begin_run(info);
    if (options_.also != nullptr) options_.also->begin_run(info);
  }
  bool on_step(const inject::Step& step) override {
    int point = index_of_point(step.site);
    if (point >= 0) outcome_.coverage.points.set(static_cast<size_t>(point));
    deeds_.on_step(step);
    note(step);
    bool stop = options_.also != nullptr && options_.also->on_step(step);
    return oracles_.on_step(step) || stop;
  }
  bool on_event(const inject::Step& step, Event event, uint32_t a, uint64_t b) override {
    note(step);
    deeds_.on_event(step, event, a, outcome_.coverage);
    if (event == Event::canary) outcome_.coverage.canaries.set(a % 3);
    if (event == Event::m_start) {
      if (outcome_.m_of_carrier.size() <= step.carrier) {
        outcome_.m_of_carrier.resize(step.carrier + 1, kNoM);
      }
      outcome_.m_of_carrier[step.carrier] = a;
    }
    bool stop = options_.also != nullptr && options_.also->on_event(step, event, a, b);
    return oracles_.on_event(step, event, a, b) || stop;
  }
  bool on_move(const inject::Step& step, uint32_t row) override {
    outcome_.coverage.moves.set(row);
    note(step);
    bool stop = options_.also != nullptr && options_.also->on_move(step, row);
    return oracles_.on_move(step, row) || stop;
  }
  bool on_idle(const inject::Idle& idle) override {
    bool stop = options_.also != nullptr && options_.also->on_idle(idle);
    // Only calls that never return are left: nothing to wait for but sysmon's idle rounds.
    if (guest_rests(guest_)) stop = true;
    return oracles_.on_idle(idle) || stop;
  }
  void on_fired(const inject::Step& step, const inject::Verdict& verdict) override {
    deeds_.on_fired(step, verdict, outcome_.coverage);
    if (options_.also != nullptr) options_.also->on_fired(step, verdict);
  }
  void finish_run(const inject::RunEnd& end) override {
    if (options_.also != nullptr) options_.also->finish_run(end);
  }

 private:
  void note(const inject::Step& step) {
    if (!options_.record) return;
    // What extra points to is gone by the time anybody reads this.
    bool address = step.site >= kCallSites && step.site < kEventSites;
    outcome_.happenings.push_back(
        {step.step, step.now_ns, step.carrier, step.site, step.object, address ? 0 : step.extra});
  }

  Deeds deeds_;
  Oracles& oracles_;
  const Guest& guest_;
  const RunOptions& options_;
  Outcome& outcome_;
};

struct Play {
  Settings settings;
  Guest* guest;
  World* world = nullptr;
  const char* refused = nullptr;
};

void play(void* raw) {
  Play& play = *static_cast<Play*>(raw);
  play.refused = world_run(play.settings, guest_root, play.guest, &play.world);
}

Settings settings_of(const Input& input) {
  Settings settings;
  settings.procs = input.config.procs;
  settings.rescues = input.config.rescues;
  // Enough for every goroutine in the kernel and every P: more would be the runtime's mistake.
  constexpr uint32_t kMsNeeded = kGuestGoroutinesMax + kProcsMax + 4;
  settings.max_ms = std::max<uint32_t>(input.config.max_ms, kMsNeeded);
  settings.canonical_checks = true;
  // So that programs of a few hundred steps outlast a slice; a step takes 50 ns.
  settings.slice_ns = 50'000;
  return settings;
}

void object(Outcome& outcome, const char* oracle, const std::string& text, uint64_t step,
            uint32_t carrier) {
  outcome.verdict = Verdict::finding;
  outcome.finding = {oracle, text, "", step, carrier};
}

void judge(Outcome& outcome, const Oracles& oracles, const Guest& guest, const char* refused) {
  if (const Violation* violation = oracles.violation()) {
    object(outcome, violation->oracle, violation->text, violation->step, violation->carrier);
    outcome.finding.details = violation->details;
    return;
  }
  switch (outcome.end) {
    case inject::End::crashed: {
      CrashRule rule = judge_crash(outcome.crash_text);
      if (std::string_view(rule.oracle) == kRefused)
        return;  // a fault asked for it, and it said so and died
      object(outcome, rule.oracle, rule.text, outcome.steps, 0);
      outcome.finding.details = outcome.crash_text;
      return;
    }
    case inject::End::quiescent:
      if (guest_rests(guest)) break;  // only calls that never return are left
      object(outcome, "O13", "nobody can act any more, and nobody said so", outcome.steps, 0);
      return;
    case inject::End::steps_exhausted:
    case inject::End::time_exhausted:  outcome.verdict = Verdict::inconclusive; return;
    default:                           break;
  }
  if (guest.broken != nullptr) object(outcome, "O8", guest.broken, outcome.steps, 0);
  if (refused != nullptr) outcome.verdict = Verdict::inconclusive;  // no memory: a fault said so
}

// What is too large for a stack, and too dear to make anew for each run.
struct Workshop {
  Oracles oracles;
};

}  // namespace

Outcome run(const Input& input, inject::Choice& choice, const RunOptions& options) {
  static Workshop workshop;
  Outcome outcome;
  Guest guest;
  guest.input = &input;
  Play play_state{settings_of(input), &guest};
  Onlooker onlooker(workshop.oracles, guest, options, outcome);
  workshop.oracles.watch(&play_state.world);

  inject::SimConfig config;
  config.choice = &choice;
  config.watcher = &onlooker;
  config.plan = &input.plan;
  config.seed = input.schedule.seed;
  config.step_max = options.step_max;
  config.step_fair = options.step_fair;
  config.abort_in_place = options.abort_in_place;
  if (options.stage != nullptr) *options.stage = {&guest, &workshop.oracles.scene()};
  inject::SimOutcome sim = inject::simulate(config, play, &play_state);
  if (options.stage != nullptr) *options.stage = Stage();

  outcome.end = sim.end;
  outcome.trace_hash = sim.trace_hash;
  outcome.steps = sim.steps;
  outcome.choices = sim.choices;
  outcome.contests = sim.contests;
  outcome.fired = sim.fired;
  outcome.now_ns = sim.now_ns;
  outcome.carriers = sim.carriers;
  outcome.crash_text = std::move(sim.crash_text);
  outcome.waits = std::move(sim.waits);
  outcome.m_of_carrier.resize(sim.carriers, kNoM);
  judge(outcome, workshop.oracles, guest, play_state.refused);
  if (play_state.world != nullptr) world_drop(play_state.world);
  workshop.oracles.watch(nullptr);
  return outcome;
}

Outcome run(const Input& input, const RunOptions& options) {
  std::unique_ptr<inject::Choice> strategy = make_strategy(input.schedule);
  if (!options.record_switches) return run(input, *strategy, options);
  Recorder recorder(strategy.get());
  Outcome outcome = run(input, recorder, options);
  outcome.switches = recorder.rows();
  return outcome;
}

}  // namespace throwsplit::fuzz
