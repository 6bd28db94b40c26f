// A just-in-time compiler in small: one recursive function, with its frame maps.
// SPDX-License-Identifier: Apache-2.0
//
// What a language implementer has to provide (docs/stack.md), in as few bytes as will do. The
// function, written in the language it compiles:
//
//    down(depth): slot = depth; pointer = &slot
//                 if depth > 1: down(depth - 1)  else: fn(argument) on the system stack
//                 trap unless *pointer == depth
//
// Its frame, upwards from rsp: the pointer, the slot, nothing, saved rbp, the return address.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>

#include "runtime/arch/arch.h"
#include "runtime/stack/framemap.h"

namespace throwsplit {

class TinyJit {
 public:
  // Frames of so many bytes (a multiple of 16, at least 48).
  TinyJit(uint32_t frame_bytes, void (*fn)(void*), void* argument)
      : frame_bytes_(frame_bytes), fn_(fn), argument_(argument) {
    code_ = static_cast<uint8_t*>(
        mmap(nullptr, kCodeBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (code_ == MAP_FAILED) return;
    compile();
    mprotect(code_, kCodeBytes, PROT_READ | PROT_EXEC);
    describe();
  }
  ~TinyJit() {
    if (code_ != MAP_FAILED) munmap(code_, kCodeBytes);
  }
  TinyJit(const TinyJit&) = delete;
  TinyJit& operator=(const TinyJit&) = delete;

  // For register_frames, once a world; of nothing, and refused, if there was no memory.
  FrameCode code() const {
    return {.name = "tiny", .begin = address(0), .end = address(at_), .maps = maps_, .count = 4};
  }
  // For go_mapped; its argument is the depth.
  void (*entry() const)(void*) { return reinterpret_cast<void (*)(void*)>(code_); }

 private:
  static constexpr size_t kCodeBytes = 4096;

  uintptr_t address(size_t at) const { return reinterpret_cast<uintptr_t>(code_) + at; }

  void emit(std::initializer_list<uint8_t> bytes) {
    for (const uint8_t byte : bytes)
      code_[at_++] = byte;
  }
  template <typename T>
  void emit_value(T value) {
    memcpy(code_ + at_, &value, sizeof value);
    at_ += sizeof value;
  }
  // A jump of one byte's reach, to be aimed later.
  size_t jump(uint8_t code) {
    emit({code, 0});
    return at_;
  }
  void aim(size_t jump_end) { code_[jump_end - 1] = static_cast<uint8_t>(at_ - jump_end); }
  void call(size_t target) {
    emit({0xe8});
    emit_value(static_cast<int32_t>(target - (at_ + 4)));
  }
  template <typename T>
  void call_far(T* target) {
    emit({0x48, 0xb8});  // mov rax, target
    emit_value(reinterpret_cast<uint64_t>(target));
    emit({0xff, 0xd0});  // call rax
  }

  void compile() {
    emit({0x48, 0x89, 0xfb, 0xe8});  // mov rbx, rdi; call down
    const size_t to_down = at_;
    emit_value(int32_t{0});
    pc_main_ = at_;
    emit({0xc3});  // ret
    const size_t down = at_;
    const auto aimed = static_cast<int32_t>(down - (to_down + 4));
    memcpy(code_ + to_down, &aimed, sizeof aimed);
    compile_check();
    compile_body(down);
  }

  void compile_check() {
    emit({0x48, 0x83, 0xec, 0x08});  // sub rsp, 8: a multiple of 16 at the call below
    const size_t again = at_;
    emit({0x48, 0x8d, 0x84, 0x24});  // lea rax, [rsp - (frame - 16)]
    emit_value(-static_cast<int32_t>(frame_bytes_ - 16));
    emit({0x64, 0x48, 0x3b, 0x04, 0x25});  // cmp rax, fs:[0x70]
    emit_value(int32_t{GUARD_SLOT});
    const size_t passed = jump(0x77);  // ja
    emit({0x41, 0xba});                // mov r10d, frame - 16
    emit_value(frame_bytes_ - 16);
    call_far(morestack_mapped);
    pc_check_ = at_;
    emit({0xeb, static_cast<uint8_t>(again - (at_ + 2))});  // jmp again
    aim(passed);
    emit({0x48, 0x83, 0xc4, 0x08});  // add rsp, 8
  }

  void compile_body(size_t down) {
    emit({0x55, 0x48, 0x89, 0xe5});  // push rbp; mov rbp, rsp
    emit({0x48, 0x81, 0xec});        // sub rsp, frame - 16
    emit_value(frame_bytes_ - 16);
    emit({0x48, 0x8d, 0x44, 0x24, 0x08});  // lea rax, [rsp + 8]
    emit({0x48, 0x89, 0x04, 0x24});        // mov [rsp], rax
    emit({0x48, 0x89, 0x5c, 0x24, 0x08});  // mov [rsp + 8], rbx
    emit({0x48, 0xff, 0xcb});              // dec rbx
    const size_t deepest = jump(0x74);     // jz
    call(down);
    pc_down_ = at_;
    const size_t back = jump(0xeb);  // jmp
    aim(deepest);
    emit({0x48, 0xbf});  // mov rdi, fn
    emit_value(reinterpret_cast<uint64_t>(fn_));
    emit({0x48, 0xbe});  // mov rsi, argument
    emit_value(reinterpret_cast<uint64_t>(argument_));
    call_far(systemstack);
    pc_deepest_ = at_;
    aim(back);
    emit({0x48, 0xff, 0xc3});              // inc rbx
    emit({0x48, 0x8b, 0x04, 0x24});        // mov rax, [rsp]
    emit({0x48, 0x39, 0x18});              // cmp [rax], rbx
    const size_t wrong = jump(0x75);       // jne
    emit({0x48, 0x89, 0xec, 0x5d, 0xc3});  // mov rsp, rbp; pop rbp; ret
    aim(wrong);
    emit({0x0f, 0x0b});  // ud2
  }

  void describe() {
    const uint32_t words = frame_bytes_ / 8;
    stack_words_[0] = 1;                                                  // the pointer
    stack_words_[(words - 2) / 64] |= uint64_t{1} << ((words - 2) % 64);  // saved rbp
    maps_[0] = {.pc = address(pc_main_), .bytes = 8};
    maps_[1] = {.pc = address(pc_check_), .bytes = 16};
    maps_[2] = {.pc = address(pc_down_), .bytes = frame_bytes_, .stack_words = stack_words_};
    maps_[3] = {.pc = address(pc_deepest_), .bytes = frame_bytes_, .stack_words = stack_words_};
  }

  uint32_t frame_bytes_;
  void (*fn_)(void*);
  void* argument_;
  uint8_t* code_ = nullptr;
  size_t at_ = 0;
  size_t pc_main_ = 0;
  size_t pc_check_ = 0;
  size_t pc_down_ = 0;
  size_t pc_deepest_ = 0;
  uint64_t stack_words_[64] = {};
  FrameMap maps_[4];
};

}  // namespace throwsplit
