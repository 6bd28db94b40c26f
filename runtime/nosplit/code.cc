// Follows a function from its entry along every jump, and writes down how deep each call stands.
// SPDX-License-Identifier: Apache-2.0
//
// Where two ways meet, compilers agree on the depth; where they do not, the deeper one is taken.
// What no jump leads to (cases behind a table of addresses, landing pads) starts from the table's
// jump, or else from the deepest call. A stack pointer that comes from memory is another stack,
// unless the code returns from it: then the return tells how deep it landed.
#include "runtime/nosplit/code.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "runtime/nosplit/machine.h"

namespace throwsplit::nosplit {
namespace {

constexpr int kRaisesMax = 4;
constexpr int32_t kNone = -1;

struct Node {
  uint64_t at = 0;
  uint64_t next = 0;  // 0: not yet walked
  State state;
  int raises = 0;
  int32_t site = kNone;
};

bool is_fragment(const Function& function) {
  return std::ranges::any_of(function.names, [](std::string_view name) {
    return name.find(".cold") != std::string_view::npos;
  });
}

}  // namespace

struct Decoder::Inside {
  Inside(const Image& the_image, DecodeOptions the_options)
      : image(the_image), options(std::move(the_options)) {
    is_open = cs_open(CS_ARCH_X86, CS_MODE_64, &capstone) == CS_ERR_OK;
    if (is_open) {
      cs_option(capstone, CS_OPT_DETAIL, CS_OPT_ON);
      instruction = cs_malloc(capstone);
    }
    budget = image.code_bytes() * 16 + 4096;
  }
  ~Inside() {
    if (instruction != nullptr) cs_free(instruction, 1);
    if (is_open) cs_close(&capstone);
  }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

  // ---- Reading

  // Null: no instruction is there, or the budget is spent.
  const cs_insn* fetch(uint64_t at) {
    const Section* section = image.code_at(at);
    if (section == nullptr || instruction == nullptr || spent >= budget) return nullptr;
    spent++;
    const uint8_t* text = section->bytes.data() + (at - section->address);
    size_t size = section->end() - at;
    uint64_t address = at;
    return cs_disasm_iter(capstone, &text, &size, &address, instruction) ? instruction : nullptr;
  }

  // What a fixup will make of the operand; nothing, where there is none.
  std::optional<uint64_t> fixed_address(const cs_insn& in) const {
    if (!image.relocatable) return std::nullopt;
    const Fixup* fixup = image.fixup_in(in.address + 1, in.address + in.size);
    if (fixup == nullptr) return std::nullopt;
    return fixup->target.address;
  }

  // Where a jump or a call leads; unknown if a register or memory decides.
  Target target_of(const cs_insn& in, const State& state) {
    if (in.detail->x86.op_count == 0) return {};
    const cs_x86_op& operand = in.detail->x86.operands[0];
    if (image.relocatable) {
      const Fixup* fixup = image.fixup_in(in.address + 1, in.address + in.size);
      if (fixup != nullptr) return fixup->target;
    }
    if (operand.type == X86_OP_IMM) return {static_cast<uint64_t>(operand.imm), {}};
    if (operand.type == X86_OP_REG) {
      const int number = register_number(operand.reg);
      if (number < 0 || state.r[number].tag != Tag::constant) return {};
      return {static_cast<uint64_t>(state.r[number].number), {}};
    }
    const uint64_t slot = rip_address(in, operand);
    const Fixup* fixup = slot == 0 ? nullptr : image.fixup_in(slot, slot + 1);
    return fixup == nullptr ? Target{} : fixup->target;
  }

  Target follow_stub(uint64_t at) {
    for (int i = 0; i < 3; i++) {
      const cs_insn* in = fetch(at);
      if (in == nullptr) return {};
      if (in->id == X86_INS_JMP) {
        const Target target = target_of(*in, State());
        return target.address == at ? Target{} : target;
      }
      if (in->id != X86_INS_ENDBR64 && in->id != X86_INS_NOP) return {};
      at += in->size;
    }
    return {};
  }

  bool is_morestack(const Target& target) const {
    if (options.morestack.empty()) return false;
    if (target.address == 0) return target.external == options.morestack;
    const Function* function = image.function_at(target.address);
    return function != nullptr &&
           std::ranges::find(function->names, options.morestack) != function->names.end();
  }

  // ---- Nodes

  int32_t& slot_of(uint64_t at) {
    auto [cell, is_new] = index.try_emplace(at, kNone);
    (void)is_new;
    return cell->second;
  }

