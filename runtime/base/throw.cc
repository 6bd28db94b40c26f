// How the runtime dies: gathers the reason and leaves through crash_report.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/throw.h"

#include "runtime/base/check.h"
#include "runtime/upcalls.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

void throw_(const char* reason) {
  CrashReason crash = {reason, nullptr, 0, nullptr};
  crash_report(&crash);
}

void throw_details(const char* reason, const ThrowDetail* details, uint32_t count) {
  CrashReason crash = {reason, details, count, nullptr};
  crash_report(&crash);
}

void check_assert_failed(const CheckSite* site, uint64_t left, uint64_t right) {
  ThrowDetail details[] = {{"line", site->line}, {"left", left}, {"right", right}};
  CrashReason crash = {site->text, details, 3, site->file};
  crash_report(&crash);
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
