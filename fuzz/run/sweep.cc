// The sweep: every attempt of a program that may fail is made to fail once, one a run.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/run/sweep.h"

#include <vector>

namespace throwsplit::fuzz {

namespace {

// One term for each place where an attempt can fail, in its plain form.
std::vector<inject::FailTerm> places() {
  std::vector<inject::FailTerm> terms;
  inject::FailTerm term;
  term.action = inject::Action::kFail;
  term.trigger = inject::Trigger::kNth;
  for (const PointRow& row : kPoints) {
    if (row.kind != PointKind::attempt) continue;
    term.where = inject::Where::kPoint;
    term.number = static_cast<uint8_t>(row.point);
    terms.push_back(term);
  }
  for (const inject::FaultRow& row : inject::fault_rows()) {
    term.where = inject::Where::kKernel;
    term.number = row.number;
    terms.push_back(term);
  }
  return terms;
}

}  // namespace

Sweep sweep(const Input& input, uint32_t visits_max,
            const std::function<bool(const Input&, const Outcome&)>& each) {
  Sweep result;
  Input failing = input;
  for (inject::FailTerm term : places()) {
    for (term.trigger_n = 1; term.trigger_n <= visits_max; term.trigger_n++) {
      failing.plan.terms = {term};
      const Outcome outcome = run(failing);
      if (outcome.fired == 0) break;  // the program came by less often
      if (term.trigger_n == 1) result.sites++;
      if (term.trigger_n == visits_max) result.whole = false;
      result.runs++;
      if (!each(failing, outcome)) return result;
    }
  }
  return result;
}

}  // namespace throwsplit::fuzz
