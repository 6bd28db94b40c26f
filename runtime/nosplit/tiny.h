// A tiny language for tests: a function a line becomes assembly, an object and a shared library.
// SPDX-License-Identifier: Apache-2.0
//
//     root f 96 call g          f is a root, has a frame of 96 bytes, and calls g
//     g 0 nosplit indirect      g is unchecked and calls through a register
//     h 40 call g               all others check their stack
//     rule leaf memcpy 64       a rule
//     = f 112                   f's deepest chain, without its own return address
//     over f 24                 f exceeds its budget by 24
//     split g                   a finding of this kind whose text holds this word
//     ok                        nothing is found
//
// Verbs: call, plt, got (the same by a slot), jump (at the end), maybe (a jump at the end, on
// condition), indirect, leap (an indirect jump at the end), push N X (N words, then a call),
// align N X, dynamic X, hop X, switch X Y, cold X, red N (writes below %rsp), loop, lose (returns
// with a word too many), lie (unwind data that are wrong), other X (calls on another stack).
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/nosplit/nosplit.h"

namespace throwsplit::nosplit {

struct TinyCase {
  std::string title;  // the comment above it
  std::vector<std::string> functions;
  std::vector<std::string> rules;
  std::vector<std::string> verdicts;
};

inline std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  return {std::istream_iterator<std::string>(in), {}};
}

inline bool is_verdict(const std::string& word) {
  if (word == "=" || word == "ok") return true;
  for (int kind = 0; kind <= static_cast<int>(Kind::missing); kind++) {
    if (word == kind_name(static_cast<Kind>(kind))) return true;
  }
  return false;
}

// One function of the language, as it becomes assembly.
class TinyWriter {
 public:
  explicit TinyWriter(const std::string& line) : words_(words_of(line)) {
    if (words_.at(at_) == "root") at_++;
    is_checked_ = at_ == 0;
    name_ = words_.at(at_++);
    frame_ = words_.at(at_++);
    if (at_ < words_.size() && words_[at_] == "nosplit") {
      is_checked_ = false;
      at_++;
    }
  }

  std::string write() {
    out_ = "\t.text\n\t.globl " + name_ + "\n\t.hidden " + name_ + "\n\t.type " + name_ +
           ", @function\n" + name_ + ":\n\t.cfi_startproc\n";
    if (is_checked_) check();
    label("1");
    if (frame_ != "0") put("subq $" + frame_ + ", %rsp\n\t.cfi_adjust_cfa_offset " + frame_);
    bool returns = true;
    while (at_ < words_.size())
      returns = verb(words_[at_++]) && returns;
    if (returns) leave("ret");
    if (is_checked_) slow_side();
    out_ += "\t.cfi_endproc\n\t.size " + name_ + ", . - " + name_ + "\n" + after_;
    return out_;
  }

 private:
  void put(const std::string& text) { out_ += "\t" + text + "\n"; }
  void label(const std::string& text) { out_ += ".L" + name_ + text + ":\n"; }
  std::string next() { return words_.at(at_++); }

  void check() {
    const bool is_large = std::stoi(frame_) > 256;
    if (is_large) put("leaq -" + frame_ + "(%rsp), %r11");
    put(std::string("cmpq %fs:0x70, ") + (is_large ? "%r11" : "%rsp"));
    put("jbe .L" + name_ + "9");
  }
  void slow_side() {
    label("9");
    put("movl $" + frame_ + ", %r10d\n\tmovl $0, %r11d\n\tcall __morestack\n\tret");
    put("jmp .L" + name_ + "1");
  }
  void leave(const std::string& by) {
    if (frame_ != "0") put("addq $" + frame_ + ", %rsp\n\t.cfi_adjust_cfa_offset -" + frame_);
    put(by);
  }

  // False: nothing comes behind it.
  bool verb(const std::string& word) {
    if (word == "call") {
      put("call " + next());
    } else if (word == "plt") {
      put("call " + next() + "@PLT");
    } else if (word == "got") {
      put("call *" + next() + "@GOTPCREL(%rip)");
    } else if (word == "maybe") {
      put("je " + next());
    } else if (word == "indirect") {
      put("call *%rax");
    } else if (word == "jump") {
      leave("jmp " + next());
      return false;
    } else if (word == "leap") {
      leave("jmp *%rax");
      return false;
    } else {
      return odd_verb(word);
    }
    return true;
  }