  // Notes that `state` arrives at `at`; walks there if that is news.
  void arrive(uint64_t at, const State& state) {
    // Who comes to the slow side of the check with a frame fell out of a call that never returns.
    if (at == slow_side && state.sp() != Value{Tag::stack, kEntry, 0}) return;
    int32_t& slot = slot_of(at);
    if (slot == kNone) {
      slot = static_cast<int32_t>(nodes.size());
      Node node;
      node.at = at;
      node.state = state;
      nodes.push_back(node);
      work.push_back(slot);
    } else if (merge(nodes[slot], state)) {
      work.push_back(slot);
    }
  }

  bool merge(Node& node, const State& state) {
    bool changed = false;
    for (int i = 0; i < kRegisters; i++) {
      Value& mine = node.state.r[i];
      const Value& its = state.r[i];
      if (i == kRsp || mine.tag == Tag::unknown || mine == its) continue;
      mine = {};
      changed = true;
    }
    Value& sp = node.state.sp();
    if (sp.base != state.sp().base && sp.base != kDynamic) {
      sp.base = kDynamic;
      changed = true;
    }
    if (state.sp().number > sp.number) {
      if (++node.raises > kRaisesMax) {
        if (node.raises == kRaisesMax + 1) odd(Oddity::loop, node.at, state.sp().number);
      } else {
        sp.number = state.sp().number;
        changed = true;
      }
    }
    return changed;
  }

  void odd(Oddity what, uint64_t at, int64_t depth) {
    for (const Odd& each : code.odd) {
      if (each.what == what && each.at == at) return;
    }
    code.odd.push_back({what, at, depth, 0});
  }

  // ---- Walking

  void walk(int32_t first) {
    int32_t current = first;
    for (;;) {
      const uint64_t at = nodes[current].at;
      const cs_insn* in = fetch(at);
      if (in == nullptr) {
        if (spent < budget) odd(Oddity::undecodable, at, 0);
        nodes[current].next = at + 1;
        return;
      }
      nodes[current].next = at + in->size;
      State state = nodes[current].state;
      reach(state, reach_below(*in));
      const uint64_t next = step(*in, current, state);
      if (next == 0) return;
      if (next == end && image.function_at(next) != nullptr) {  // falls into the next function
        note_site(at, Way::tail, {next, {}}, current, state);
        return;
      }
      reach(state, 0);
      // On to the next one: a new node, or one that learns something.
      const size_t before = work.size();
      arrive(next, state);
      if (work.size() == before) return;
      current = work.back();
      work.pop_back();
    }
  }

  void reach(const State& state, int64_t more) {
    if (state.sp().base == kDynamic && code.dynamic_at == 0) code.dynamic_at = nodes.back().at;
    if (state.sp().base != kEntry) return;
    code.deepest = std::max(code.deepest, state.sp().number + more);
  }

  // Performs one instruction. Where to go on; 0: nowhere.
  uint64_t step(const cs_insn& in, int32_t current, State& state) {
    const uint64_t next = in.address + in.size;
    if (in.id == X86_INS_CALL) return step_call(in, current, state);
    if (in.id == X86_INS_JMP) {
      jump(in, current, state, false);
      return 0;
    }
    if (is_conditional(in)) {
      if (in.address == after_compare) {
        const bool jumps_when_low = in.id == X86_INS_JBE || in.id == X86_INS_JB;
        slow_side = jumps_when_low ? target_of(in, state).address : next;
      }
      jump(in, current, state, true);
      return next;
    }
    if (is_return(in)) {
      give_back(in.address, state);
      return 0;
    }
    if (is_end(in)) return 0;
    if (in.id == X86_INS_CMP) look_for_check(in, state);
    apply(in, fixed_address(in), landing_at(in.address), state);
    return next;
  }

  void give_back(uint64_t at, const State& state) {
    const Value& sp = state.sp();
    if (sp.base == kEntry && sp.number != 0) odd(Oddity::unbalanced, at, sp.number);
    if (sp.base >= kFirstLanding) {
      int64_t& depth = landed[sp.base];
      depth = std::max(depth, -sp.number);
    }
  }

  Base landing_at(uint64_t at) { return static_cast<Base>(kFirstLanding + slot_of(at)); }

