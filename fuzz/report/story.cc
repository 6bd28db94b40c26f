// The teller: walks a recording once, keeps the few values that matter, and puts steps into words.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/report/story.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/report/names.h"
#include "fuzz/report/phrase.h"
#include "inject/fail_term.h"
#include "runtime/gmp/moves.h"

namespace throwsplit::fuzz {
namespace {

constexpr Site kFutexSleep = kCallSites + 0x04;
constexpr Site kUsleep = kCallSites + 0x06;
constexpr Site kThreadCreate = kCallSites + 0x02;
constexpr Site kSyscallSites = kCallSites + 0x100;

bool is_event(const Happening& happening, Event event) {
  return happening.site == kEventSites + static_cast<uint16_t>(event);
}
Field field_of(Site site) { return static_cast<Field>((site - kAccessSites) / 8); }
Access access_of(Site site) { return static_cast<Access>((site - kAccessSites) % 8); }

// Around system calls, stops and sysmon; elsewhere schedulers merely come and go.
bool is_told(Point point) {
  for (const PointRow& row : kPoints) {
    if (row.point != point) continue;
    const std::string_view room = row.room;
    const std::string_view name = row.name;
    return room == "syscall" || name.starts_with("retake") || name.starts_with("sysmon") ||
           name.starts_with("stoptheworld") || name.starts_with("starttheworld") ||
           name.starts_with("preempt") || name.starts_with("handoffp") || name == "guard_read";
  }
  return false;
}

class Teller {
 public:
  Teller(const Outcome& outcome, const Input& input)
      : outcome_(outcome), input_(input), carriers_(carrier_count()) {
    statuses_.fill(Pgcstop);
    story_.sysmon = find_sysmon();
    for (uint32_t i = 0; i < carriers_.size(); i++)
      story_.agents.push_back({name_of(i), "", ""});
  }

  Story run() {
    for (size_t i = 0; i < outcome_.happenings.size(); i++)
      take(i);
    for (uint32_t i = 0; i < carriers_.size(); i++)
      close(i);
    hide_prelude();
    story_.arrows = arrows_.arrows();
    return std::move(story_);
  }

 private:
  struct Carrier {
    std::optional<Happening> pending;  // an access that has not taken effect
    Field last_field = Field::g_status;
    Field field_before = Field::g_status;
    std::size_t line_before = 0;  // of the access before the last
    std::size_t last_line = 0;
    bool entering = false;
    bool exiting = false;
    bool stopping = false;  // between the wish to stop the world and the stop
    bool freezing = false;
  };

  uint32_t carrier_count() const;
  uint32_t find_sysmon() const;
  std::string name_of(uint32_t carrier) const;

  void take(size_t index);
  void take_effect(uint32_t carrier);
  void at_point(size_t index);
  void begin_entering(Carrier& carrier);
  void at_call(const Happening& happening);
  void at_event(const Happening& happening);
  void at_move(const Happening& happening);
  void at_gcwaiting(const Happening& access);
  void at_sysmonwait(const Happening& access);
  void at_note(const Happening& access);
  void at_arrow_end(const Happening& happening);
  uint32_t carrier_of_m(uint32_t m) const;
  void close(uint32_t carrier);
  void hide_prelude();

  std::string who(uint32_t carrier) const;
  std::string sleeps_on(uint32_t carrier) const;
  std::string fault_at(Site site, uint32_t visit) const;
  std::string plainly(const Happening& access) const;
  // An access that had to wait for its carrier is told when it was done, not when it was begun.
  void say(const Happening& happening, std::string text, bool matters) {
    now_step_ = std::max(now_step_, happening.step);
    now_ns_ = std::max(now_ns_, happening.now_ns);
    story_.lines.push_back({now_step_, now_ns_, happening.carrier, std::move(text), matters});
    arrows_.said(story_.lines.size() - 1, happening.carrier);
  }

