#include "backup/copying.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "core/error.h"
#include "core/hash.h"

namespace eunomia::backup {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t block_bytes = std::size_t{1} << 20;

void write_all(const core::file_descriptor& into, const fs::path& path, core::bytes_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(into.get(), bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) {
      core::throw_system_error(errno, "write", path);
    }
    bytes = bytes.subspan(written > 0 ? static_cast<std::size_t>(written) : 0);
  }
}

}  // namespace

copied_file read_through(const core::file_descriptor& from, const fs::path& named,
                         const std::function<void(core::bytes_view block, std::uint64_t done)>& take) {
  copied_file result;
  core::blake2b_hasher digest;
  core::xxh3_hasher content;
  std::vector<std::byte> block(block_bytes);
  for (;;) {
    const ssize_t got = ::read(from.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      core::throw_system_error(errno, "read", named);
    }
    if (got == 0) {
      break;
    }
    const core::bytes_view some(block.data(), static_cast<std::size_t>(got));
    digest.update(some);
    content.update(some);
    result.size += some.size();
    take(some, result.size);
  }
  result.digest = digest.finish();
  result.content = content.finish();
  return result;
}

copied_file copy(const core::file_descriptor& from, const fs::path& named, const fs::path& to,
                 const std::function<void(std::uint64_t done)>& told) {
  make_private_folder(to.parent_path());
  const core::file_descriptor into = core::open_file(to, O_WRONLY | O_CREAT | O_EXCL);
  return read_through(from, named, [&](core::bytes_view block, std::uint64_t done) {
    write_all(into, to, block);
    told(done);
  });
}

void check_copy(const copied_file& found, const kept_file& wanted, const fs::path& named) {
  if (found.size != wanted.size || core::to_hex(found.digest) != wanted.digest) {
    throw core::error(
        core::errc::corrupt,
        fmt::format("{} is not what was backed up: {}; use another backup", named.string(),
                    found.size != wanted.size ? fmt::format("{} bytes instead of {}", found.size, wanted.size)
                                              : "its digest differs"));
  }
}

void make_durable(const fs::path& folder) {
  const core::file_descriptor on = core::open_file(folder, O_RDONLY | O_DIRECTORY);
  if (::syncfs(on.get()) != 0) {
    core::throw_system_error(errno, "make durable", folder);
  }
}

void make_private_folder(const fs::path& folder) {
  if (folder.empty() || fs::is_directory(folder)) {
    return;
  }
  make_private_folder(folder.parent_path());
  std::error_code failure;
  fs::create_directory(folder, failure);
  if (!failure) {
    fs::permissions(folder, fs::perms::owner_all, failure);
  }
  if (failure) {
    core::throw_system_error(failure.value(), "create", folder);
  }
}

}  // namespace eunomia::backup
