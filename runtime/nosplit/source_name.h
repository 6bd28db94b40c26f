// What a mangled name is called in the source, without arguments: throwsplit::plain::casgstatus.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace throwsplit::nosplit {

// The path of a C++ function; any other name, and what is too strange, as it is.
// Why not the library's demangler: it writes out every argument, and a name of a few hundred bytes
// can make that gigabytes. This one is linear.
std::string source_name(std::string_view symbol);

// `*` stands for any text, other characters for themselves.
bool matches(std::string_view pattern, std::string_view text);

}  // namespace throwsplit::nosplit
