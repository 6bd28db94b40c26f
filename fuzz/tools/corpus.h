// What `throwsplit corpus` does to folders of programs: check, merge, import.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "fuzz/tools/common.h"

namespace throwsplit::fuzz {

// "file: what is wrong", one for each thing: a file that says nothing of itself, that does not go
// as it expects, that is another one over again.
std::vector<std::string> check_corpus(const std::vector<File>& files);

// Indexes of a few files that together reach what all of them reach: legal moves, injection points
// and their actions, and which step of one thread came right after which of another. Greedy: small
// files first, each kept if it adds something.
std::vector<std::size_t> cover(const std::vector<File>& files);

// "corpus/syscall/regress-0003.prog": the first name with a number that is free, above all taken.
std::string next_regression(const std::string& folder);

int corpus_check(const Arguments& arguments);
int corpus_merge(const Arguments& arguments);
int corpus_import(const Arguments& arguments);

}  // namespace throwsplit::fuzz
