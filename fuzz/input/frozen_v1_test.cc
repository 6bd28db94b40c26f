// If this fails: files of version 1 that people have committed no longer mean what they meant.
// SPDX-License-Identifier: Apache-2.0
//
// Nothing here may ever be edited, only added to. If a change breaks it, the change needs a new
// version byte. Longer than most files, because the texts are written out.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fuzz/input/decode.h"
#include "fuzz/input/encode.h"
#include "fuzz/input/text.h"

namespace throwsplit::fuzz {
namespace {

struct Frozen {
  std::string_view name;
  std::string_view hex;
  std::string_view text;
};

// clang-format off
constexpr Frozen kFrozen[] = {
    {"nothing at all",
     "",
     R"(procs 2
rescues on
body main
)"},
    {"the default",
     "5453504c01010700000001013f0000000002000000000300000000040b0000000000000000000000"
     "0000000000000000",
     R"(procs 2
rescues on
body main
)"},
    {"every op",
     "5453504c0101070000000200047856341202410000000001400304d00002080309c3e80a0b0f1000"
     "100111012612000010130103c12c14001501204021c0c82802292a012b602c2d3804400941024042"
     "01435077ffff020300000000040b00000000000000000000000000000000000000",
     R"(procs 3
rescues off
machines 5
flags 305419896
body main
  nop
  call 512
    checksum
    grow 4096
  ret
  spin 3
  hog 1000
  yield
  preempt g15
  getpid fast
  getpid block
  nanosleep block 20us
  read fast pipe 0 bytes 16
  write block pipe 3 bytes 300
  pause fast
  sched_yield block
  blocking 10ms
  systemstack 200
  spawn 2
  park
  wake g1
  sleep 60s
  lockthread
  unlockthread
  stw 4
  web 9
  lend goroutine g2 bytes 64
  callback 1
  shrink
  collect
  op_0x77
body 1
body 2
  ret
)"},
    {"operands of every tier",
     "5453504c01010700000001013f00000000023f000000010001c00701bf01c5f901dfff01e0200001"
     "e1000008bf08c0c004bf04c0c02b002b012b632b642bc07b2bdfff2be0007d03e82be0075bcd152b"
     "f74876e7ff0300000000040b00000000000000000000000000000000000000",
     R"(procs 2
rescues on
body main
  call 0
    call 7
      call 1528
        call 1529
          call 8191
            call 8192
              call 65536
                spin 191
                spin 192
                grow 191
                grow 192
                sleep 0ns
                sleep 1ns
                sleep 90s
                sleep 100s
                sleep 123us
                sleep 8191us
                sleep 8193us
                sleep 123456789ns
                sleep 99999999999ns
)"},
    {"every action and fault",
     "5453504c01010700000001013f00000000020000000003400200000001000040420f000000000000"
     "000000000000000000000000070100a0860100000000000000000050c30000000000000007020001"
     "000000030000000000000000000000000000000025030140420f0000000000030000000000000000"
     "00000000ff040240420f0000000000ffffffff00000000000000000002050040420f000000000000"
     "00000000000000000000000002060040420f00000000000000000000000000000000000002070040"
     "420f00000000000000000000000000000000000108100040420f0000000000000000000c00000000"
     "0000000119110040420f00000000000000000000100000000000000100120040420f000000000000"
     "00000000000000000000000101130040420f00000000000000000000e87648170000000102100040"
     "420f00000000000000000004000000000000000109030040420f0000000000000000000000000000"
     "0000000110100040420f0000000000000000000b000000000000000111130040420f000000000000"
     "00000040420f00000000000118100040420f000000000000000000ff0f000000000000011a100040"
     "420f0000000000000000000500000000000000011b130040420f000000000000000000e803000000"
     "0000000120030000000000000000000000000000000000000000000121130040420f000000000000"
     "00000000ca9a3b000000000122130040420f000000000000000000005847f80d00000001ee110040"
     "420f00000000000000000001000000000000000003630040420f0000000000000000000000000000"
     "000000040b00000000000000000000000000000000000000",
     R"(procs 2
rescues on
body main
faults
  point_0x1=off
  point_0x7=10%sleep(50us)
  point_0x7=0.0001%3*yield
  point_0x25=nth(3)fail
  point_0xff=every(4294967295)preempt
  point_0x2=move
  point_0x2=stop
  point_0x2=collect
  mmap_refused=error(ENOMEM)
  syscall_short=short(4096)
  futex_spurious_wake=spurious
  futex_late_wake=late(100s)
  futex_eintr=error(EINTR)
  mprotect_refused=fail
  thread_create_refused=error(EAGAIN)
  thread_start_late=late(1ms)
  syscall_eintr=error(4095)
  syscall_error=error(EIO)
  syscall_late=late(1us)
  timer_early=0%fail
  timer_late=late(1s)
  clock_jump=late(60s)
  fault_0xee=short(1)
  point_0x3=action_0x63
)"},
    {"a schedule by rows",
     "5453504c01010700000001013f0000000002000000000300000000041b000000012a000000000000"
     "0003000300020208100000fffff0ffffffffff0000000000",
     R"(procs 2
rescues on
body main
schedule random seed 42
  site_0x3 #3 -> m2
  site_0x1008 #1 -> m0
  site_0xffff #4294967295 -> m255
)"},
    {"pct",
     "5453504c01010700000001013f0000000002000000000300000000040b0000000300000000000000"
     "0000000000000000",
     R"(procs 2
rescues on
body main
schedule pct
)"},
    {"a schedule by bytes",
     "5453504c01010700000001013f00000000020000000003000000000443000000081032547698badc"
     "fe03000300020208100000fffff0ffffffffff00070e151c232a31383f464d545b626970777e858c"
     "939aa1a8afb6bdc4cbd2d9e0e7eef5fc030a110000000000",
     R"(procs 2
rescues on
body main
schedule bytes seed 18364758544493064720
  site_0x3 #3 -> m2
  site_0x1008 #1 -> m0
  site_0xffff #4294967295 -> m255
  choices 00070e151c232a31383f464d545b626970777e858c939aa1a8afb6bdc4cbd2d9
  choices e0e7eef5fc030a11
)"},
    {"a strategy without a name",
     "5453504c01010700000001013f0000000002000000000300000000040b0000007700000000000000"
     "0000000000000000",
     R"(procs 2
rescues on
body main
schedule strategy_0x77
)"},
    {"the raw form",
     "03013f0000000028013803ff12000010fe0007040140420f00000000000300000000000000000000"
     "00ff0107000000000000000100030000020102",
     R"(procs 4
rescues on
body main
  spawn 1
  stw 3
body 1
  read fast pipe 0 bytes 16
faults
  point_0x7=nth(3)preempt
schedule random seed 7
  site_0x3 #1 -> m2
  choices 0102
)"},
    {"raw noise, every field folded",
     "c1675e0bb980a511a88a42f7116396023853ff204b125a12224244108d0338dafc2190ff018d0a50"
     "2a092b133841ff2c431199a42d144d09c7fa2c0b0709690001a3289328b015a129204a2c20042914"
     "7f2dff08e98f88000b5fff2a550988502b8b0924002c138d70b92c403b2941c44d09430b9441258d"
     "0b6c002c096938a550118c3c119c4eff1366274aff2c14a042092d42550bbb2d0889ff5015c64223"
     "100a2a4fff50105d0311cce48a1df922ff090bff38d3ab2b08148f019bff2b602aadfe96d906ed75"
     "9044687d393773fae8cbb90100d00bde309b75e6fd055983bb9c861abcd21ce47484c16c98624119"
     "55223f991b036e2be7c55da0795b7f98522825075d40e401699c3d0a60068217f8f57f0da1f0c899"
     "1dcbfb57e0126cfc0193fc612207dfd06cdf77ecf2326d2f2aa56bbff433b0f71135944919127bad"
     "54f46ae47cbce78004d2efccdd2d1e883cc7e7ff040820e258a210f0b2060142ce925c0a26a76d96"
     "ebfb4cf3f7cd0bfa68b1377c19bcfa511363b8e7ffb7cc807b278645fd6dc21fbc6b9069daf3636a"
     "3eb55259b2e7bfa835ea0c",
     R"(procs 2
rescues on
machines 31
flags 2776676619
body main
  nanosleep fast 200ms
  callback 7
  nanosleep block 5s
  ret
  stw 83
body 1
  blocking 300ms
  read fast pipe 2 bytes 34
  callback 4
  getpid block
  checksum
  stw 902
  systemstack 144
body 2
  call 1128
    yield
    collect
    wake g9
    sleep 100ns
    stw 65
body 3
  lockthread
  shrink
  nanosleep block 100us
  unlockthread
  pause block
  hog 40
  lockthread
  preempt g7
  hog 105
  nop
  call 1304
    spawn 3
    spawn main
    sched_yield block
    park
    blocking 200ms
    lockthread
    blocking 4ns
    park
    pause block
    unlockthread
body 4
  spin 943
  nop
  preempt g15
body 5
  wake g5
  hog 136
  collect
  sleep 300ms
  hog 36
  nop
  lockthread
  write block pipe 0 bytes 185
  lockthread
  web 59
  park
  lend goroutine g4 bytes 77
  hog 67
  preempt g4
  lend goroutine g5 bytes 141
  preempt g12
  nop
  lockthread
  hog 105
  stw 165
  collect
  nanosleep fast 6ms
  nanosleep fast 600ms
body 6
  write fast pipe 3 bytes 74
body 7
  lockthread
  pause fast
  callback 1
  unlockthread
  callback 5
  preempt g11
  unlockthread
  spin 137
  collect
  sched_yield fast
  callback 3
  getpid fast
  wake g15
  collect
  getpid block
  checksum
  nanosleep fast 19497089314ns
  hog 11
  stw 30
  sleep 8ns
  pause block
  call 1240
    sleep 60s
    wake g13
faults
  point_0xd9=32.2144%1932999037*stop
  point_0xfd=41.6305%483572762*every(3246683364)move
  syscall_late=24.9286%2136701344*every(623399576)fail
  point_0x60=82.4117%3371213069*nth(4224392601)stop
  clock_jump=12.9077%1832055532*nth(1805986351)off
  syscall_short=39.5563%3887889636*off
schedule pos seed 12893824022623690760
  site_0xce42 #147 -> m92
  site_0x260a #168 -> m109
  site_0xeb96 #3455578956 -> m11
  site_0x68fa #178 -> m55
  site_0x197c #189 -> m250
  choices 511363b8e7ffb7cc807b278645fd6dc21fbc6b9069daf3636a3eb55259b2e7bf
  choices a835ea0c
)"},
    {"another version and an unknown section",
     "5453504c09420700000001013f0000000002000000000300000000040b0000000000000000000000"
     "0000000000000000",
     R"(procs 2
rescues on
body main
)"},
    {"a file cut short",
     "5453504c01010700000001013f0000000002080000002801ff12",
     R"(procs 2
rescues on
body main
  spawn 1
body 1
  read fast pipe 0 bytes 0
)"},
    {"the magic and no more",
     "5453504c",
     R"(procs 2
rescues on
body main
)"},
};
// clang-format on

std::vector<std::uint8_t> bytes_of(std::string_view hex) {
  const auto nibble = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(nibble(hex[i]) << 4 | nibble(hex[i + 1])));
  }
  return bytes;
}

TEST(FrozenV1, BytesMeanTheSameText) {
  for (const Frozen& frozen : kFrozen) {
    EXPECT_EQ(print(decode(bytes_of(frozen.hex)), {}), frozen.text) << frozen.name;
  }
}

TEST(FrozenV1, TextsMeanTheSameInput) {
  for (const Frozen& frozen : kFrozen) {
    const auto parsed = parse(frozen.text, {});
    const auto* program = std::get_if<Program>(&parsed);
    ASSERT_NE(program, nullptr) << frozen.name;
    EXPECT_EQ(program->input, decode(bytes_of(frozen.hex))) << frozen.name;
  }
}

// What the strict reader takes, the writer still writes bit for bit.
TEST(FrozenV1, FilesAreWrittenTheSame) {
  int files = 0;
  for (const Frozen& frozen : kFrozen) {
    const std::vector<std::uint8_t> bytes = bytes_of(frozen.hex);
    const auto decoded = decode_file(bytes);
    if (const auto* input = std::get_if<Input>(&decoded)) {
      EXPECT_EQ(encode(*input), bytes) << frozen.name;
      files++;
    }
  }
  EXPECT_EQ(files, 8);
}

}  // namespace
}  // namespace throwsplit::fuzz
