// The few instructions that move stack pointers; all others make what they write unknown.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/nosplit/machine.h"

#include <algorithm>
#include <array>

namespace throwsplit::nosplit {
namespace {

constexpr unsigned kNames[][kRegisters] = {
    {X86_REG_RAX, X86_REG_RCX, X86_REG_RDX, X86_REG_RBX, X86_REG_RSP, X86_REG_RBP, X86_REG_RSI,
     X86_REG_RDI, X86_REG_R8, X86_REG_R9, X86_REG_R10, X86_REG_R11, X86_REG_R12, X86_REG_R13,
     X86_REG_R14, X86_REG_R15},
    {X86_REG_EAX, X86_REG_ECX, X86_REG_EDX, X86_REG_EBX, X86_REG_ESP, X86_REG_EBP, X86_REG_ESI,
     X86_REG_EDI, X86_REG_R8D, X86_REG_R9D, X86_REG_R10D, X86_REG_R11D, X86_REG_R12D, X86_REG_R13D,
     X86_REG_R14D, X86_REG_R15D},
    {X86_REG_AX, X86_REG_CX, X86_REG_DX, X86_REG_BX, X86_REG_SP, X86_REG_BP, X86_REG_SI, X86_REG_DI,
     X86_REG_R8W, X86_REG_R9W, X86_REG_R10W, X86_REG_R11W, X86_REG_R12W, X86_REG_R13W, X86_REG_R14W,
     X86_REG_R15W},
    {X86_REG_AL, X86_REG_CL, X86_REG_DL, X86_REG_BL, X86_REG_SPL, X86_REG_BPL, X86_REG_SIL,
     X86_REG_DIL, X86_REG_R8B, X86_REG_R9B, X86_REG_R10B, X86_REG_R11B, X86_REG_R12B, X86_REG_R13B,
     X86_REG_R14B, X86_REG_R15B},
};

using Numbers = std::array<int8_t, X86_REG_ENDING>;

Numbers make_numbers() {
  Numbers numbers;
  numbers.fill(-1);
  for (const auto& row : kNames) {
    for (int i = 0; i < kRegisters; i++)
      numbers[row[i]] = static_cast<int8_t>(i);
  }
  numbers[X86_REG_AH] = kRax;
  numbers[X86_REG_CH] = kRcx;
  numbers[X86_REG_DH] = kRdx;
  numbers[X86_REG_BH] = 3;
  return numbers;
}

// Beyond this no stack reaches; damaged files do.
constexpr int64_t kDepthMax = int64_t{1} << 32;

// Moves a value; of a stack pointer that leaves every stack nothing is known. Wraps: a damaged file
// may add up anything.
void shift(Value& value, int64_t bytes) {
  value.number =
      static_cast<int64_t>(static_cast<uint64_t>(value.number) + static_cast<uint64_t>(bytes));
  if (value.tag == Tag::stack && (value.number > kDepthMax || value.number < -kDepthMax)) {
    value = {Tag::stack, kDynamic, 0};
  }
}

void forget(State& state, int number) {
  if (number < 0) return;
  if (number == kRsp) {
    state.sp().base = kDynamic;
  } else {
    state.r[number] = {};
  }
}

// Every register that the instruction names as written, or writes without naming it.
void forget_written(const cs_insn& instruction, State& state) {
  const cs_detail& detail = *instruction.detail;
  for (int i = 0; i < detail.x86.op_count; i++) {
    const cs_x86_op& operand = detail.x86.operands[i];
    if (operand.type == X86_OP_REG && (operand.access & CS_AC_WRITE) != 0) {
      forget(state, register_number(operand.reg));
    }
  }
  for (int i = 0; i < detail.regs_write_count; i++) {
    const int number = register_number(detail.regs_write[i]);
    if (number != kRsp) forget(state, number);
  }
}

using Fixed = std::optional<uint64_t>;

Value constant(uint64_t number, Fixed fixed) {
  if (!fixed) return {Tag::constant, 0, static_cast<int64_t>(number)};
  if (*fixed == 0) return {};
  return {Tag::constant, 0, static_cast<int64_t>(*fixed)};
}

Value value_of(const cs_x86_op& operand, Fixed fixed, const State& state) {
  switch (operand.type) {
    case X86_OP_IMM: return constant(static_cast<uint64_t>(operand.imm), fixed);
    case X86_OP_REG: {
      const int number = register_number(operand.reg);
      return number >= 0 && is_64_bit(operand.reg) ? state.r[number] : Value{};
    }
    default: return {};
  }
}

// The address that lea computes.
Value address_of(const cs_insn& instruction, const cs_x86_op& operand, Fixed fixed,
                 const State& state) {
  const uint64_t rip = rip_address(instruction, operand);
  if (rip != 0) return constant(rip, fixed);
  const int base = register_number(operand.mem.base);
  if (base < 0 || operand.mem.index != X86_REG_INVALID) return {};
  Value value = state.r[base];
  if (value.tag == Tag::stack) shift(value, -operand.mem.disp);
  if (value.tag == Tag::constant) shift(value, operand.mem.disp);
  return value;
}

// Gives a register a value; %rsp must point into some stack.
void assign(State& state, const cs_x86_op& operand, Value value, Base landing) {
  const int number = register_number(operand.reg);
  if (number < 0) return;
  if (number == kRsp && value.tag != Tag::stack) value = {Tag::stack, landing, 0};
  if (!is_64_bit(operand.reg) && value.tag != Tag::constant) value = {};
  if (number == kRsp && value.tag != Tag::stack) value = {Tag::stack, kDynamic, 0};
  state.r[number] = value;
}

void add(const cs_insn& instruction, int sign, State& state) {
  const cs_x86_op& target = instruction.detail->x86.operands[0];
  const cs_x86_op& source = instruction.detail->x86.operands[1];
  if (target.type != X86_OP_REG) return;
  const int number = register_number(target.reg);
  if (number < 0) return;
  const Value change = value_of(source, {}, state);
  Value& value = state.r[number];
  if (!is_64_bit(target.reg) || change.tag != Tag::constant || value.tag == Tag::unknown) {
    forget(state, number);
  } else {
    // Negated without overflow.
    const auto bytes = static_cast<uint64_t>(change.number);
    const bool grows = (value.tag == Tag::stack) == (sign < 0);
    shift(value, static_cast<int64_t>(grows ? bytes : 0 - bytes));
  }
}

void align(const cs_insn& instruction, State& state) {
  const cs_x86_op& target = instruction.detail->x86.operands[0];
  const cs_x86_op& source = instruction.detail->x86.operands[1];
  if (target.type != X86_OP_REG) return;
  const int number = register_number(target.reg);
  if (number != kRsp || source.type != X86_OP_IMM || !is_64_bit(target.reg)) {
    forget(state, number);
    return;
  }
  // A stack is aligned to 8 at least; the worst case is counted.
  const int64_t unit = -source.imm;
  const bool is_power = unit > 0 && (unit & (unit - 1)) == 0;
  if (!is_power || unit > (1 << 20)) {
    forget(state, number);
  } else if (unit > 8) {
    state.sp().number += unit - 8;
  }
}

void leave(State& state, Base landing) {
  if (state.r[kRbp].tag == Tag::stack) {
    state.sp() = state.r[kRbp];
    state.sp().number -= 8;
  } else {
    state.sp() = {Tag::stack, landing, 0};
  }
  state.r[kRbp] = {};
}

int64_t pushed_bytes(const cs_insn& instruction) {
  return instruction.detail->x86.prefix[2] == 0x66 ? 2 : 8;
}

}  // namespace

int register_number(unsigned capstone_register) {
  static const Numbers numbers = make_numbers();
  return capstone_register < numbers.size() ? numbers[capstone_register] : -1;
}

bool is_64_bit(unsigned capstone_register) {
  return std::ranges::find(kNames[0], capstone_register) != std::end(kNames[0]);
}

uint64_t rip_address(const cs_insn& instruction, const cs_x86_op& operand) {
  if (operand.type != X86_OP_MEM || operand.mem.base != X86_REG_RIP) return 0;
  if (operand.mem.index != X86_REG_INVALID) return 0;
  return instruction.address + instruction.size + static_cast<uint64_t>(operand.mem.disp);
}

void apply(const cs_insn& instruction, Fixed fixed, Base landing, State& state) {
  const cs_x86& x86 = instruction.detail->x86;
  const bool has_two = x86.op_count == 2;
  const bool to_register = x86.op_count > 0 && x86.operands[0].type == X86_OP_REG;
  switch (instruction.id) {
    case X86_INS_PUSH:
    case X86_INS_PUSHF:
    case X86_INS_PUSHFQ: state.sp().number += pushed_bytes(instruction); return;
    case X86_INS_POPF:
    case X86_INS_POPFQ:  state.sp().number -= pushed_bytes(instruction); return;
    case X86_INS_POP:
      state.sp().number -= pushed_bytes(instruction);
      if (to_register) assign(state, x86.operands[0], {}, landing);
      return;
    case X86_INS_LEAVE: leave(state, landing); return;
    case X86_INS_ENTER:
      state.sp().number += 8;
      state.r[kRbp] = state.sp();
      if (x86.op_count > 0) state.sp().number += x86.operands[0].imm;
      return;
    case X86_INS_ADD:
      if (has_two) add(instruction, 1, state);
      return;
    case X86_INS_SUB:
      if (has_two) add(instruction, -1, state);
      return;
    case X86_INS_AND:
      if (has_two) align(instruction, state);
      return;
    case X86_INS_LEA:
      if (!has_two || !to_register) return;
      assign(state, x86.operands[0], address_of(instruction, x86.operands[1], fixed, state),
             // An address with an index register: so much as only the run knows.
             x86.operands[1].mem.index != X86_REG_INVALID ? kDynamic : landing);
      return;
    case X86_INS_MOV:
    case X86_INS_MOVABS:
      if (has_two && to_register) {
        assign(state, x86.operands[0], value_of(x86.operands[1], fixed, state), landing);
      }
      return;
    default: forget_written(instruction, state); return;
  }
}

void forget_after_call(State& state) {
  for (int number : {kRax, kRcx, kRdx, kRsi, kRdi, 8, 9, 10, 11})
    state.r[number] = {};
}

int64_t reach_below(const cs_insn& instruction) {
  if (instruction.id == X86_INS_LEA || instruction.id == X86_INS_NOP) return 0;
  const cs_x86& x86 = instruction.detail->x86;
  for (int i = 0; i < x86.op_count; i++) {
    const cs_x86_op& operand = x86.operands[i];
    if (operand.type == X86_OP_MEM && operand.mem.base == X86_REG_RSP &&
        operand.mem.index == X86_REG_INVALID && operand.mem.disp < 0) {
      return -operand.mem.disp;
    }
  }
  return 0;
}

bool is_padding(const cs_insn& instruction) {
  return instruction.id == X86_INS_NOP || instruction.id == X86_INS_INT3;
}

bool is_conditional(const cs_insn& instruction) {
  if (instruction.id == X86_INS_JMP || instruction.id == X86_INS_LJMP) return false;
  for (int i = 0; i < instruction.detail->groups_count; i++) {
    if (instruction.detail->groups[i] == X86_GRP_JUMP) return true;
  }
  return instruction.id == X86_INS_LOOP || instruction.id == X86_INS_LOOPE ||
         instruction.id == X86_INS_LOOPNE;
}

bool is_return(const cs_insn& instruction) {
  switch (instruction.id) {
    case X86_INS_RET:
    case X86_INS_RETF:
    case X86_INS_RETFQ:
    case X86_INS_IRETQ:
    case X86_INS_IRETD:
    case X86_INS_IRET:
    case X86_INS_SYSRET: return true;
    default:             return false;
  }
}

bool is_end(const cs_insn& instruction) {
  return instruction.id == X86_INS_UD2 || instruction.id == X86_INS_HLT ||
         instruction.id == X86_INS_INT3;
}

}  // namespace throwsplit::nosplit
