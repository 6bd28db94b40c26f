// The names of sites and points: one table from number to name, filled from the runtime's own.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/report/names.h"

#include <sys/syscall.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inject/sim/sim.h"
#include "runtime/gmp/moves.h"
#include "runtime/trace/trace.h"

namespace throwsplit::fuzz {
namespace {

constexpr Site kSyscallSites = kCallSites + 0x100;
constexpr long kSyscallsEnd = 0x200;
constexpr uint32_t kCallsEnd = 0x40;

struct SyscallRow {
  long number;
  const char* name;
};
constexpr SyscallRow kSyscalls[] = {
    {SYS_read, "read"},
    {SYS_write, "write"},
    {SYS_close, "close"},
    {SYS_sched_yield, "sched_yield"},
    {SYS_pause, "pause"},
    {SYS_nanosleep, "nanosleep"},
    {SYS_getpid, "getpid"},
    {SYS_gettid, "gettid"},
    {SYS_clock_nanosleep, "clock_nanosleep"},
    {SYS_pipe2, "pipe2"},
};

std::string joined(std::string_view prefix, std::string_view text) {
  std::string name(prefix);
  name += text;
  std::ranges::replace(name, ' ', '_');
  return name;
}

struct Tables {
  std::map<Site, std::string> name_of;
  std::map<std::string, Site, std::less<>> number_of;
  std::vector<std::uint16_t> sites;
  std::vector<std::uint8_t> points;

  void add(Site site, std::string name) {
    number_of.emplace(name, site);
    name_of.emplace(site, std::move(name));
  }
  void add_points();
  void add_accesses();
  void add_calls();
  void add_what_was_done();
  Tables() {
    add_points();
    add_accesses();
    add_calls();
    add_what_was_done();
  }
};

void Tables::add_points() {
  for (const PointRow& row : kPoints) {
    add(site_of(row.point), row.name);
    sites.push_back(site_of(row.point));
    points.push_back(static_cast<std::uint8_t>(row.point));
  }
}

void Tables::add_accesses() {
  for (const FieldRow& row : kFields) {
    for (uint16_t i = 0; i < std::size(kAccessNames); i++) {
      const Site site = site_of(row.field, Access{static_cast<std::uint8_t>(i)});
      add(site, joined("", std::string(row.text) + ":" + kAccessNames[i]));
      if (Access{static_cast<std::uint8_t>(i)} <= Access::rmw) sites.push_back(site);
    }
  }
}

void Tables::add_calls() {
  for (uint32_t i = 1; i < kCallsEnd; i++) {
    const Site site = static_cast<Site>(kCallSites + i);
    const char* text = call_name(site);
    if (text == nullptr) continue;
    add(site, joined("call:", text));
    sites.push_back(site);
  }
  for (const SyscallRow& row : kSyscalls) {
    const Site site = static_cast<Site>(kSyscallSites + row.number);
    add(site, joined("syscall:", row.name));
    sites.push_back(site);
  }
  for (long i = 0; i < kSyscallsEnd; i++) {
    const Site site = static_cast<Site>(kSyscallSites + i);
    if (!name_of.contains(site)) add(site, "syscall:n" + std::to_string(i));
  }
}

// Nobody chooses at these; they are named for reports.
void Tables::add_what_was_done() {
  for (const EventRow& row : kEvents) {
    add(static_cast<Site>(kEventSites + static_cast<uint16_t>(row.event)),
        joined("event:", row.name));
  }
  for (uint32_t i = 0; i < kMoveCount; i++) {
    const char* kind = kMoves[i].kind == MoveKind::g ? "move:g" : "move:p";
    add(static_cast<Site>(kMoveSites + i), kind + std::to_string(kMoves[i].number));
  }
}

const Tables& tables() {
  static const Tables tables;
  return tables;
}

std::optional<Site> number_of(std::string_view name) {
  const auto found = tables().number_of.find(name);
  if (found == tables().number_of.end()) return std::nullopt;
  return found->second;
}

SiteNames make_site_names() {
  SiteNames names;
  names.number_of = number_of;
  names.name_of = site_name;
  names.all = [] {
    std::vector<std::string> all;
    for (const std::uint16_t site : tables().sites)
      all.push_back(site_name(site));
    return all;
  };
  names.points.number_of = [](std::string_view name) -> std::optional<std::uint8_t> {
    const auto site = number_of(name);
    if (!site || *site >= 256) return std::nullopt;
    return static_cast<std::uint8_t>(*site);
  };
  names.points.name_of = [](std::uint8_t number) { return site_name(number); };
  names.points.all = [] {
    std::vector<std::string> all;
    for (const std::uint8_t point : tables().points)
      all.push_back(site_name(point));
    return all;
  };
  return names;
}

}  // namespace

const SiteNames& site_names() {
  static const SiteNames names = make_site_names();
  return names;
}

std::string site_name(Site site) {
  const auto found = tables().name_of.find(site);
  return found == tables().name_of.end() ? "" : found->second;
}

const Vocabulary& vocabulary() {
  static const Vocabulary words = {tables().sites, tables().points, {}, false, true};
  return words;
}

const char* call_name(Site site) {
  switch (site) {
#define CALL(number, name, kind, text) \
  case kCallSites + number: return text;
#include "inject/sim/calls.def"
#undef CALL
    default: break;
  }
  const bool is_syscall = site >= kSyscallSites && site < kSyscallSites + 0x200;
  return is_syscall ? "system call" : nullptr;
}

std::string syscall_name(long number) {
  for (const SyscallRow& row : kSyscalls) {
    if (row.number == number) return row.name;
  }
  return "system call " + std::to_string(number);
}

}  // namespace throwsplit::fuzz
