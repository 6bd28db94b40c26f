// Broken if this fails: a function of the system-call path may grow, move or preempt its stack.
// SPDX-License-Identifier: Apache-2.0
// flavours: plain chaos sim
//
// Reads the machine code of this very program. A split check is a comparison with %fs:0x70, and its
// slow side a call of __morestack; a nosplit function contains neither, anywhere. The positive
// control is what makes the test worth something: ordinary functions of the runtime do begin with a
// check (a build without -fsplit-stack, or a linker that rewrites checks, fails there).
#include <ctype.h>
#include <cxxabi.h>
#include <elf.h>
#include <gtest/gtest.h>
#include <link.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "runtime/base/flavour.h"
#include "runtime/runtime.h"
#include "runtime/sched/sched.h"

namespace throwsplit {
namespace {

// Every name that is declared NOSPLIT under runtime/ (a test below compares), and what is written
// in assembly.
const std::set<std::string> kNosplit = {
    "ask_move",
    "Syscall",
    "Syscallblock",
    "__morestack",
    "badcasgstatus",
    "badscanstatus",
    "badpmove",
    "begin_syscall",
    "blocking_edges",
    "casgstatus",
    "casgstatus_stale",
    "casgstatus_wait",
    "check_assert_failed",
    "check_mapped",
    "check_mapped_passed",
    "context_start",
    "context_switch",
    "crash_report",
    "entersyscall",
    "entersyscallblock",
    "exitsyscall",
    "exitsyscall_queued",
    "exitsyscallfast",
    "getg",
    "getg_",
    "gogo",
    "gostart",
    "gostart_mapped",
    "grow_silently",
    "guard_slot_address",
    "hook_call",
    "inject_act",
    "injected_stop_ask",
    "io_order_after",
    "io_order_before",
    "mcall",
    "morestack",
    "morestack_canonical",
    "morestack_mapped",
    "notewakeup",
    "os_futexwakeup",
    "os_procyield",
    "os_syscall6",
    "own_place",
    "pcas",
    "place",
    "preempt_self",
    "pset",
    "repoison",
    "san_arrive",
    "san_fake_stack",
    "san_leave",
    "san_leave_hook",
    "save",
    "set_hook_context",
    "setg",
    "settle",
    "settle_alone",
    "settle_pair",
    "stack_grow_in_place",
    "syscall",
    "syscall_block",
    "systemstack",
    "systemstack_rarely",
    "throw_",
    "throw_details",
    "throw_overflow",
    "trace_write",
};

// Must be there: no compiler may have dissolved these into their callers.
const std::set<std::string> kExternal = {
    "Syscall",
    "Syscallblock",
    "__morestack",
    "casgstatus",
    "check_assert_failed",
    "crash_report",
    "entersyscall",
    "exitsyscall",
    "exitsyscallfast",
    "getg",
    "gogo",
    "entersyscallblock",
    "inject_act",
    "mcall",
    "morestack",
    "os_procyield",
    "os_syscall6",
    "pcas",
    "preempt_self",
    "pset",
    "repoison",
    "save",
    "systemstack",
    "throw_",
    "throw_details",
};

const std::set<std::string> kOrdinary = {
    "acquirep", "findrunnable",  "goready",  "gopark",        "handoffp",
    "lock",     "newproc",       "newstack", "print_world",   "ready",
    "runqput",  "schedule_loop", "startm",   "starttheworld", "stoptheworld",
    "sysmon",   "timers_fire",   "unlock",   "wakep",         "world_run",
};
// As above, but a compiler may dissolve them.
const std::set<std::string> kOrdinaryDissolved = {"findrunnable"};

// So that the whole runtime is linked into this program.
const char* (*volatile const kWorld)(const Config&, void (*)(void*), void*) = run_world;

struct Function {
  std::string symbol;
  std::vector<uint8_t> code;
  uintptr_t address = 0;
};

// What a symbol is called in the source, without namespaces and arguments; "" if it is not ours.
std::string source_name(const std::string& symbol) {
  const std::string prefix = "throwsplit_" THROWSPLIT_TEXT(THROWSPLIT_FLAVOUR) "_";
  if (symbol.starts_with(prefix)) return symbol.substr(prefix.size());
  if (symbol == "__morestack") return symbol;
  int status = 0;
  char* text = abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status);
  if (text == nullptr) return "";
  std::string name = text;
  free(text);
  const std::string anonymous = "(anonymous namespace)::";
  for (size_t at; (at = name.find(anonymous)) != std::string::npos;)
    name.erase(at, anonymous.size());
  const std::string ours = "throwsplit::" THROWSPLIT_TEXT(THROWSPLIT_FLAVOUR) "::";
  // A lambda in a function is a function of its own.
  if (!name.starts_with(ours) || name.find(")::") != std::string::npos) return "";
  name = name.substr(ours.size(), name.find('(') - ours.size());
  return name.find(':') == std::string::npos ? name : "";
}

uintptr_t load_address() {
  uintptr_t address = 0;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* out) {
        *static_cast<uintptr_t*>(out) = info->dlpi_addr;
        return 1;  // the first is the program
      },
      &address);
  return address;
}