  // cmp %fs:slot, %rsp, or a register that holds %rsp less the frame.
  void look_for_check(const cs_insn& in, const State& state) {
    const cs_x86& x86 = in.detail->x86;
    if (x86.op_count != 2 || state.sp() != Value{Tag::stack, kEntry, 0}) return;
    const int memory = x86.operands[0].type == X86_OP_MEM ? 0 : 1;
    const cs_x86_op& guard = x86.operands[memory];
    const cs_x86_op& place = x86.operands[1 - memory];
    if (guard.type != X86_OP_MEM || guard.mem.segment != X86_REG_FS ||
        guard.mem.base != X86_REG_INVALID || guard.mem.index != X86_REG_INVALID ||
        guard.mem.disp != options.slot || place.type != X86_OP_REG) {
      return;
    }
    const int number = register_number(place.reg);
    if (number < 0 || state.r[number].tag != Tag::stack || state.r[number].base != kEntry) return;
    compared = state.r[number].number;
    after_compare = in.address + in.size;
  }

  uint64_t step_call(const cs_insn& in, int32_t current, State& state) {
    const uint64_t at = in.address;  // `in` does not outlive a look at a stub
    const uint64_t next = at + in.size;
    Target target = target_of(in, state);
    if (target.address == next) {  // takes its own address
      state.sp().number += kCallBytes;
      return next;
    }
    target = through_stub(target);
    const bool is_check =
        is_morestack(target) && compared != kNone && state.sp() == Value{Tag::stack, kEntry, 0};
    if (is_check) {
      code.checked = true;
      code.checked_at = compared;
    } else {
      note_site(at, Way::call, target, current, state);
    }
    forget_after_call(state);
    // Nothing stands behind the last call of a function: it does not return either.
    if (next == end || (target.is_known() && !options.returns(target))) return 0;
    if (!is_check) return next;
    arrive(next, state);  // nobody comes to this return: __morestack goes behind it
    return next + 1;
  }

  // A call of another file's function goes by a stub that nobody named.
  Target through_stub(const Target& target) {
    if (target.address == 0 || image.function_at(target.address) != nullptr) return target;
    const Target behind = follow_stub(target.address);
    return behind.is_known() ? behind : target;
  }

  void jump(const cs_insn& in, int32_t current, const State& state, bool conditional) {
    const uint64_t at = in.address;  // `in` does not outlive a look at a stub
    const Target target = target_of(in, state);
    if (!target.is_known()) {
      // A switch jumps with a frame, a call at the end without one; without, it may be either.
      if (!conditional) tables.push_back(state);
      if (state.sp().base == kEntry && state.sp().number == 0) {
        note_site(at, Way::tail, {}, current, state);
      }
      return;
    }
    if (target.address == 0) {
      note_site(at, Way::tail, target, current, state);
      return;
    }
    if (target.address >= begin && target.address < end) {
      arrive(target.address, state);
      return;
    }
    const Function* function = image.function_at(target.address);
    if (function != nullptr && !is_fragment(*function)) {
      note_site(at, Way::tail, target, current, state);
    } else if (image.code_at(target.address) == nullptr) {
      odd(Oddity::outside, at, state.sp().number);
    } else {
      const Target behind = through_stub(target);
      if (behind.address != target.address) {
        note_site(at, Way::tail, behind, current, state);
      } else {
        arrive(target.address, state);
      }
    }
  }

  void note_site(uint64_t at, Way way, const Target& target, int32_t current, const State& state) {
    int32_t& site = nodes[current].site;
    if (site == kNone) {
      site = static_cast<int32_t>(code.sites.size());
      code.sites.push_back({at, way, Ground::own, INT64_MIN, target, 0});
      site_bases.push_back(state.sp().base);
    }
    CallSite& noted = code.sites[site];
    // Walked again, with more known about depths and less about registers.
    noted.depth = std::max(noted.depth, state.sp().number);
    noted.target = target;
    noted.argument =
        state.r[kRdi].tag == Tag::constant ? static_cast<uint64_t>(state.r[kRdi].number) : 0;
    site_bases[site] = state.sp().base;
    if (way == Way::call &&
        (deepest_site == kNone || code.sites[deepest_site].depth < noted.depth)) {
      deepest_site = site;
      after_deepest = state;
    }
  }

  // ---- What no jump leads to

