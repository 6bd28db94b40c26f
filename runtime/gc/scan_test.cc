// Broken if this fails: a collection does not look where the only pointer to an object stands.
// SPDX-License-Identifier: Apache-2.0
// flavours: plain chaos
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "runtime/base/atomic.h"
#include "runtime/gc/gc.h"
#include "runtime/runtime.h"
#include "runtime/sched/sched.h"

// kept_in_r12(object): calls read(pipe, byte, 1) with r12 alone leading to the object; what else
// held it is wiped. Returns the object.
#define RUNTIME(name) "throwsplit_" THROWSPLIT_TEXT(THROWSPLIT_FLAVOUR) "_" name
extern "C" {
long throwsplit_gc_kept_in_r12(uintptr_t hidden, uintptr_t mask, long pipe, void* byte);
// Reads `count` bytes to where `hidden` leads, which stands only among the call's arguments.
long throwsplit_gc_kept_in_argument(uintptr_t hidden, uintptr_t mask, long pipe, long count);
// mapped_main(object hidden): holds it in word 0 of its frame, in word 1 under a mask, and waits.
void throwsplit_gc_mapped_main(void* hidden);
extern const char throwsplit_gc_begin[], throwsplit_gc_end[], throwsplit_gc_pc_wait[];
__attribute__((used)) throwsplit::McallFn throwsplit_gc_wait;
__attribute__((used)) uint64_t throwsplit_gc_found;
}
asm(R"(
        .text
throwsplit_gc_kept_in_r12:
        pushq   %rbp
        movq    %rsp, %rbp
        pushq   %r12
        subq    $24, %rsp
        movq    %rdi, %r12
        xorq    %rsi, %r12
        movq    %rcx, %rax
        movq    %rdx, %rsi
        movq    %rax, %rdx
        xorl    %edi, %edi
        movl    $1, %ecx
        xorl    %r8d, %r8d
        xorl    %r9d, %r9d
        movq    $0, (%rsp)
        call    )" RUNTIME("Syscall") R"(
        movq    %r12, %rax
        addq    $24, %rsp
        popq    %r12
        popq    %rbp
        ret
throwsplit_gc_kept_in_argument:
        pushq   %rbp
        movq    %rsp, %rbp
        subq    $16, %rsp
        xorq    %rsi, %rdi
        movq    %rdx, %rsi
        movq    %rdi, %rdx
        xorl    %edi, %edi
        xorl    %r8d, %r8d
        xorl    %r9d, %r9d
        movq    $0, (%rsp)
        call    )" RUNTIME("Syscall") R"(
        addq    $16, %rsp
        popq    %rbp
        ret
throwsplit_gc_begin:
throwsplit_gc_mapped_main:
        subq    $24, %rsp
        movabsq $0x5555555555555550, %rax
        movq    %rdi, 8(%rsp)
        xorq    %rax, %rdi
        movq    %rdi, 0(%rsp)
        movq    %rdi, 16(%rsp)
        movq    throwsplit_gc_wait(%rip), %rdi
        call    )" RUNTIME("mcall") R"(
throwsplit_gc_pc_wait:
        movq    (%rsp), %rax
        movq    (%rax), %rax
        movq    %rax, throwsplit_gc_found(%rip)
        addq    $24, %rsp
        ret
throwsplit_gc_end:
)");