  bool odd_verb(const std::string& word) {
    if (word == "push") {
      const std::string bytes = std::to_string(8 * std::stoi(next()));
      put("subq $" + bytes + ", %rsp\n\t.cfi_adjust_cfa_offset " + bytes);
      put("call " + next());
      put("addq $" + bytes + ", %rsp\n\t.cfi_adjust_cfa_offset -" + bytes);
    } else if (word == "align") {
      put("movq %rsp, %rbp\n\t.cfi_def_cfa_register %rbp");
      put("andq $-" + next() + ", %rsp");
      put("call " + next());
      put("movq %rbp, %rsp\n\t.cfi_def_cfa_register %rsp");
    } else if (word == "dynamic") {
      put("movq %rsp, %rbp\n\t.cfi_def_cfa_register %rbp");
      put("subq %rax, %rsp");
      put("call " + next());
      put("movq %rbp, %rsp\n\t.cfi_def_cfa_register %rsp");
    } else if (word == "hop") {
      put("leaq " + next() + "(%rip), %rdi\n\tcall hopper");
    } else if (word == "other") {
      put("movq %rsp, %rbp\n\tmovq (%rax), %rsp");
      put("call " + next());
      put("movq %rbp, %rsp");
    } else if (word == "switch") {
      table();
    } else if (word == "cold") {
      cold();
    } else if (word == "red") {
      put("movq %rax, -" + next() + "(%rsp)");
    } else if (word == "loop") {
      label("2");
      put("pushq %rax\n\tjmp .L" + name_ + "2");
      return false;
    } else if (word == "lose") {
      put("pushq %rax");
    } else if (word == "lie") {
      put(".cfi_adjust_cfa_offset 8");
    } else {
      ADD_FAILURE() << "no verb " << word;
      return false;
    }
    return true;
  }

  void table() {
    put("leaq .L" + name_ + "3(%rip), %rcx\n\tmovslq (%rcx,%rax,4), %rax\n\taddq %rcx, %rax");
    put("jmp *%rax");
    for (const char* place : {"4", "5"}) {
      label(place);
      put("call " + next() + "\n\tjmp .L" + name_ + "6");
    }
    label("6");
    const std::string base = ".L" + name_ + "3";
    after_ += "\t.section .rodata\n\t.p2align 2\n" + base + ":\n\t.long .L" + name_ + "4 - " +
              base + "\n\t.long .L" + name_ + "5 - " + base + "\n";
  }
  void cold() {
    const std::string part = name_ + ".cold";
    put("jne " + part);
    label("7");
    after_ += "\t.section .text.unlikely,\"ax\",@progbits\n\t.type " + part + ", @function\n" +
              part + ":\n\tcall " + next() + "\n\tjmp .L" + name_ + "7\n\t.size " + part +
              ", . - " + part + "\n";
  }

  std::vector<std::string> words_;
  size_t at_ = 0;
  bool is_checked_ = true;
  std::string name_;
  std::string frame_;
  std::string out_;
  std::string after_;
};

inline void run_tool(const std::string& command) {
  ASSERT_EQ(system(command.c_str()), 0) << command;  // NOLINT: fixed words and our own file names
}

// Cases are separated by empty lines.
inline std::vector<TinyCase> tiny_cases(std::string_view text) {
  std::vector<TinyCase> cases(1);
  std::istringstream in{std::string(text)};
  for (std::string line; std::getline(in, line);) {
    const std::vector<std::string> words = words_of(line);
    if (words.empty()) {
      if (!cases.back().functions.empty()) cases.emplace_back();
    } else if (words[0] == "#") {
      cases.back().title = line.substr(line.find('#') + 2);
    } else if (words[0] == "rule") {
      cases.back().rules.push_back(line.substr(line.find("rule") + 5) + " -- the test says so");
    } else if (is_verdict(words[0])) {
      cases.back().verdicts.push_back(line);
    } else {
      cases.back().functions.push_back(line);
    }
  }
  if (cases.back().functions.empty()) cases.pop_back();
  return cases;
}

inline std::string tiny_assembly(const TinyCase& tiny) {
  std::string out;
  for (const std::string& function : tiny.functions)
    out += TinyWriter(function).write();
  out += TinyWriter("__morestack 16 nosplit").write();
  out +=
      "\t.text\n\t.type hopper, @function\nhopper:\n\t.cfi_startproc\n\tpushq %rbx\n"
      "\tmovq %rsp, (%rax)\n\tmovq (%rdi), %rsp\n\tcall *%rdi\n\tmovq (%rax), %rsp\n"
      "\tpopq %rbx\n\tret\n\t.cfi_endproc\n\t.size hopper, . - hopper\n";
  return out + "\t.section .note.GNU-stack,\"\",@progbits\n";
}

// Assembles into `folder`; the bytes of an object, or of a shared library made of it.
inline std::string tiny_object(const std::string& assembly, const std::string& folder,
                               bool linked) {
  const std::string source = folder + "/tiny.s";
  const std::string object = folder + "/tiny.o";
  const std::string library = folder + "/tiny.so";
  std::ofstream(source) << assembly;
  const std::string compiler = THROWSPLIT_TINY_COMPILER;
  run_tool(compiler + " -c " + source + " -o " + object);
  if (linked) run_tool(compiler + " -shared -nostdlib " + object + " -o " + library);
  std::ifstream file(linked ? library : object, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace throwsplit::nosplit
