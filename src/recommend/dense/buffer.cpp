#include "recommend/dense/buffer.h"

#include <sys/mman.h>

#include <string>

#include "core/error.h"

namespace eunomia::recommend::dense {

namespace {

constexpr std::size_t huge_page = std::size_t{2} << 20;

}  // namespace

memory::memory(std::size_t bytes) : bytes_(bytes) {
  if (bytes == 0) {
    return;
  }
  void* const at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) {
    throw core::error(core::errc::resource_exhausted, "a matrix of " + std::to_string(bytes) +
                                                          " bytes: the system has no memory for it; free some, or "
                                                          "train on fewer items");
  }
  if (bytes >= huge_page) {
    madvise(at, bytes, MADV_HUGEPAGE);  // a wish: without huge pages everything works, slower
  }
  data_ = at;
}

memory::~memory() {
  if (data_ != nullptr) {
    munmap(data_, bytes_);
  }
}

}  // namespace eunomia::recommend::dense
