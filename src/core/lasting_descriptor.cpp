#include "core/lasting_descriptor.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <map>
#include <mutex>
#include <utility>

#include "core/file.h"

namespace eunomia::core {

int lasting_descriptor(const std::filesystem::path& file) {
  using identity = std::pair<dev_t, ino_t>;
  static std::mutex mutex;
  // While its descriptor is open, no other file gets the number of an inode.
  static std::map<identity, int> opened;
  struct stat about {};
  const std::lock_guard lock(mutex);
  if (::stat(file.c_str(), &about) == 0) {
    if (const auto found = opened.find({about.st_dev, about.st_ino}); found != opened.end()) {
      return found->second;
    }
  }
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) {
    throw_system_error(errno, "open", file);
  }
  if (::fstat(descriptor, &about) != 0) {
    throw_system_error(errno, "open", file);
  }
  opened.emplace(identity{about.st_dev, about.st_ino}, descriptor);
  return descriptor;
}

}  // namespace eunomia::core
