// Pipes in memory and the table of descriptors: the files of a simulated world.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace throwsplit::inject {

inline constexpr uint32_t kPipeBytes = 65536;
inline constexpr uint32_t kPipeAtomicBytes = 4096;  // writes up to here are all or nothing
inline constexpr int kFilesMax = 128;
inline constexpr int kFirstFile = 3;

struct Pipe {
  uint32_t number = 0;   // by order of creation in this run, from 1
  uint32_t readers = 0;  // open ends
  uint32_t writers = 0;
  uint64_t read_count = 0;  // bytes ever taken out and put in
  uint64_t write_count = 0;
  uint64_t waiting_readers = 0;  // masks of carriers
  uint64_t waiting_writers = 0;
  std::unique_ptr<uint8_t[]> bytes;  // a ring of kPipeBytes, kept from run to run

  uint32_t filled() const { return static_cast<uint32_t>(write_count - read_count); }
  uint32_t room() const { return kPipeBytes - filled(); }
};

struct File {
  Pipe* pipe = nullptr;  // null: closed
  bool writes = false;
  bool nonblocking = false;
};

class Files {
 public:
  void reset();
  // The open file, or null.
  File* at(long descriptor);
  // Opens both ends on the two lowest free descriptors. False: none left.
  bool open_pipe(bool nonblocking, int descriptors[2]);
  void close(File* file);

 private:
  int lowest_free() const;

  static constexpr int kPipesMax = kFilesMax / 2;
  File files_[kFilesMax];
  Pipe pipes_[kPipesMax];
  uint32_t pipes_made_ = 0;
  bool used_ = false;
};

// Moves bytes between a caller's buffer and the ring, around its end, as the kernel would: seen by
// AddressSanitizer as a read or write of the buffer made here, by ThreadSanitizer as one made by
// the caller. Needs: called on the caller's stack.
void copy_from_ring(void* buffer, const uint8_t* ring, uint32_t at, size_t bytes);
void copy_to_ring(uint8_t* ring, uint32_t at, const void* buffer, size_t bytes);

}  // namespace throwsplit::inject
