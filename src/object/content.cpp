#include "object/content.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace eunomia::object {

file_content::file_content(std::filesystem::path path)
    : path_(std::move(path)), file_(core::open_file(path_, O_RDONLY)) {}

std::size_t file_content::read(std::span<std::byte> out) {
  std::size_t filled = 0;
  while (filled < out.size()) {
    const ssize_t got = ::read(file_.get(), out.data() + filled, out.size() - filled);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      core::throw_system_error(errno, "read", path_);
    }
    if (got == 0) {
      break;
    }
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

std::size_t memory_content::read(std::span<std::byte> out) {
  const std::size_t some = std::min(out.size(), rest_.size());
  std::copy_n(rest_.begin(), some, out.begin());
  rest_ = rest_.subspan(some);
  return some;
}

std::size_t read_at(const core::file_descriptor& file, std::uint64_t offset, std::span<std::byte> out,
                    const std::filesystem::path& named) {
  std::size_t filled = 0;
  while (filled < out.size()) {
    const ssize_t got =
        ::pread(file.get(), out.data() + filled, out.size() - filled, static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      core::throw_system_error(errno, "read", named);
    }
    if (got == 0) {
      break;
    }
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

}  // namespace eunomia::object