// The functions of this program that are ours, by their name in the source. Fragments that a
// compiler split off (.cold, .part) come under the name of the whole.
std::multimap<std::string, Function> functions() {
  std::ifstream file("/proc/self/exe", std::ios::binary);
  std::vector<char> image((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  auto at = [&image](uint64_t offset) { return image.data() + offset; };
  Elf64_Ehdr header;
  memcpy(&header, at(0), sizeof header);
  std::vector<Elf64_Shdr> sections(header.e_shnum);
  memcpy(sections.data(), at(header.e_shoff), sections.size() * sizeof(Elf64_Shdr));
  std::multimap<std::string, Function> found;
  for (const Elf64_Shdr& table : sections) {
    if (table.sh_type != SHT_SYMTAB) continue;
    const char* names = at(sections[table.sh_link].sh_offset);
    for (uint64_t i = 0; i < table.sh_size / sizeof(Elf64_Sym); i++) {
      Elf64_Sym symbol;
      memcpy(&symbol, at(table.sh_offset + i * sizeof symbol), sizeof symbol);
      if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF) continue;
      Function function;
      function.symbol = names + symbol.st_name;
      std::string name = source_name(function.symbol);
      if (name.empty()) continue;
      function.address = load_address() + symbol.st_value;
      const Elf64_Shdr& text = sections[symbol.st_shndx];
      const char* begin = at(text.sh_offset + symbol.st_value - text.sh_addr);
      function.code.assign(begin, begin + symbol.st_size);
      found.emplace(name, function);
    }
  }
  return found;
}

// Where in `code` a register is compared with %fs:0x70; -1: nowhere.
//   64  4x  3b|39  mod=00 rm=100  25  70 00 00 00
long find_check(const std::vector<uint8_t>& code) {
  constexpr size_t kBytes = 9;
  for (size_t i = 0; i + kBytes <= code.size(); i++) {
    const uint8_t* p = &code[i];
    uint32_t displacement;
    memcpy(&displacement, p + 5, sizeof displacement);
    if (p[0] == 0x64 && (p[1] & 0xf0) == 0x40 && (p[2] == 0x3b || p[2] == 0x39) &&
        (p[3] & 0xc7) == 0x04 && p[4] == 0x25 && displacement == GUARD_SLOT) {
      return static_cast<long>(i);
    }
  }
  return -1;
}

bool calls(const Function& function, uintptr_t target) {
  const std::vector<uint8_t>& code = function.code;
  for (size_t i = 0; i + 5 <= code.size(); i++) {
    int32_t distance;
    memcpy(&distance, &code[i + 1], sizeof distance);
    if (code[i] == 0xe8 && function.address + i + 5 + static_cast<intptr_t>(distance) == target) {
      return true;
    }
  }
  return false;
}

TEST(Prologue, NosplitFunctionsContainNoCheck) {
  ASSERT_NE(kWorld, nullptr);
  const auto all = functions();
  ASSERT_EQ(all.count("__morestack"), 1u);
  const uintptr_t morestack_entry = all.find("__morestack")->second.address;
  for (const std::string& name : kExternal)
    EXPECT_GE(all.count(name), 1u) << name << " is not in this program";
  for (const auto& [name, function] : all) {
    if (kNosplit.count(name) == 0) continue;
    EXPECT_FALSE(function.code.empty()) << function.symbol << " has no size";
    EXPECT_EQ(find_check(function.code), -1) << function.symbol << " checks its stack";
    EXPECT_FALSE(calls(function, morestack_entry)) << function.symbol << " calls __morestack";
  }
}

TEST(Prologue, OrdinaryFunctionsBeginWithACheck) {
  constexpr long kPrologueBytes = 32;
  const auto all = functions();
  const uintptr_t morestack_entry = all.find("__morestack")->second.address;
  for (const std::string& name : kOrdinary) {
    bool begins = false;
    for (auto [one, end] = all.equal_range(name); one != end; ++one) {
      long place = find_check(one->second.code);
      begins |= place >= 0 && place < kPrologueBytes && calls(one->second, morestack_entry);
    }
    bool dissolved = all.count(name) == 0 && kOrdinaryDissolved.count(name) != 0;
    EXPECT_TRUE(begins || dissolved) << name << " does not begin with a check";
  }
}

// The names declared with the word: of each, what stands before the next parenthesis.
void collect_declared(const std::string& text, std::set<std::string>& names) {
  const std::string word = "NOSPLIT";
  for (size_t at = 0; (at = text.find(word, at)) != std::string::npos;) {
    at += word.size();
    const size_t end = text.find_first_of(";{}()", at);
    if (end == std::string::npos || text[end] != '(') continue;
    size_t begin = end;
    while (begin > at &&
           (isalnum(static_cast<unsigned char>(text[begin - 1])) != 0 || text[begin - 1] == '_'))
      begin--;
    if (begin < end) names.insert(text.substr(begin, end - begin));
  }
}

TEST(Prologue, TheTableHoldsEveryNosplitName) {
  std::set<std::string> declared;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("runtime")) {
    const std::string path = entry.path().string();
    if (!path.ends_with(".h") && !path.ends_with(".cc")) continue;
    if (path.ends_with("_test.cc") || path.ends_with("_bench.cc")) continue;
    if (path.starts_with("runtime/crimes/") || path == "runtime/base/nosplit.h") continue;
    std::ifstream file(path);
    std::string line;
    std::string text;
    while (std::getline(file, line))
      text += line.substr(0, line.find("//")) + "\n";
    collect_declared(text, declared);
  }
  EXPECT_GE(declared.size(), 20u) << "run this test at the root of the sources";
  for (const std::string& name : declared)
    EXPECT_EQ(kNosplit.count(name), 1u) << name << " is NOSPLIT and not in this test's table";
}

}  // namespace
}  // namespace throwsplit
