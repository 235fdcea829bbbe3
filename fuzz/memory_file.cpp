#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

namespace eunomia::fuzz {

memory_file::memory_file(std::string_view content) : file_(memfd_create("fuzz", MFD_CLOEXEC)) {
  require(static_cast<bool>(file_), "the system gives a file in memory");
  while (!content.empty()) {
    const ssize_t written = ::write(file_.get(), content.data(), content.size());
    require(written > 0, "a file in memory takes what is written");
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  path_ = "/proc/self/fd/" + std::to_string(file_.get());
}

}  // namespace eunomia::fuzz
