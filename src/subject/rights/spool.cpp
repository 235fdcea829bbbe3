#include "subject/rights/spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace eunomia::subject {

namespace {

core::file_descriptor open_nameless(const std::filesystem::path& folder) {
  core::file_descriptor made(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (made) {
    return made;
  }
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT) {
    core::throw_system_error(errno, "write below", folder);
  }
  // A file system without O_TMPFILE: the name lives for a moment.
  std::string name = (folder / ".spool-XXXXXX").string();
  core::file_descriptor named(::mkostemp(name.data(), O_CLOEXEC));
  if (!named || ::unlink(name.c_str()) != 0) {
    core::throw_system_error(errno, "write below", folder);
  }
  return named;
}

}  // namespace

void spool::write(std::string_view text) {
  memory_ += text;
  if (memory_.size() > max_bytes_in_memory) {
    flush();
  }
}

void spool::flush() {
  if (!file_) {
    file_ = open_nameless(folder_);
  }
  std::string_view rest = memory_;
  while (!rest.empty()) {
    const auto written = ::write(file_.get(), rest.data(), rest.size());
    if (written < 0 && errno != EINTR) {
      core::throw_system_error(errno, "write below", folder_);
    }
    rest.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
  }
  memory_.clear();
}

void spool::read(const std::function<void(std::string_view)>& visit) {
  if (file_) {
    flush();
    memory_.resize(max_bytes_in_memory);
    off_t at = 0;
    while (true) {
      const auto got = ::pread(file_.get(), memory_.data(), memory_.size(), at);
      if (got < 0 && errno != EINTR) {
        core::throw_system_error(errno, "read below", folder_);
      }
      if (got == 0) {
        break;
      }
      if (got > 0) {
        visit(std::string_view(memory_.data(), static_cast<std::size_t>(got)));
        at += got;
      }
    }
    file_.reset();
  } else {
    visit(memory_);
  }
  memory_.clear();
}

}  // namespace eunomia::subject
