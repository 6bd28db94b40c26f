// If this fails: a committed .prog says something else than it seems to, or an error misleads.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/input/text.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "fuzz/input/random_input.h"

namespace throwsplit::fuzz {
namespace {

constexpr std::string_view kExample =
    "# A stop that begins while a call blocks must not wait for it.\n"
    "# Second line of the title.\n"
    "expect finding O3\n"
    "procs 2\n"
    "rescues off\n"
    "machines 9\n"
    "flags 5\n"
    "body main\n"
    "  spawn reader\n"
    "  spawn 2\n"
    "  wake g1\n"
    "  nanosleep block 20us\n"
    "  stw 3\n"
    "body reader\n"
    "  call 512\n"
    "    read fast pipe 0 bytes 16\n"
    "    call 64\n"
    "      checksum\n"
    "    ret\n"
    "  ret\n"
    "  ret\n"
    "  op_0x77\n"
    "body 2\n"
    "faults\n"
    "  entersyscall_gcwait=nth(3)preempt\n"
    "  point_0xfe=1%fail\n"
    "  futex_spurious_wake=10%spurious\n"
    "schedule random seed 42\n"
    "  sysmonwait_window #3 -> m2\n"
    "  g.status:load #1 -> m0\n"
    "  site_0x4 #2 -> m1\n"
    "  site_0xffff #4294967295 -> m255\n"
    "  choices 00ff12\n";

Program good(std::string_view text) {
  auto parsed = parse(text, test_names());
  const auto* error = std::get_if<ProgramError>(&parsed);
  EXPECT_EQ(error, nullptr) << (error != nullptr ? describe(*error, "text") : "") << "\n" << text;
  return error != nullptr ? Program{} : std::move(*std::get_if<Program>(&parsed));
}

std::string bad(std::string_view text) {
  const auto parsed = parse(text, test_names());
  const auto* error = std::get_if<ProgramError>(&parsed);
  return error == nullptr ? "no error" : describe(*error, "a.prog");
}

TEST(Text, SaysAllParts) {
  const Program program = good(kExample);
  EXPECT_EQ(program.title,
            "A stop that begins while a call blocks must not wait for it.\n"
            "Second line of the title.");
  EXPECT_EQ(program.expect, "finding O3");
  EXPECT_EQ(program.input.config, (Config{2, false, 9, 5}));
  ASSERT_EQ(program.input.bodies.size(), 3u);
  EXPECT_EQ(program.body_names, (std::vector<std::string>{"", "reader"}));
  EXPECT_EQ(program.input.bodies[0].ops[3],
            (Op{static_cast<std::uint8_t>(OpCode::kNanosleep), {1, 20'000, 0}}));
  EXPECT_EQ(program.input.plan.terms.size(), 3u);
  EXPECT_EQ(program.input.schedule.rows[0], (ScheduleRow{3, 3, 2}));
  EXPECT_EQ(program.input.schedule.choice_bytes, (std::vector<std::uint8_t>{0, 0xff, 0x12}));
  EXPECT_TRUE(is_valid(program.input));
}

TEST(Text, PrintsCanonically) { EXPECT_EQ(print(good(kExample), test_names()), kExample); }

TEST(Text, WrittenFreelyMeansTheSame) {
  const Program program = good(
      "\n  # Title.   \n\n# no title any more\r\nschedule keep\n\tg.status:load   #1 -> m0 # why\n"
      "faults\n mmap_refused=fail;mmap_refused=fail  # twice\nprocs 8 # eight\nbody b\n"
      "spawn main\n spawn c\nbody 0\nbody c\n");
  EXPECT_EQ(print(program, test_names()),
            "# Title.\nprocs 8\nrescues on\nbody main\nbody b\n  spawn main\n  spawn c\nbody c\n"
            "faults\n  mmap_refused=fail\n  mmap_refused=fail\nschedule keep\n"
            "  g.status:load #1 -> m0\n");
}

TEST(Text, DefaultIsShort) {
  EXPECT_EQ(print(Input{}, {}), "procs 2\nrescues on\nbody main\n");
  EXPECT_EQ(good("").input, Input{});
  EXPECT_EQ(good("# Only a title.").title, "Only a title.");
}

TEST(Text, SurvivesBytesAndBack) {
  Dice dice(4);
  const SiteNames names = test_names();
  for (int round = 0; round < 200'000; round++) {
    const Input input = decode(random_bytes(dice));
    const std::string text = print(input, names);
    const auto parsed = parse(text, names);
    const Program* program = std::get_if<Program>(&parsed);
    ASSERT_NE(program, nullptr) << describe(*std::get_if<ProgramError>(&parsed), "text") << text;
    ASSERT_EQ(program->input, input) << text;
    ASSERT_EQ(print(*program, names), text);
  }
}

TEST(Text, NoNamesAreNeeded) {
  const Input input = good(kExample).input;
  const auto parsed = parse(print(input, {}), {});
  ASSERT_NE(std::get_if<Program>(&parsed), nullptr);
  EXPECT_EQ(std::get_if<Program>(&parsed)->input, input);
}

// Damaged texts: never a crash, an error within the text, and what parses prints stably.
TEST(Text, NoTextBreaksTheParser) {
  Dice dice(5);
  const SiteNames names = test_names();
  for (int round = 0; round < 100'000; round++) {
    std::string text(kExample);
    for (std::uint64_t i = 1 + dice.below(3); i > 0; i--) {
      const std::size_t at = dice.below(text.size());
      const std::size_t other = dice.below(text.size());
      switch (dice.below(4)) {
        case 0:  text[at] = static_cast<char>(dice.byte()); break;
        case 1:  text.erase(at, 1 + dice.below(20)); break;
        case 2:  text.insert(at, text.substr(other, dice.below(20))); break;
        default: std::swap(text[at], text[other]); break;
      }
    }
    const auto parsed = parse(text, names);
    if (const auto* error = std::get_if<ProgramError>(&parsed)) {
      ASSERT_GE(error->line, 1u);
      ASSERT_GE(error->column, 1u);
      ASSERT_TRUE(error->message.starts_with("expected ")) << error->message;
      ASSERT_NE(error->message.find(", found "), std::string::npos) << error->message;
      continue;
    }
    const Program& program = *std::get_if<Program>(&parsed);
    ASSERT_TRUE(is_valid(program.input));
    const std::string once = print(program, names);
    ASSERT_EQ(good(once).input, program.input) << once;
    ASSERT_EQ(print(good(once), names), once);
  }
}

TEST(Text, ErrorsSayWhereAndWhat) {
  EXPECT_EQ(bad("body main\n  reed fast pipe 0 bytes 1\n"),
            "a.prog:2:3: expected an op, found 'reed' (did you mean 'read'?)");
  EXPECT_EQ(bad("body main\n  read quick pipe 0 bytes 1\n"),
            "a.prog:2:8: expected 'fast' or 'block', found 'quick'");
  EXPECT_EQ(bad("body main\n  read fast 0 16\n"), "a.prog:2:13: expected 'pipe', found '0'");
  EXPECT_EQ(bad("body main\n  read fast pipe 4 bytes 16\n"),
            "a.prog:2:18: expected a number from 0 to 3, found '4'");
  EXPECT_EQ(bad("body main\n  read fast pipe 3 bytes\n"),
            "a.prog:2:25: expected a number from 0 to 4096, found the end of the line");
  EXPECT_EQ(bad("body main\n  yield 3\n"), "a.prog:2:9: expected the end of the line, found '3'");
  EXPECT_EQ(bad("body main\n  sleep 20\n"),
            "a.prog:2:9: expected a time such as 20us, at most 100s, found '20'");
  EXPECT_EQ(bad("body main\n  wake 3\n"),
            "a.prog:2:8: expected a goroutine from g0 to g15, found '3'");
  EXPECT_EQ(bad("body main\n  spawn raeder\nbody reader\n"),
            "a.prog:2:9: expected a body, found 'raeder' (did you mean 'reader'?)");
  EXPECT_EQ(bad("body main\n  op_0x29\n"),
            "a.prog:2:3: expected the name of this op, 'park', found 'op_0x29'");
  EXPECT_EQ(bad("body main\n  op_0xff\n"), "a.prog:2:3: expected an op, found 'op_0xff'");
  EXPECT_EQ(bad("nop\n"),
            "a.prog:1:1: expected a setting, or a section (body, faults, schedule), found 'nop'");
  EXPECT_EQ(bad("porcs 2\n"),
            "a.prog:1:1: expected a setting, or a section (body, faults, schedule), found 'porcs' "
            "(did you mean 'procs'?)");
  EXPECT_EQ(bad("procs 9\n"), "a.prog:1:7: expected a number from 1 to 8, found '9'");
  EXPECT_EQ(bad("procs 2\nprocs 2\n"),
            "a.prog:2:1: expected one 'procs' line in a file, found 'procs'");
  EXPECT_EQ(bad("rescues maybe\n"), "a.prog:1:9: expected 'on' or 'off', found 'maybe'");
  EXPECT_EQ(bad("expect failure\n"), "a.prog:1:8: expected 'pass' or 'finding', found 'failure'");
  EXPECT_EQ(bad("expect finding\n"),
            "a.prog:1:15: expected an oracle such as O3, found the end of the line");
  EXPECT_EQ(bad("body 8\n"), "a.prog:1:6: expected a name, or a number from 0 to 7, found '8'");
  EXPECT_EQ(bad("body a\nbody a\n"), "a.prog:2:6: expected a new body, found 'a'");
  EXPECT_EQ(bad("body 1\nbody 1\n"), "a.prog:2:6: expected a new body, found '1'");
  EXPECT_EQ(bad("body 7\nbody a\n"), "a.prog:2:6: expected at most 8 bodies, found 'a'");
}

TEST(Text, ErrorsInFaultsAndSchedule) {
  EXPECT_EQ(bad("faults\n  entersyscall_gcwait=10%slep(50us)\n"),
            "a.prog:2:26: expected an action, found 'slep' (did you mean 'sleep'?)");
  EXPECT_EQ(bad("schedule rendom\n"),
            "a.prog:1:10: expected a strategy, found 'rendom' (did you mean 'random'?)");
  EXPECT_EQ(bad("schedule random 42\n"), "a.prog:1:17: expected 'seed', found '42'");
  EXPECT_EQ(bad("schedule keep\n  sysmonwait_windw #1 -> m0\n"),
            "a.prog:2:3: expected a site, or 'choices', found 'sysmonwait_windw' "
            "(did you mean 'sysmonwait_window'?)");
  EXPECT_EQ(bad("schedule keep\n  site_0x1 #0 -> m0\n"),
            "a.prog:2:12: expected an occurrence such as #3, counted from 1, found '#0'");
  EXPECT_EQ(bad("schedule keep\n  site_0x1 #1 m0\n"), "a.prog:2:15: expected '->', found 'm0'");
  EXPECT_EQ(bad("schedule keep\n  site_0x1 #1 -> m256\n"),
            "a.prog:2:18: expected a carrier from m0 to m255, found 'm256'");
  EXPECT_EQ(bad("schedule keep\n  choices 0f0\n"),
            "a.prog:2:11: expected pairs of lower-case hex digits, found '0f0'");
  EXPECT_EQ(bad("choices 00\n"),
            "a.prog:1:1: expected 'choices' only in the schedule section, found 'choices'");
  EXPECT_EQ(bad("# a\x7f\n"), "a.prog:1:4: expected text, found byte 0x7f");
  EXPECT_EQ(bad(std::string_view("procs 2\nbody\0main\n", 18)),
            "a.prog:2:5: expected text, found byte 0x0");
}

TEST(Text, LimitsAreErrors) {
  std::string ops = "body main\n";
  for (int i = 0; i < 257; i++)
    ops += "park\n";
  EXPECT_EQ(bad(ops), "a.prog:258:1: expected at most 256 ops in all bodies, found 'park'");
  std::string rows = "schedule keep\n";
  for (int i = 0; i < 257; i++)
    rows += "site_0x1 #1 -> m0\n";
  EXPECT_EQ(bad(rows), "a.prog:258:1: expected at most 256 rows, found 'site_0x1'");
  std::string terms = "faults\n";
  for (int i = 0; i < 65; i++)
    terms += "mmap_refused=fail\n";
  EXPECT_EQ(bad(terms), "a.prog:66:1: expected at most 64 terms, found 'mmap_refused=fail'");
}

TEST(Text, TitlesAndNamesThatCannotBePrintedDoNoHarm) {
  Program program;
  program.input.bodies.resize(5);
  program.title = "\x7f\n one \x7f\n\n# two\ttabs\x01\r\nprocs 9\n\n";
  program.expect = "nothing in particular";
  program.body_names = {"zero", "main", "body", "9 lives", "fine"};
  const std::string text = print(program, {});
  EXPECT_EQ(text,
            "# one\n#\n# # two tabs\n# procs 9\nprocs 2\nrescues on\nbody main\nbody 1\nbody 2\n"
            "body 3\nbody fine\n");
  EXPECT_EQ(print(good(text), {}), text);
}

TEST(Text, Pieces) {
  EXPECT_EQ(print_op({0x12, {1, 2, 3}}), "read block pipe 2 bytes 3");
  EXPECT_EQ(print_op({0x28, {2, 0, 0}}), "spawn 2");
  EXPECT_EQ(print_site(3, test_names()), "sysmonwait_window");
  EXPECT_EQ(print_site(0x12, {}), "site_0x12");
  EXPECT_EQ(print_strategy(Strategy::kPct), "pct");
  EXPECT_EQ(print_strategy(Strategy{0x77}), "strategy_0x77");
}

}  // namespace
}  // namespace throwsplit::fuzz
