// One input, one run, one verdict.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/run/run.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "fuzz/explore/explore.h"
#include "fuzz/explore/recorder.h"
#include "fuzz/guest/guest.h"
#include "fuzz/oracle/oracle.h"
#include "fuzz/oracle/resting.h"
#include "fuzz/run/deeds.h"
#include "fuzz/run/liveness.h"
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

// The program itself ends so: nobody will ever wake those who wait.
bool may_deadlock(const Guest& guest) { return (guest.input->config.flags & kFlagNoReaper) != 0; }

// Of the calls that are under way.
struct Calls {
  bool endless = false;  // one that no clock ends
  bool due = false;      // one that the clock ends
};

Calls calls_in(const inject::Idle& idle) {
  Calls calls;
  for (uint32_t i = 0; i < idle.wait_count; i++) {
    const inject::Wait& wait = idle.waits[i];
    if (!wait.live || wait.kind != inject::WaitKind::call) continue;
    (wait.due_ns < 0 ? calls.endless : calls.due) = true;
  }
  return calls;
}

// The root has ended, and each goroutine has, or waits.
bool all_wait(const Guest& guest) {
  if (!guest.root_done || guest.world->sched.timers.count != 0) return false;
  for (uint32_t i = 0; i < guest_count(guest); i++) {
    const GuestGoroutine& each = guest.goroutines[i];
    const uint32_t status = each.g == nullptr || each.done ? Gdead : each.g->atomicstatus.peek();
    if (status != Gdead && status != Gwaiting && status != Gsyscall) return false;
  }
  return true;
}

// Nobody can act, and nothing will come of waiting but sysmon's idle rounds and the root's: the
// program's calls never return, or, without a reaper, somebody is in one and all others wait.
bool is_over(const Guest& guest, const inject::Idle& idle) {
  const Calls calls = calls_in(idle);
  if (calls.due || !calls.endless) return false;
  return guest_rests(guest) || (may_deadlock(guest) && all_wait(guest));
}

// Stands between the simulator and the oracles: counts what was reached, keeps what a timeline
// needs.
class Onlooker : public inject::Watcher {
 public:
  Onlooker(Oracles& oracles, const Guest& guest, const RunOptions& options, Outcome& outcome)
      : oracles_(oracles), guest_(guest), options_(options), outcome_(outcome) {}

  void begin_run(const inject::RunInfo& info) override {
    outcome_.m_of_carrier.assign(1, 0);  // the thread that makes the World is its first M
    deeds_.begin_run();
    waiting_ = info.waiting;
    liveness_.begin(info.step_fair);
    oracles_.begin_run(info);
    if (options_.also != nullptr) options_.also->begin_run(info);
  }
  bool on_step(const inject::Step& step) override {
    int point = index_of_point(step.site);
    if (point >= 0) outcome_.coverage.points.set(static_cast<size_t>(point));
    deeds_.on_step(step);
    note(step);
    bool stop = options_.also != nullptr && options_.also->on_step(step);
    if (oracles_.on_step(step) || stop) return true;
    // No further: what goes on with a stack like this may take the process along. (But for who asks
    // what others see when that rule looks away.)
    if (UNLIKELY(guest_.broken != nullptr) && options_.without != guest_.broken_rule) {
      return found(step, guest_.broken_rule, guest_.broken);
    }
    return UNLIKELY(liveness_.is_stuck(step, guest_, *waiting_)) && stuck(step);
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
    if (is_over(guest_, idle)) stop = true;
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
  COLD bool found(const inject::Step& step, const char* oracle, const char* text) {
    outcome_.finding = {oracle, text, "", step.step, step.carrier};
    return true;
  }
  COLD bool stuck(const inject::Step& step) {
    found(step, Liveness::kOracle, Liveness::kText);
    if (oracles_.scene().live()) outcome_.finding.details = who_waits_for_what(oracles_.scene());
    return true;
  }
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
  Liveness liveness_;
  inject::Waiting* waiting_ = nullptr;
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
  settings.move_at_checks = (input.config.flags & kFlagMoveAtChecks) != 0;
  settings.preempt_at_checks = (input.config.flags & kFlagPreemptAtChecks) != 0;
  // So that programs of a few hundred steps outlast a slice; a step takes 50 ns.
  settings.slice_ns = 50'000;
  return settings;
}

bool is_in_a_call(const std::vector<inject::Wait>& waits) {
  return std::ranges::any_of(waits, [](const inject::Wait& wait) {
    return wait.live && wait.kind == inject::WaitKind::call;
  });
}

// What is wrong, if anything is.
std::optional<Finding> objection(const Outcome& outcome, const Oracles& oracles,
                                 const Guest& guest) {
  const auto finding = [&](const char* oracle, const std::string& text,
                           const std::string& details) {
    return Finding{oracle, text, details, outcome.steps, 0};
  };
  if (const Violation* violation = oracles.violation()) {
    return Finding{violation->oracle, violation->text, violation->details, violation->step,
                   violation->carrier};
  }
  if (!outcome.finding.oracle.empty()) return outcome.finding;  // nobody gets on
  switch (outcome.end) {
    case inject::End::crashed: {
      CrashRule rule = judge_crash(outcome.crash_text);
      // A fault asked for it, and it said so and died; or the program did, and O13 believed it.
      if (std::string_view(rule.oracle) == kRefused) return {};
      if (std::string_view(rule.oracle) == "O13" && may_deadlock(guest)) return {};
      return finding(rule.oracle, rule.text, outcome.crash_text);
    }
    case inject::End::quiescent:
      // Only calls that never return are left.
      if (guest_rests(guest) || (may_deadlock(guest) && is_in_a_call(outcome.waits))) break;
      return finding("O13", "nobody can act any more, and nobody said so", "");
    case inject::End::steps_exhausted:
    case inject::End::time_exhausted:  return {};
    default:                           break;
  }
  if (guest.broken != nullptr) return finding(guest.broken_rule, guest.broken, "");
  return {};
}

void judge(Outcome& outcome, const Oracles& oracles, const Guest& guest, const char* refused,
           const std::string& without) {
  std::optional<Finding> finding = objection(outcome, oracles, guest);
  outcome.finding = {};
  if (finding && finding->oracle != without) {
    outcome.verdict = Verdict::finding;
    outcome.finding = std::move(*finding);
    return;
  }
  // Refused: no memory, as a fault said.
  const bool cut_short =
      outcome.end == inject::End::steps_exhausted || outcome.end == inject::End::time_exhausted;
  if (cut_short || refused != nullptr || finding) outcome.verdict = Verdict::inconclusive;
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
  workshop.oracles.leave_out(options.without);

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
  judge(outcome, workshop.oracles, guest, play_state.refused, options.without);
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
