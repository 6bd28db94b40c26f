// What an instruction does to the registers, as far as %rsp and constants are concerned.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <capstone/capstone.h>

#include <cstdint>
#include <optional>

namespace throwsplit::nosplit {

inline constexpr int kRegisters = 16;
inline constexpr int kRax = 0, kRcx = 1, kRdx = 2, kRsp = 4, kRbp = 5, kRsi = 6, kRdi = 7;

// Where a stack pointer was taken from; its depth is counted from there.
using Base = uint32_t;
inline constexpr Base kEntry = 0;         // %rsp at the entry of the function
inline constexpr Base kDynamic = 1;       // moved by what only the run knows
inline constexpr Base kFirstLanding = 2;  // loaded from memory: one for each place that loads

enum class Tag : uint8_t { unknown, stack, constant };

struct Value {
  Tag tag = Tag::unknown;
  Base base = 0;
  int64_t number = 0;  // bytes below the base, or the constant

  bool operator==(const Value&) const = default;
};

struct State {
  Value r[kRegisters];

  State() { r[kRsp] = {Tag::stack, kEntry, 0}; }
  Value& sp() { return r[kRsp]; }
  const Value& sp() const { return r[kRsp]; }
};

// The number of the 64-bit register that holds it, or -1.
int register_number(unsigned capstone_register);
bool is_64_bit(unsigned capstone_register);

// The address a memory operand without registers but %rip stands for, else 0.
uint64_t rip_address(const cs_insn& instruction, const cs_x86_op& operand);

// Applies an instruction that is no jump, call or return. `fixed`: the address that a fixup puts in
// place of its operand, 0 if that is in another file. `landing`: the base for a stack pointer that
// it loads.
void apply(const cs_insn& instruction, std::optional<uint64_t> fixed, Base landing, State& state);

// What a call leaves of the registers.
void forget_after_call(State& state);

// How far below %rsp the instruction itself writes or reads, without moving it.
int64_t reach_below(const cs_insn& instruction);

// Fills the room between functions, or between what jumps lead to.
bool is_padding(const cs_insn& instruction);
bool is_conditional(const cs_insn& instruction);
bool is_return(const cs_insn& instruction);
// Nothing comes behind it.
bool is_end(const cs_insn& instruction);

}  // namespace throwsplit::nosplit
