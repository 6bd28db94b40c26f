// From a file to an input, whatever form the file has: bytes, a raw crash, a text.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "fuzz/input/input.h"
#include "fuzz/input/text.h"

namespace throwsplit::fuzz {

inline constexpr std::size_t kFileBytesMax = 1 << 20;

enum class Form : std::uint8_t { kFile, kRaw, kText };

struct Loaded {
  Program program;  // title, expect and body_names only from a text
  Form form = Form::kRaw;
};

// Strict: a file with the magic must be whole and of a known version. As a fuzzer: the bytes are
// what a fuzz target would make of them (decode), text or not; a crash file that a mutator without
// our structure made may be readable only so. Either: a name that ends in .prog is read strictly,
// all else as a fuzzer.
enum class Reading : std::uint8_t { kStrict, kAsFuzzer, kEither };

// The form is told by the content, or by a name that ends in .prog. An error is one line that
// begins with the path: unreadable, empty, too large, cut short, a text that does not parse.
std::variant<Loaded, std::string> load_file(const std::string& path, const SiteNames& names,
                                            Reading reading = Reading::kStrict);

// The same for bytes at hand; `path` is for the name's end and for errors.
std::variant<Loaded, std::string> load_bytes(std::span<const std::uint8_t> bytes,
                                             std::string_view path, const SiteNames& names,
                                             Reading reading = Reading::kStrict);

// Which form load_bytes sees.
Form form_of(std::span<const std::uint8_t> bytes, std::string_view path);

}  // namespace throwsplit::fuzz