  void sweep() {
    uint64_t at = begin;
    while (at < end && spent < budget) {
      auto found = index.find(at);
      if (found != index.end() && found->second != kNone && nodes[found->second].next > at) {
        at = nodes[found->second].next;
        continue;
      }
      const cs_insn* in = fetch(at);
      if (in == nullptr) {
        at++;
        continue;
      }
      if (is_padding(*in) || (tables.empty() && deepest_site == kNone)) {
        at += in->size;
        continue;
      }
      State state = tables.empty() ? after_deepest : tables.front();
      forget_after_call(state);
      arrive(at, state);
      drain();
    }
  }

  void drain() {
    while (!work.empty() && spent < budget) {
      const int32_t next = work.back();
      work.pop_back();
      walk(next);
    }
    work.clear();
  }

  void finish() {
    for (size_t i = 0; i < code.sites.size(); i++) {
      CallSite& site = code.sites[i];
      if (site_bases[i] == kDynamic) site.ground = Ground::dynamic;
      if (site_bases[i] < kFirstLanding) continue;
      const auto found = landed.find(site_bases[i]);
      if (found == landed.end()) {
        site.ground = Ground::other;
      } else {
        site.depth += found->second;
        site.landed = true;
        code.deepest = std::max(code.deepest, site.depth);
      }
    }
    std::ranges::sort(code.sites, {}, &CallSite::at);
  }

  Code decode(uint64_t the_begin, uint64_t the_end) {
    begin = the_begin;
    end = the_end;
    compared = kNone;
    after_compare = 0;
    slow_side = 0;
    deepest_site = kNone;
    code = {};
    const uint64_t before = spent;
    arrive(begin, State());
    drain();
    sweep();
    finish();
    code.instructions = spent - before;
    nodes.clear();
    index.clear();
    tables.clear();
    site_bases.clear();
    landed.clear();
    return std::move(code);
  }

  const Image& image;
  DecodeOptions options;
  csh capstone = 0;
  bool is_open = false;
  cs_insn* instruction = nullptr;
  uint64_t budget = 0;
  uint64_t spent = 0;

  // Of the function at hand.
  uint64_t begin = 0;
  uint64_t end = 0;
  int64_t compared = kNone;    // bytes below entry that were compared with the guard
  uint64_t after_compare = 0;  // the place behind that comparison
  uint64_t slow_side = 0;      // where a check goes that trips
  int32_t deepest_site = kNone;
  State after_deepest;
  Code code;
  std::vector<Node> nodes;
  std::unordered_map<uint64_t, int32_t> index;
  std::vector<int32_t> work;
  std::vector<State> tables;
  std::vector<Base> site_bases;
  std::unordered_map<Base, int64_t> landed;
};

Decoder::Decoder(const Image& image, DecodeOptions options)
    : inside_(new Inside(image, std::move(options))) {}
Decoder::~Decoder() { delete inside_; }

Code Decoder::decode(uint64_t begin, uint64_t end) { return inside_->decode(begin, end); }

bool Decoder::may_be_checked(uint64_t begin) const {
  constexpr size_t kLookBytes = 32;
  const Section* section = inside_->image.code_at(begin);
  if (section == nullptr || inside_->options.morestack.empty()) return false;
  const auto bytes = section->bytes.subspan(begin - section->address);
  // %fs, a REX prefix, cmp.
  for (size_t i = 0; i < kLookBytes && i + 2 < bytes.size(); i++) {
    if (bytes[i] == 0x64 && (bytes[i + 1] & 0xf0) == 0x40 &&
        (bytes[i + 2] == 0x3b || bytes[i + 2] == 0x39)) {
      return true;
    }
  }
  return false;
}

bool Decoder::has_way_out(uint64_t begin, uint64_t end) {
  bool after_check = false;  // the return behind a call of __morestack is no way out
  for (uint64_t at = begin; at < end;) {
    const cs_insn* in = inside_->fetch(at);
    if (in == nullptr) return true;  // who knows
    if (is_return(*in) && !after_check) return true;
    after_check = in->id == X86_INS_CALL && inside_->is_morestack(inside_->target_of(*in, State()));
    if (in->id == X86_INS_JMP || is_conditional(*in)) {
      const Target target = inside_->target_of(*in, State());
      if (target.address < begin || target.address >= end) return true;
    }
    at += in->size;
  }
  return false;
}

Target Decoder::follow_stub(uint64_t address) { return inside_->follow_stub(address); }
std::string_view Decoder::morestack() const { return inside_->options.morestack; }
bool Decoder::exhausted() const { return inside_->spent >= inside_->budget; }
uint64_t Decoder::instructions() const { return inside_->spent; }

}  // namespace throwsplit::nosplit
