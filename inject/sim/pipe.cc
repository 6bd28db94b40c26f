// Pipes in memory and the table of descriptors: the files of a simulated world.
// SPDX-License-Identifier: Apache-2.0
#include "inject/sim/pipe.h"

#include <cstring>

#include "runtime/base/nosplit.h"

#if THROWSPLIT_TSAN
#include <sanitizer/tsan_interface.h>

extern "C" {
void __tsan_read_range(void* from, unsigned long bytes);
void __tsan_write_range(void* to, unsigned long bytes);
}
#endif

namespace throwsplit::inject {

void Files::reset() {
  if (!used_) return;
  for (File& file : files_)
    file = File{};
  for (Pipe& pipe : pipes_) {
    pipe.readers = pipe.writers = 0;
    pipe.waiting_readers = pipe.waiting_writers = 0;
  }
  pipes_made_ = 0;
  used_ = false;
}

File* Files::at(long descriptor) {
  if (descriptor < 0 || descriptor >= kFilesMax) return nullptr;
  File* file = &files_[descriptor];
  return file->pipe == nullptr ? nullptr : file;
}

int Files::lowest_free() const {
  for (int i = kFirstFile; i < kFilesMax; i++) {
    if (files_[i].pipe == nullptr) return i;
  }
  return -1;
}

bool Files::open_pipe(bool nonblocking, int descriptors[2]) {
  Pipe* pipe = nullptr;
  for (Pipe& candidate : pipes_) {
    bool open = candidate.readers + candidate.writers != 0;
    if (open || (candidate.waiting_readers | candidate.waiting_writers) != 0) continue;
    pipe = &candidate;
    break;
  }
  if (pipe == nullptr) return false;
  for (int end = 0; end < 2; end++) {
    descriptors[end] = lowest_free();
    if (descriptors[end] < 0) {
      if (end == 1) files_[descriptors[0]] = File{};
      return false;
    }
    files_[descriptors[end]] = {pipe, end == 1, nonblocking};
  }
  used_ = true;
  pipe->number = ++pipes_made_;
  pipe->readers = pipe->writers = 1;
  pipe->read_count = pipe->write_count = 0;
  if (pipe->bytes == nullptr) pipe->bytes.reset(new uint8_t[kPipeBytes]);
  return true;
}

void Files::close(File* file) {
  (file->writes ? file->pipe->writers : file->pipe->readers)--;
  *file = File{};
}

namespace {

// Under ThreadSanitizer the ring itself must stay unseen: the kernel's own memory has no races.
void copy(void* to, const void* from, size_t bytes) {
#if THROWSPLIT_TSAN
  asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
#else
  memcpy(to, from, bytes);
#endif
}

}  // namespace

void copy_from_ring(void* buffer, const uint8_t* ring, uint32_t at, size_t bytes) {
  if (bytes == 0) return;
#if THROWSPLIT_TSAN
  __tsan_write_range(buffer, bytes);
#endif
  size_t first = bytes < kPipeBytes - at ? bytes : kPipeBytes - at;
  copy(buffer, ring + at, first);
  if (first < bytes) copy(static_cast<uint8_t*>(buffer) + first, ring, bytes - first);
}

void copy_to_ring(uint8_t* ring, uint32_t at, const void* buffer, size_t bytes) {
  if (bytes == 0) return;
#if THROWSPLIT_TSAN
  __tsan_read_range(const_cast<void*>(buffer), bytes);
#endif
  size_t first = bytes < kPipeBytes - at ? bytes : kPipeBytes - at;
  copy(ring + at, buffer, first);
  if (first < bytes) copy(ring, static_cast<const uint8_t*>(buffer) + first, bytes - first);
}

}  // namespace throwsplit::inject
