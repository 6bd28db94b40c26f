// Reads sections, symbols and relocations with libelf; believes nothing that it has not looked at.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/nosplit/image.h"

#include <elf.h>
#include <gelf.h>
#include <libelf.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <tuple>
#include <utility>

namespace throwsplit::nosplit {

const Section* Image::section_at(uint64_t address) const {
  auto after = std::ranges::upper_bound(sections, address, {}, &Section::address);
  // Sections of a damaged file may overlap: look at a few.
  for (int i = 0; i < 4 && after != sections.begin(); i++) {
    --after;
    if (after->holds(address)) return &*after;
  }
  return nullptr;
}

const Section* Image::code_at(uint64_t address) const {
  const Section* section = section_at(address);
  return section != nullptr && section->is_code ? section : nullptr;
}

const Function* Image::function_before(uint64_t address) const {
  auto after = std::ranges::upper_bound(functions, address, {}, &Function::address);
  return after == functions.begin() ? nullptr : &*(after - 1);
}

const Function* Image::function_at(uint64_t address) const {
  const Function* function = function_before(address);
  return function != nullptr && function->address == address ? function : nullptr;
}

const Fixup* Image::fixup_in(uint64_t begin, uint64_t end) const {
  auto at = std::ranges::lower_bound(fixups, begin, {}, &Fixup::at);
  return at != fixups.end() && at->at < end ? &*at : nullptr;
}

uint64_t Image::code_bytes() const {
  uint64_t sum = 0;
  for (const Section& section : sections)
    sum += section.is_code ? section.bytes.size() : 0;
  return sum;
}

namespace {

constexpr uint64_t kFileBytesMax = uint64_t{4} << 30;
constexpr size_t kNameBytesMax = 4096;
// Relocatable sections are laid out from here on.
constexpr uint64_t kFirstAddress = 0x10000;

struct ElfEnd {
  void operator()(Elf* elf) const { elf_end(elf); }
};

// A section as the file has it, by its number.
struct Raw {
  Elf64_Shdr header = {};
  std::span<const uint8_t> bytes;
  uint64_t address = 0;
};

template <typename T>
T element(std::span<const uint8_t> bytes, size_t index) {
  T value;
  memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

std::string_view text_at(std::span<const uint8_t> strings, uint64_t offset) {
  if (offset >= strings.size()) return {};
  const char* text = reinterpret_cast<const char*>(strings.data()) + offset;
  return {text, strnlen(text, std::min<size_t>(kNameBytesMax, strings.size() - offset))};
}

class Reader {
 public:
  explicit Reader(std::span<const uint8_t> bytes) { image_.bytes = bytes; }

  std::variant<Image, std::string> read();

 private:
  std::string read_header();
  std::string read_sections();
  std::string read_symbols();
  void place_sections();
  void read_function(const Elf64_Sym& symbol, std::string_view name);
  void finish_functions();
  void read_fixups();
  void read_fixup(const Elf64_Rela& rela, const Raw& symbols, const Raw* patched);
  std::span<const uint8_t> strings_of(const Raw& table) const;
  Target target_of(const Raw& symbols, uint64_t index, int64_t addend, uint64_t more) const;

  Image image_;
  std::unique_ptr<Elf, ElfEnd> elf_;
  Elf64_Half type_ = ET_NONE;
  std::vector<Raw> raw_;
};

std::string Reader::read_header() {
  if (image_.bytes.size() > kFileBytesMax) return "larger than 4 GiB";
  if (image_.bytes.size() < EI_NIDENT || memcmp(image_.bytes.data(), ELFMAG, SELFMAG) != 0) {
    return "not an ELF file";
  }
  if (image_.bytes[EI_CLASS] != ELFCLASS64 || image_.bytes[EI_DATA] != ELFDATA2LSB) {
    return "not a 64-bit little-endian ELF file";
  }
  if (image_.bytes.size() < sizeof(Elf64_Ehdr)) return "the ELF header is cut short";
  elf_version(EV_CURRENT);
  // libelf asks for a pointer that may be written through, and writes only when told to.
  elf_.reset(elf_memory(reinterpret_cast<char*>(const_cast<uint8_t*>(image_.bytes.data())),
                        image_.bytes.size()));
  if (elf_ == nullptr) return std::string("libelf refuses it: ") + elf_errmsg(-1);
  GElf_Ehdr header;
  if (gelf_getehdr(elf_.get(), &header) == nullptr) {
    return std::string("libelf refuses its header: ") + elf_errmsg(-1);
  }
  if (header.e_machine != EM_X86_64) return "not for x86-64";
  type_ = header.e_type;
  if (type_ != ET_EXEC && type_ != ET_DYN && type_ != ET_REL) {
    return "neither an executable, nor a shared object, nor a relocatable file";
  }
  image_.relocatable = type_ == ET_REL;
  return "";
}

std::string Reader::read_sections() {
  size_t count = 0;
  size_t names_index = 0;
  if (elf_getshdrnum(elf_.get(), &count) != 0) return "its section headers cannot be read";
  if (count == 0) return "it has no section headers (stripped of them?)";
  if (count > image_.bytes.size() / sizeof(Elf64_Shdr)) return "more section headers than bytes";
  if (elf_getshdrstrndx(elf_.get(), &names_index) != 0) names_index = 0;
  raw_.resize(count);
  for (size_t i = 0; i < count; i++) {
    Elf_Scn* scn = elf_getscn(elf_.get(), i);
    GElf_Shdr header;
    if (scn == nullptr || gelf_getshdr(scn, &header) == nullptr) {
      return "section header " + std::to_string(i) + " cannot be read";
    }
    Raw& raw = raw_[i];
    raw.header = header;
    if (header.sh_type == SHT_NULL || header.sh_type == SHT_NOBITS) continue;
    if (header.sh_offset > image_.bytes.size() ||
        header.sh_size > image_.bytes.size() - header.sh_offset) {
      return "section " + std::to_string(i) + " ends beyond the file";
    }
    if ((header.sh_flags & SHF_COMPRESSED) != 0) continue;
    raw.bytes = image_.bytes.subspan(header.sh_offset, header.sh_size);
  }
  place_sections();
  std::span<const uint8_t> names;
  if (names_index < count) names = raw_[names_index].bytes;
  for (const Raw& raw : raw_) {
    if ((raw.header.sh_flags & SHF_ALLOC) == 0 || raw.bytes.empty()) continue;
    if (raw.address > UINT64_MAX - raw.bytes.size()) return "a section wraps around";
    image_.sections.push_back({text_at(names, raw.header.sh_name), raw.address, raw.bytes,
                               (raw.header.sh_flags & SHF_EXECINSTR) != 0});
  }
  std::ranges::sort(image_.sections, [](const Section& a, const Section& b) {
    return std::pair(a.address, a.bytes.data()) < std::pair(b.address, b.bytes.data());
  });
  return "";
}

void Reader::place_sections() {
  uint64_t next = kFirstAddress;
  for (Raw& raw : raw_) {
    raw.address = raw.header.sh_addr;
    if (type_ != ET_REL) continue;
    raw.address = next;
    next += (raw.bytes.size() + kFirstAddress) & ~uint64_t{15};
  }
}

std::span<const uint8_t> Reader::strings_of(const Raw& table) const {
  if (table.header.sh_link >= raw_.size()) return {};
  return raw_[table.header.sh_link].bytes;
}

std::string Reader::read_symbols() {
  const Raw* table = nullptr;
  for (const Raw& raw : raw_) {
    if (raw.header.sh_type == SHT_SYMTAB) table = &raw;
    if (raw.header.sh_type == SHT_DYNSYM && table == nullptr) table = &raw;
  }
  if (table == nullptr) return "it has no symbol table (stripped?)";
  const std::span<const uint8_t> strings = strings_of(*table);
  for (size_t i = 1; i < table->bytes.size() / sizeof(Elf64_Sym); i++) {
    const auto symbol = element<Elf64_Sym>(table->bytes, i);
    const std::string_view name = text_at(strings, symbol.st_name);
    const int type = ELF64_ST_TYPE(symbol.st_info);
    if (name.empty() || symbol.st_shndx == SHN_UNDEF) continue;
    if (symbol.st_shndx == SHN_ABS) {
      if (type != STT_FILE) image_.absolutes.push_back({name, symbol.st_value});
    } else if (type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE) {
      // Labels of assembly that never were declared functions count when others can see them.
      const bool is_label = type == STT_NOTYPE && ELF64_ST_BIND(symbol.st_info) == STB_LOCAL;
      if (!is_label) read_function(symbol, name);
    }
  }
  finish_functions();
  return "";
}

void Reader::read_function(const Elf64_Sym& symbol, std::string_view name) {
  uint64_t address = symbol.st_value;
  if (type_ == ET_REL) {
    if (symbol.st_shndx >= raw_.size()) return;
    address += raw_[symbol.st_shndx].address;
  }
  const Section* section = image_.code_at(address);
  if (section == nullptr) return;
  const uint64_t room = section->end() - address;
  image_.functions.push_back({address, address + std::min(symbol.st_size, room), {name}});
}

void Reader::finish_functions() {
  // Of several names the longest code goes first, then the alphabet: not the order of the file.
  std::ranges::sort(image_.functions, [](const Function& a, const Function& b) {
    if (a.address != b.address) return a.address < b.address;
    if (a.end != b.end) return a.end > b.end;
    return a.names[0] < b.names[0];
  });
  std::vector<Function> merged;
  for (Function& function : image_.functions) {
    if (merged.empty() || merged.back().address != function.address) {
      merged.push_back(std::move(function));
    } else if (merged.back().names.back() != function.names[0]) {
      merged.back().names.push_back(function.names[0]);
    }
  }
  // Assembly without .size lasts until the next function.
  for (size_t i = 0; i < merged.size(); i++) {
    if (merged[i].end > merged[i].address) continue;
    merged[i].end = image_.code_at(merged[i].address)->end();
    if (i + 1 < merged.size()) merged[i].end = std::min(merged[i].end, merged[i + 1].address);
  }
  image_.functions = std::move(merged);
}

Target Reader::target_of(const Raw& symbols, uint64_t index, int64_t addend, uint64_t more) const {
  if (index >= symbols.bytes.size() / sizeof(Elf64_Sym)) return {};
  const auto symbol = element<Elf64_Sym>(symbols.bytes, index);
  if (symbol.st_shndx == SHN_UNDEF) return {0, text_at(strings_of(symbols), symbol.st_name)};
  uint64_t address = symbol.st_value + static_cast<uint64_t>(addend) + more;
  if (type_ == ET_REL) {
    if (symbol.st_shndx >= raw_.size()) return {};
    address += raw_[symbol.st_shndx].address;
  }
  return {address, {}};
}

void Reader::read_fixup(const Elf64_Rela& rela, const Raw& symbols, const Raw* patched) {
  const uint64_t index = ELF64_R_SYM(rela.r_info);
  Fixup fixup = {rela.r_offset + (patched != nullptr ? patched->address : 0), {}};
  switch (ELF64_R_TYPE(rela.r_info)) {
    case R_X86_64_PC32:
    case R_X86_64_PLT32:
    case R_X86_64_PC64:
    case R_X86_64_GOTPCREL:
    case R_X86_64_GOTPCRELX:
    case R_X86_64_REX_GOTPCRELX:
      // The operand ends the instruction, and counts from its end.
      fixup.target = target_of(symbols, index, rela.r_addend, 4);
      break;
    case R_X86_64_64:
    case R_X86_64_32:
    case R_X86_64_32S:       fixup.target = target_of(symbols, index, rela.r_addend, 0); break;
    case R_X86_64_JUMP_SLOT:
    case R_X86_64_GLOB_DAT:  fixup.target = target_of(symbols, index, 0, 0); break;
    case R_X86_64_RELATIVE:  fixup.target.address = static_cast<uint64_t>(rela.r_addend); break;
    default:                 return;
  }
  if (fixup.target.is_known()) image_.fixups.push_back(fixup);
}

void Reader::read_fixups() {
  for (const Raw& raw : raw_) {
    if (raw.header.sh_type != SHT_RELA) continue;
    const Raw* patched = nullptr;
    if (type_ == ET_REL) {
      if (raw.header.sh_info >= raw_.size()) continue;
      patched = &raw_[raw.header.sh_info];
      if ((patched->header.sh_flags & SHF_EXECINSTR) == 0) continue;
    }
    const Raw none;
    const Raw& symbols = raw.header.sh_link < raw_.size() ? raw_[raw.header.sh_link] : none;
    for (size_t i = 0; i < raw.bytes.size() / sizeof(Elf64_Rela); i++)
      read_fixup(element<Elf64_Rela>(raw.bytes, i), symbols, patched);
  }
  std::ranges::sort(image_.fixups, [](const Fixup& a, const Fixup& b) {
    return std::tuple(a.at, a.target.address, a.target.external) <
           std::tuple(b.at, b.target.address, b.target.external);
  });
  // Not std::ranges::unique: clang 14 cannot read the library's ranges.
  const auto same = [](const Fixup& a, const Fixup& b) { return a.at == b.at; };
  image_.fixups.erase(std::unique(image_.fixups.begin(), image_.fixups.end(), same),
                      image_.fixups.end());
}

std::variant<Image, std::string> Reader::read() {
  for (auto step : {&Reader::read_header, &Reader::read_sections, &Reader::read_symbols}) {
    std::string error = (this->*step)();
    if (!error.empty()) return error;
  }
  read_fixups();
  return std::move(image_);
}

}  // namespace

std::variant<Image, std::string> read_image(std::span<const uint8_t> bytes) {
  return Reader(bytes).read();
}

}  // namespace throwsplit::nosplit
