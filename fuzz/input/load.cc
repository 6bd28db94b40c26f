// From a file to an input: telling the forms apart.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/input/load.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "fuzz/input/decode.h"

namespace throwsplit::fuzz {
namespace {

bool is_text_byte(std::uint8_t byte) {
  return byte >= ' ' ? byte != 0x7f : byte == '\n' || byte == '\r' || byte == '\t';
}

std::string_view as_text(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A text begins with a comment, or with a word that the parser would take as the first.
bool begins_as_text(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
  if (text.starts_with("#")) return true;
  return is_reserved_word(text.substr(0, text.find_first_of(kSpace)));
}

// The magic, begun but not ended.
bool is_cut_magic(std::span<const std::uint8_t> bytes) {
  return bytes.size() < std::size(kMagic) && std::equal(bytes.begin(), bytes.end(), kMagic);
}

std::string why(std::string_view path, std::string_view what) {
  return std::string(path) + ": " + std::string(what);
}

std::string why_errno(std::string_view path, std::string_view what, int error) {
  return why(path, what) + ": " + std::strerror(error);
}

}  // namespace

std::variant<Loaded, std::string> load_file(const std::string& path, const SiteNames& names,
                                            Reading reading) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             std::fclose);
  if (file == nullptr) return why_errno(path, "cannot be opened", errno);
  std::vector<std::uint8_t> bytes(kFileBytesMax + 1);
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file.get()));
  if (std::ferror(file.get()) != 0) return why_errno(path, "cannot be read", errno);
  return load_bytes(bytes, path, names, reading);
}

std::variant<Loaded, std::string> load_bytes(std::span<const std::uint8_t> bytes,
                                             std::string_view path, const SiteNames& names,
                                             Reading reading) {
  if (bytes.size() > kFileBytesMax) return why(path, "is too large, an input has at most 1 MiB");
  Loaded loaded;
  const bool as_fuzzer =
      reading == Reading::kAsFuzzer || (reading == Reading::kEither && !path.ends_with(".prog"));
  if (as_fuzzer) {
    loaded.form = has_magic(bytes) ? Form::kFile : Form::kRaw;
    loaded.program.input = decode(bytes);
    return loaded;
  }
  if (bytes.empty()) return why(path, "is empty");
  loaded.form = form_of(bytes, path);
  if (loaded.form == Form::kText) {
    auto parsed = parse(as_text(bytes), names);
    if (const auto* error = std::get_if<ProgramError>(&parsed)) return describe(*error, path);
    loaded.program = std::move(*std::get_if<Program>(&parsed));
  } else if (loaded.form == Form::kRaw) {
    if (is_cut_magic(bytes)) return why(path, "is cut short within the magic 'TSPL'");
    loaded.program.input = decode(bytes);
  } else {
    auto decoded = decode_file(bytes);
    if (const auto* error = std::get_if<DecodeError>(&decoded)) {
      return why(path, "byte " + std::to_string(error->offset) + ": " + error->message);
    }
    loaded.program.input = std::move(*std::get_if<Input>(&decoded));
  }
  return loaded;
}

Form form_of(std::span<const std::uint8_t> bytes, std::string_view path) {
  if (has_magic(bytes)) return Form::kFile;
  if (path.ends_with(".prog")) return Form::kText;
  const bool is_text = std::ranges::all_of(bytes, is_text_byte) && begins_as_text(as_text(bytes));
  return is_text ? Form::kText : Form::kRaw;
}

}  // namespace throwsplit::fuzz
