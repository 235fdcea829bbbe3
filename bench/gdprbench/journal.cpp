#include "bench/gdprbench/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/hash.h"

namespace eunomia::gdprbench {

namespace {

struct frame_head {
  std::uint64_t number = 0;
  std::uint64_t size = 0;
  core::digest128 sum;
};
static_assert(sizeof(frame_head) == 32);

std::string head_of(std::uint64_t number, std::string_view bytes) {
  frame_head head{number, bytes.size(), {}};
  std::string frame(sizeof head, '\0');
  frame.reserve(sizeof head + bytes.size());
  std::memcpy(frame.data(), &head, sizeof head);
  return frame;
}

// The sum is over the whole frame with zeros in the place of the sum.
void put_sum(std::string& frame) {
  const core::digest128 sum = core::xxh3(frame);
  std::memcpy(frame.data() + offsetof(frame_head, sum), sum.bytes.data(), sum.bytes.size());
}

struct read_frame {
  std::uint64_t number = 0;
  std::size_t size = 0;  // with its head
  std::string_view bytes;
  bool is_whole = false;
};

// Nothing where no frame could be.
std::optional<read_frame> first_frame(std::string_view of) {
  frame_head head;
  if (of.size() < sizeof head) {
    return std::nullopt;
  }
  std::memcpy(&head, of.data(), sizeof head);
  if (head.size > of.size() - sizeof head) {
    return std::nullopt;
  }
  read_frame found{head.number, sizeof head + head.size, of.substr(sizeof head, head.size), false};
  std::string frame = head_of(found.number, found.bytes).append(found.bytes);
  put_sum(frame);
  found.is_whole = head.number != 0 && std::memcmp(frame.data(), of.data(), sizeof head) == 0;
  return found;
}

}  // namespace

journal::journal(std::filesystem::path file)
    : path_(std::move(file)), file_(core::open_file(path_, O_RDWR | O_CREAT, 0600)) {
  const off_t size = ::lseek(file_.get(), 0, SEEK_END);
  if (size < 0) {
    core::throw_system_error(errno, "measure", path_);
  }
  size_ = static_cast<std::uint64_t>(size);
  if (size_ < initial_bytes) {
    fill_up_to(initial_bytes);
    core::fsync_directory(path_.parent_path());
  }
}

void journal::replay(const std::function<void(std::uint64_t number, std::string_view bytes)>& visit) {
  const std::string all = core::read_file(path_, UINT64_MAX);
  std::string_view rest = all;
  end_ = 0;
  std::uint64_t next = 0;
  while (const auto found = first_frame(rest)) {
    if (found->number == 0 || (next != 0 && found->number != next)) {
      return;
    }
    if (!found->is_whole) {
      // No frame is written before the one in front of it rests on disk.
      if (const auto behind = first_frame(rest.substr(found->size)); behind && behind->is_whole) {
        throw core::error(core::errc::corrupt,
                          fmt::format("frame {} of {} is not as it was written, and others follow it; restore the "
                                      "journal and the database from a backup",
                                      found->number, path_.string()));
      }
      return;
    }
    visit(found->number, found->bytes);
    rest.remove_prefix(found->size);
    end_ += found->size;
    next = found->number + 1;
  }
}

void journal::append(std::uint64_t number, std::string_view bytes) {
  if (broken_) {
    throw core::error(
        core::errc::unavailable,
        fmt::format("the disk failed to keep {}; look at its health, then open the records again", path_.string()));
  }
  std::string frame = head_of(number, bytes).append(bytes);
  put_sum(frame);
  if (end_ + frame.size() > size_) {
    fill_up_to(std::max(end_ + frame.size(), size_ + std::min(size_, max_growth_bytes)));
  }
  write_at(end_, frame);
  sync();
  end_ += frame.size();
}

void journal::clear() {
  const std::uint64_t size = std::min(size_, initial_bytes);
  if (::ftruncate(file_.get(), static_cast<off_t>(size)) != 0) {
    core::throw_system_error(errno, "shorten", path_);
  }
  size_ = size;
  write_at(0, std::string(std::min(end_, size), '\0'));
  end_ = 0;
  sync();
}

void journal::write_at(std::uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno != EINTR) {
      core::throw_system_error(errno, "write", path_);
    }
    if (written > 0) {
      offset += static_cast<std::uint64_t>(written);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }
}

void journal::fill_up_to(std::uint64_t size) {
  const std::string zeros(std::size_t{64} << 10, '\0');
  while (size_ < size) {
    const std::uint64_t count = std::min<std::uint64_t>(zeros.size(), size - size_);
    write_at(size_, std::string_view(zeros).substr(0, count));
    size_ += count;
  }
  sync();
}

// After a sync that failed the system may have dropped the bytes and say of the next one that all is well.
void journal::sync() {
  if (::fdatasync(file_.get()) != 0) {
    broken_ = true;
    throw core::error(
        core::errc::unavailable,
        fmt::format("the disk failed to keep {} ({}); what was written last may or may not be there; look "
                    "at its health, then open the records again",
                    path_.string(), std::strerror(errno)));
  }
}

}  // namespace eunomia::gdprbench