  const Outcome& outcome_;
  const Input& input_;
  Story story_;
  std::vector<Carrier> carriers_;
  ArrowBook arrows_;
  std::array<uint32_t, 256> statuses_{};  // of each P
  std::array<uint32_t, 256> visits_{};    // of each point
  bool gcwaiting_ = false;
  bool sysmonwait_ = false;
  bool sysmon_deep_ = false;
  uint32_t stopwait_ = 0;
  uint64_t now_step_ = 0;
  int64_t now_ns_ = 0;
};

uint32_t Teller::carrier_count() const {
  uint32_t count = std::max<uint32_t>(outcome_.carriers, 1);
  for (const Happening& happening : outcome_.happenings)
    count = std::max(count, happening.carrier + 1);
  return count;
}

// Sysmon is who says that it sleeps; before that, the first who sleeps without being in a crash.
uint32_t Teller::find_sysmon() const {
  for (const Happening& happening : outcome_.happenings) {
    if (is_event(happening, Event::sysmon_sleep)) return happening.carrier;
  }
  for (const Happening& happening : outcome_.happenings) {
    if (is_event(happening, Event::freeze)) break;
    if (happening.site == kUsleep) return happening.carrier;
  }
  return inject::kNobody;
}

std::string Teller::name_of(uint32_t carrier) const {
  if (carrier == story_.sysmon) return "sysmon";
  if (carrier < outcome_.m_of_carrier.size() && outcome_.m_of_carrier[carrier] != kNoM) {
    return "M" + std::to_string(outcome_.m_of_carrier[carrier]);
  }
  return "thread " + std::to_string(carrier);
}

void Teller::take(size_t index) {
  const Happening& happening = outcome_.happenings[index];
  take_effect(happening.carrier);
  Carrier& carrier = carriers_[happening.carrier];
  if (happening.site < kAccessSites) {
    at_point(index);
  } else if (happening.site < kCallSites) {
    carrier.pending = happening;
  } else if (happening.site < kEventSites) {
    at_call(happening);
  } else if (happening.site < kMoveSites) {
    at_event(happening);
  } else {
    at_move(happening);
  }
}

// The carrier goes on, so the access it stood before has happened by now.
void Teller::take_effect(uint32_t number) {
  Carrier& carrier = carriers_[number];
  if (!carrier.pending) return;
  const Happening access = *carrier.pending;
  carrier.pending.reset();
  const Field field = field_of(access.site);
  carrier.line_before = std::exchange(carrier.last_line, story_.lines.size());
  carrier.field_before = std::exchange(carrier.last_field, field);
  if (field == Field::sched_gcwaiting) {
    at_gcwaiting(access);
  } else if (field == Field::sched_sysmonwait) {
    at_sysmonwait(access);
  } else if (field == Field::note_word && access_of(access.site) == Access::rmw) {
    at_note(access);
  } else if (field == Field::p_status && access_of(access.site) == Access::load) {
    const char* status = "?";
    for (const MoveRow& row : kMoves) {
      if (row.kind == MoveKind::p && row.to == statuses_[access.object % 256]) {
        status = row.to_name + 1;
      }
    }
    say(access, who(number) + "sees P" + std::to_string(access.object) + " " + status,
        carrier.stopping);
  } else {
    say(access, plainly(access), false);
  }
}

void Teller::at_gcwaiting(const Happening& access) {
  const Carrier& carrier = carriers_[access.carrier];
  if (access_of(access.site) == Access::load) {
    const bool matters = gcwaiting_ || carrier.entering;
    say(access, who(access.carrier) + "reads gcwaiting = " + (gcwaiting_ ? "1" : "0"), matters);
    return;
  }
  gcwaiting_ = carrier.stopping || carrier.freezing;
  say(access, who(access.carrier) + "sets gcwaiting = " + (gcwaiting_ ? "1" : "0"), true);
}

void Teller::at_sysmonwait(const Happening& access) {
  if (access_of(access.site) == Access::load) {
    say(access, who(access.carrier) + "reads sysmonwait = " + (sysmonwait_ ? "1" : "0"),
        carriers_[access.carrier].entering);
    return;
  }
  sysmonwait_ = access.carrier == story_.sysmon && !sysmon_deep_;
  if (sysmonwait_) sysmon_deep_ = true;
  say(access, who(access.carrier) + "sets sysmonwait = " + (sysmonwait_ ? "1" : "0"), true);
}

// Notes other than an M's own have no number: what was touched just before tells which it is.
void Teller::at_note(const Happening& access) {
  const Field before = carriers_[access.carrier].field_before;
  std::string whom = "M" + std::to_string(access.object);
  uint32_t sleeper = carrier_of_m(access.object);
  if (before == Field::sched_sysmonwait) {
    whom = "sysmon";
    sleeper = story_.sysmon;
  }
  if (before == Field::sched_stopwait) {
    whom = "the stopper";
    const auto stopper = std::ranges::find(carriers_, true, &Carrier::stopping);
    sleeper = static_cast<uint32_t>(stopper - carriers_.begin());
  }
  say(access, who(access.carrier) + "wakes " + whom, true);
  arrows_.wakes(story_.lines.size() - 1, sleeper);
}

uint32_t Teller::carrier_of_m(uint32_t m) const {
  const auto found = std::ranges::find(outcome_.m_of_carrier, m);
  if (found == outcome_.m_of_carrier.end()) return inject::kNobody;
  return static_cast<uint32_t>(found - outcome_.m_of_carrier.begin());
}

void Teller::at_point(size_t index) {
  const Happening& happening = outcome_.happenings[index];
  Carrier& carrier = carriers_[happening.carrier];
  const auto point = static_cast<Point>(happening.site);
  if (point == Point::entersyscall_start) begin_entering(carrier);
  if (point == Point::entersyscall_end) carrier.entering = false;
  if (point == Point::exitsyscall_start) carrier.exiting = true;
  if (carrier.exiting) carrier.entering = false;
  const std::string fault = fault_at(happening.site, ++visits_[happening.site % 256]);
  if (!fault.empty()) say(happening, fault, true);
  // A point matters when the world changes there, and the place is one of the story.
  const bool is_last = index + 1 == outcome_.happenings.size();
  const bool leaves = is_last || outcome_.happenings[index + 1].carrier != happening.carrier;
  const std::string name = site_name(happening.site);
  say(happening, leaves ? "stands at " + name : "passes " + name, leaves && is_told(point));
}

// throwsplit and the guard come first, then the point. What was read right before that is part of
// entering too: a runtime that looks at gcwaiting before it does anything else.
void Teller::begin_entering(Carrier& carrier) {
  carrier.entering = true;
  if (carrier.last_field != Field::g_stackguard0) return;
  if (carrier.field_before != Field::sched_gcwaiting) return;
  StoryLine& line = story_.lines[carrier.line_before];
  line.text = "entersyscall: " + line.text;
  line.matters = true;
}

void Teller::at_call(const Happening& happening) {
  Carrier& carrier = carriers_[happening.carrier];
  if (happening.site >= kSyscallSites) {
    carrier.entering = false;
    say(happening, "is in the kernel: " + syscall_name(happening.site - kSyscallSites), true);
  } else if (happening.site == kFutexSleep) {
    say(happening, "sleeps: " + sleeps_on(happening.carrier), true);
  } else {
    const char* name = call_name(happening.site);
    say(happening, name == nullptr ? "calls the kernel" : "calls the kernel: " + std::string(name),
        happening.site == kThreadCreate);
  }
}

void Teller::at_event(const Happening& happening) {
  Carrier& carrier = carriers_[happening.carrier];
  Phrase phrase = event_phrase(happening.site, happening.object, happening.extra);
  if (is_event(happening, Event::stw_start)) {
    carrier.stopping = true;
    stopwait_ = input_.config.procs;
  } else if (is_event(happening, Event::stw_stopped) || is_event(happening, Event::stw_end)) {
    carrier.stopping = false;
  } else if (is_event(happening, Event::proc_gcstop)) {
    if (stopwait_ != 0) stopwait_--;
    phrase = {"P" + std::to_string(happening.object) + " is stopped, " + std::to_string(stopwait_) +
                  " to go",
              true};
  } else if (is_event(happening, Event::sysmon_wake)) {
    sysmon_deep_ = false;
  } else if (is_event(happening, Event::freeze)) {
    carrier.freezing = true;
  } else if (is_event(happening, Event::go_syscall_exit) ||
             is_event(happening, Event::go_syscall_queued)) {
    carrier.exiting = false;
  }
  say(happening, who(happening.carrier) + phrase.text, phrase.matters);
  at_arrow_end(happening);
}

// Events whose line is where an arrow begins or ends.
void Teller::at_arrow_end(const Happening& happening) {
  const std::size_t line = story_.lines.size() - 1;
  const uint32_t carrier = happening.carrier;
  switch (static_cast<Event>(happening.site - kEventSites)) {
    case Event::proc_release:
    case Event::proc_retake:
    case Event::proc_handoff: arrows_.lets_go(line, carrier, happening.object); break;
    case Event::proc_acquire: arrows_.takes(line, carrier, happening.object); break;
    case Event::go_create:
    case Event::go_ready:     arrows_.readies(line, carrier, happening.object); break;
    case Event::go_start:     arrows_.starts(line, carrier, happening.object); break;
    default:                  break;
  }
}

void Teller::at_move(const Happening& happening) {
  const uint32_t index = happening.site - kMoveSites;
  if (index < kMoveCount && kMoves[index].kind == MoveKind::p) {
    statuses_[happening.object % 256] = kMoves[index].to;
  }
  Phrase phrase = move_phrase(happening.site, happening.object);
  say(happening, who(happening.carrier) + phrase.text, phrase.matters);
}

void Teller::close(uint32_t number) {
  Agent& agent = story_.agents[number];
  const Carrier& carrier = carriers_[number];
  if (carrier.pending) agent.doing = "about to do: " + plainly(*carrier.pending);
  if (number >= outcome_.waits.size()) return;
  const inject::Wait& wait = outcome_.waits[number];
  if (!wait.live) {
    agent.waits = "is gone";
    return;
  }
  switch (wait.kind) {
    case inject::WaitKind::none:  return;
    case inject::WaitKind::futex: agent.waits = "sleeps: " + sleeps_on(number); break;
    case inject::WaitKind::sleep: agent.waits = "sleeps"; break;
    case inject::WaitKind::call:
      agent.waits = "is in the kernel: " + syscall_name(wait.call_number);
      break;
    case inject::WaitKind::join: agent.waits = "waits for the end of a thread"; break;
  }
  if (wait.due_ns >= 0) {
    agent.waits += "; due in " + time_phrase(wait.due_ns - outcome_.now_ns);
  } else if (wait.kind == inject::WaitKind::call) {
    agent.waits += "; no clock ends that";
  } else {
    agent.waits += "; only another agent can wake it";
  }
}

// Until the program's first goroutine runs, the harness opens pipes and starts threads.
void Teller::hide_prelude() {
  const auto starts_main = [](const Happening& happening) {
    return is_event(happening, Event::go_start) && happening.object == 1;
  };
  const auto main = std::ranges::find_if(outcome_.happenings, starts_main);
  if (main == outcome_.happenings.end()) return;
  for (StoryLine& line : story_.lines)
    line.matters = line.matters && line.step >= main->step;
}

// What the agent is in the middle of, where that says more than its name.
std::string Teller::who(uint32_t number) const {
  const Carrier& carrier = carriers_[number];
  if (carrier.stopping) return "stopper: ";
  if (carrier.entering) return "entersyscall: ";
  if (carrier.exiting) return "exitsyscall: ";
  return "";
}

std::string Teller::sleeps_on(uint32_t number) const {
  const Carrier& carrier = carriers_[number];
  if (carrier.last_field == Field::lock_word) return "a lock is taken";
  if (number == story_.sysmon) return "sysmonnote";
  if (carrier.stopping) {
    return "stopnote, " + std::to_string(stopwait_) + (stopwait_ == 1 ? " P" : " Ps") +
           " not stopped";
  }
  return "nothing to do";
}

// The plan's terms whose trigger alone decides; where dice fall too, it may have fired.
std::string Teller::fault_at(Site site, uint32_t visit) const {
  for (const inject::FailTerm& term : input_.plan.terms) {
    if (term.where != inject::Where::kPoint || term.number != site) continue;
    const uint32_t n = std::max<uint32_t>(term.trigger_n, 1);
    if (term.trigger == inject::Trigger::kNth && visit != n) continue;
    if (term.trigger == inject::Trigger::kEvery && visit % n != 0) continue;
    const char* sure = term.probability_ppm == inject::kPpmMax && term.count_max == 0
                           ? "FAULT "
                           : "FAULT, perhaps: ";
    return sure + inject::print_term(term, site_names().points);
  }
  return "";
}

std::string Teller::plainly(const Happening& access) const {
  const Field field = field_of(access.site);
  std::string text =
      kAccessNames[static_cast<uint8_t>(access_of(access.site)) % std::size(kAccessNames)];
  for (const FieldRow& row : kFields) {
    if (row.field == field) text += std::string(" ") + row.text;
  }
  const std::string name = site_name(access.site);
  if (name.starts_with("g.") || name.starts_with("m.") || name.starts_with("p.")) {
    text += " of " + std::string(1, static_cast<char>(name[0] - 'a' + 'A')) +
            std::to_string(access.object);
  }
  return text;
}

}  // namespace

Story tell(const Outcome& outcome, const Input& input) { return Teller(outcome, input).run(); }

}  // namespace throwsplit::fuzz