namespace throwsplit {
namespace {

constexpr uintptr_t kMask = 0x5555555555555550;

Config procs(uint32_t count) {
  Config config;
  config.procs = count;
  config.gc_trigger_bytes = 0;
  return config;
}

NOINLINE bool is_live(uintptr_t hidden) {
  uint32_t slot;
  return heap_find(this_world().gc.heap, hidden ^ kMask, &slot) != nullptr;
}

// Made where no word outside of this frame leads to it, and this frame is wiped.
NOINLINE uintptr_t make_hidden(size_t bytes, GcHolds holds = GcHolds::words) {
  auto* object = static_cast<uint64_t*>(gc_alloc(bytes, holds));
  object[0] = 0x77;
  return reinterpret_cast<uintptr_t>(object) ^ kMask;
}

NOINLINE void clean() {
  volatile char bytes[8192];
  for (size_t i = 0; i < sizeof bytes; i++)
    bytes[i] = 0;
}

// Without this no test here could fail: the collector finds what is hidden to be garbage.
TEST(Scan, DoesNotSeeWhatIsHidden) {
  ASSERT_EQ(run(procs(1),
                [] {
                  int live = 0;
                  for (int i = 0; i < 10; i++) {
                    const uintptr_t hidden = make_hidden(64);
                    clean();
                    gc();
                    live += is_live(hidden);
                  }
                  EXPECT_LE(live, 1);
                }),
            nullptr);
}

// An object that the frame holds, an array that escapes (which AddressSanitizer keeps in its fake
// stack), an object within an object, a pointer to the inside.
NOINLINE void hold_and_collect() {
  void* volatile direct = gc_alloc(64);
  void* array[8];
  for (void*& each : array)
    each = gc_alloc(48);
  void* volatile escapes = array;
  auto** outer = static_cast<void**>(gc_alloc(32));
  outer[1] = gc_alloc(128);
  const uintptr_t inner = reinterpret_cast<uintptr_t>(outer[1]) ^ kMask;
  auto* inside = static_cast<char*>(gc_alloc(512)) + 300;
  clean();
  gc();
  EXPECT_TRUE(is_live(reinterpret_cast<uintptr_t>(direct) ^ kMask));
  EXPECT_EQ(escapes, static_cast<void*>(array));
  for (void* each : array)
    EXPECT_TRUE(is_live(reinterpret_cast<uintptr_t>(each) ^ kMask));
  EXPECT_TRUE(is_live(inner));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(outer[1]) ^ kMask, inner);
  EXPECT_TRUE(is_live(reinterpret_cast<uintptr_t>(inside) ^ kMask));
}

TEST(Scan, SeesTheFramesOfWhoCollects) {
  ASSERT_EQ(run(procs(1), [] { hold_and_collect(); }), nullptr);
}

TEST(Scan, SeesTheFramesOfWhoWaits) {
  ASSERT_EQ(run(procs(2),
                [] {
                  static uint32_t ready_count;
                  ready_count = 0;
                  static Goroutine waiters[20];
                  for (int i = 0; i < 20; i++) {
                    go([i] {
                      auto* volatile object = static_cast<uint64_t*>(gc_alloc(64 + 16 * i));
                      *object = 1000 + static_cast<uint64_t>(i);
                      waiters[i] = self();
                      atomic_add<acq_rel>(&ready_count, 1u);
                      park();
                      EXPECT_EQ(*object, 1000u + static_cast<uint64_t>(i));
                    });
                  }
                  while (atomic_load<acquire>(&ready_count) != 20)
                    yield();
                  for (int i = 0; i < 10; i++)
                    gc();
                  for (Goroutine each : waiters)
                    ready(each);
                }),
            nullptr);
}

struct Call {
  int ends[2] = {-1, -1};
  uintptr_t hidden = 0;
  long result = 0;
  uint32_t done = 0;
  G* g = nullptr;
};

// Starts fn in a call that reads from a pipe, collects twice meanwhile, ends the call.
void collect_during(Call* call, void (*fn)(Call*)) {
  ASSERT_EQ(pipe(call->ends), 0);
  go([call, fn] {
    atomic_store<release>(&call->g, getg());
    fn(call);
    atomic_store<release>(&call->done, 1u);
  });
  G* gp;
  while ((gp = atomic_load<acquire>(&call->g)) == nullptr || readgstatus(gp) != Gsyscall)
    yield();
  clean();
  gc();
  gc();
  ASSERT_EQ(readgstatus(gp), uint32_t{Gsyscall});
  ASSERT_EQ(write(call->ends[1], "abcdefgh", 8), 8);
  while (atomic_load<acquire>(&call->done) == 0)
    yield();
  close(call->ends[0]);
  close(call->ends[1]);
}

TEST(Scan, SeesTheRegistersOfACall) {
  ASSERT_EQ(run(procs(2),
                [] {
                  static Call call;
                  call = Call();
                  collect_during(&call, [](Call* c) {
                    char byte[8];
                    c->hidden = make_hidden(64);
                    c->result = throwsplit_gc_kept_in_r12(c->hidden, kMask, c->ends[0], byte);
                    EXPECT_EQ(static_cast<uintptr_t>(c->result), c->hidden ^ kMask);
                    EXPECT_TRUE(is_live(c->hidden));
                    EXPECT_EQ(*reinterpret_cast<uint64_t*>(c->result), 0x77u);
                  });
                }),
            nullptr);
}

TEST(Scan, SeesTheArgumentsOfACall) {
  ASSERT_EQ(run(procs(2),
                [] {
                  static Call call;
                  call = Call();
                  collect_during(&call, [](Call* c) {
                    c->hidden = make_hidden(64, GcHolds::bytes);
                    c->result = throwsplit_gc_kept_in_argument(c->hidden, kMask, c->ends[0], 8);
                    EXPECT_EQ(c->result, 8);
                    EXPECT_TRUE(is_live(c->hidden));
                    EXPECT_EQ(memcmp(reinterpret_cast<void*>(c->hidden ^ kMask), "abcdefgh", 8), 0);
                  });
                }),
            nullptr);
}

TEST(Scan, SeesTheFramesOfWhoBlocks) {
  ASSERT_EQ(run(procs(2),
                [] {
                  static Call call;
                  call = Call();
                  collect_during(&call, [](Call* c) {
                    auto* volatile object = static_cast<uint64_t*>(gc_alloc(64));
                    *object = 0x88;
                    blocking(
                        [](void* raw) -> long {
                          char bytes[8];
                          return read(static_cast<Call*>(raw)->ends[0], bytes, 8);
                        },
                        c);
                    EXPECT_EQ(*object, 0x88u);
                  });
                }),
            nullptr);
}

void* global[4];

NOINLINE void set_global(uintptr_t hidden) { global[2] = reinterpret_cast<void*>(hidden ^ kMask); }

TEST(Scan, SeesRegisteredRangesUntilTheyAreTakenBack) {
  ASSERT_EQ(run(procs(1),
                [] {
                  ASSERT_TRUE(gc_root(global, sizeof global));
                  const uintptr_t hidden = make_hidden(64);
                  set_global(hidden);
                  clean();
                  gc();
                  EXPECT_TRUE(is_live(hidden));
                  EXPECT_TRUE(gc_unroot(global));
                  EXPECT_FALSE(gc_unroot(global));
                  clean();
                  gc();
                  EXPECT_FALSE(is_live(hidden));
                  global[2] = nullptr;
                }),
            nullptr);
}

G* mapped;

// Only the word that the map calls a heap pointer counts; the same address in another does not.
TEST(Scan, BelievesTheMapsOfMappedFrames) {
  ASSERT_EQ(
      run(procs(1),
          [] {
            static const uint64_t kHeapWords = 1 << 0;
            static FrameMap map;
            map = {.pc = reinterpret_cast<uintptr_t>(throwsplit_gc_pc_wait),
                   .bytes = 32,
                   .heap_words = &kHeapWords};
            ASSERT_EQ(register_frames({.name = "gc",
                                       .begin = reinterpret_cast<uintptr_t>(throwsplit_gc_begin),
                                       .end = reinterpret_cast<uintptr_t>(throwsplit_gc_end),
                                       .maps = &map,
                                       .count = 1}),
                      nullptr);
            throwsplit_gc_wait = [](G* gp) {
              mapped = gp;
              return gopark_m(gp, nullptr, nullptr, "test");
            };
            for (const bool marked : {true, false}) {
              map.heap_words = marked ? &kHeapWords : nullptr;
              mapped = nullptr;
              throwsplit_gc_found = 0;
              const uintptr_t hidden = make_hidden(64);
              ASSERT_TRUE(go_mapped(throwsplit_gc_mapped_main, reinterpret_cast<void*>(hidden)));
              while (mapped == nullptr)
                yield();
              clean();
              gc();
              EXPECT_EQ(is_live(hidden), marked);
              if (marked) {
                goready(mapped);
                while (readgstatus(mapped) != Gdead)
                  yield();
                EXPECT_EQ(throwsplit_gc_found, 0x77u);
              }
            }
            // The second one's object is gone: give it one to end with.
            auto* slot = reinterpret_cast<uintptr_t*>(mapped->sched.sp + 56);
            *slot = reinterpret_cast<uintptr_t>(gc_alloc(64));
            goready(mapped);
            while (readgstatus(mapped) != Gdead)
              yield();
          }),
      nullptr);
}

// Sleepers become runnable, and calls end, while the world is stopped and their stacks are claimed.
TEST(Scan, HoldsBesideSleepersAndCalls) {
  ASSERT_EQ(run(procs(4),
                [] {
                  for (int i = 0; i < 40; i++) {
                    go([i] {
                      for (int round = 0; round < 50; round++) {
                        auto* volatile object = static_cast<uint64_t*>(gc_alloc(40));
                        *object = static_cast<uint64_t>(i * 1000 + round);
                        if (i % 3 == 0) sleep(100'000);
                        if (i % 3 == 1) syscall(SYS_getpid);
                        if (i % 3 == 2) yield();
                        EXPECT_EQ(*object, static_cast<uint64_t>(i * 1000 + round));
                      }
                    });
                  }
                  for (int i = 0; i < 100; i++)
                    gc();
                }),
            nullptr);
}

}  // namespace
}  // namespace throwsplit
