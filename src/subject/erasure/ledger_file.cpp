#include "subject/erasure/ledger_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>

#include "core/error.h"
#include "core/hash.h"
#include "core/log.h"

// The file, all numbers little-endian:
//
//   header   "EUNERASE", the keyring's id as 32 hexadecimal digits, XXH3-128 of these 40 bytes
//   record   uint32 kind, uint32 count, uint64 sequence, int64 UTC ms, the first 8 bytes of XXH3-128 of these 24 bytes;
//            count handles of 8 bytes; XXH3-128 of the record so far
//   record   ...
//
// kind 0: people who are erased. kind 1: a backup was restored, and the one handle is where handles continue.
//
// A record is written by one pwrite at the end and made durable before anybody hears of it. So a kill leaves a part of
// one record at the end, and a power cut may leave blocks of it that were never written, which read as zeros. That, and
// nothing else, is a torn tail: the file ends within the record, or it ends in zeros where the record's digest stands.
// The head has a digest of its own, so that a damaged count is not taken for a record that was to be longer.
namespace eunomia::subject {

namespace fs = std::filesystem;

namespace {

using core::bytes_view;
using core::errc;
using core::error;
using core::subject_handle;

static_assert(std::endian::native == std::endian::little, "the file is read in place");

constexpr std::string_view magic = "EUNERASE";
constexpr std::size_t keyring_id_bytes = 32;
constexpr std::size_t digest_bytes = sizeof(core::digest128);
constexpr std::size_t header_bytes = magic.size() + keyring_id_bytes + digest_bytes;

struct record_head {
  std::uint32_t kind = 0;
  std::uint32_t count = 0;
  std::uint64_t sequence = 0;
  std::int64_t at = 0;
  std::array<std::byte, 8> digest = {};
};
static_assert(sizeof(record_head) == 32);
static_assert(sizeof(subject_handle) == 8);
constexpr std::size_t digested_head_bytes = offsetof(record_head, digest);

std::array<std::byte, 8> digest_of(const record_head& head) {
  const core::digest128 whole = core::xxh3(bytes_view(std::as_bytes(std::span(&head, 1)).first(digested_head_bytes)));
  std::array<std::byte, 8> first;
  std::copy_n(whole.bytes.begin(), first.size(), first.begin());
  return first;
}

bool ends_in_zeros(bytes_view rest) {
  return std::ranges::all_of(rest.last(std::min(rest.size(), digest_bytes)),
                             [](std::byte b) { return b == std::byte{0}; });
}

error damage(const fs::path& path, std::uint64_t offset, std::string_view what) {
  return {errc::corrupt,
          fmt::format("{} is damaged at offset {}: {}; put the file back from where it is kept beside the backups",
                      path.string(), offset, what)};
}

}  // namespace

bool ledger_file::exists(const fs::path& folder) {
  return fs::exists(folder / file_name);
}

ledger_file::ledger_file(const fs::path& folder, std::string_view keyring) : path_(folder / file_name) {
  if (keyring.size() != keyring_id_bytes) {
    throw error(errc::invalid_argument, fmt::format("the id of a keyring has {} digits", keyring_id_bytes));
  }
  if (!exists(folder)) {
    create(keyring);
  }
  file_ = core::open_file(path_, O_RDWR);
  const auto content = core::mapped_file::open(path_);
  check_header(content->bytes(), keyring);
  now_ = walk(content->bytes(), true, [](kind, std::uint64_t, bytes_view) {});
  if (const std::uint64_t torn = content->bytes().size() - now_.bytes; torn > 0) {
    core::log::warning("the ledger of erasures ends in a record that was never finished; it is cut off",
                       {{"offset", now_.bytes}, {"bytes", torn}, {"newest", now_.sequence}});
    cut_to(now_.bytes);
  }
}

void ledger_file::create(std::string_view keyring) {
  std::string header = std::string(magic) + std::string(keyring);
  const core::digest128 digest = core::xxh3(header);
  header.append(reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size());
  core::write_file(path_, header);
}

void ledger_file::check_header(bytes_view content, std::string_view keyring) const {
  if (content.size() < header_bytes) {
    throw damage(path_, content.size(), "it ends within its header");
  }
  const bytes_view digested = content.first(header_bytes - digest_bytes);
  const std::string_view text(reinterpret_cast<const char*>(digested.data()), digested.size());
  const core::digest128 digest = core::xxh3(digested);
  if (!text.starts_with(magic) || !std::ranges::equal(digest.bytes, content.subspan(digested.size(), digest_bytes))) {
    throw damage(path_, 0, "its header is not that of a ledger of erasures");
  }
  if (text.substr(magic.size()) != keyring) {
    throw error(errc::failed_precondition,
                fmt::format("{} is the ledger of another installation: it belongs to keyring {}, and this one is {}; "
                            "put the ledger and the keyring of one installation together",
                            path_.string(), text.substr(magic.size()), keyring));
  }
}

// Calls visit(kind, sequence, the bytes of the handles) for each whole record.
template <class Visit>
ledger_file::state ledger_file::walk(bytes_view content, bool may_be_torn, Visit visit) const {
  state found{.bytes = header_bytes};
  while (found.bytes < content.size()) {
    const bytes_view rest = content.subspan(found.bytes);
    const bool torn = may_be_torn && ends_in_zeros(rest);
    record_head head;
    if (rest.size() < sizeof head) {
      if (may_be_torn) {
        return found;
      }
      throw damage(path_, found.bytes, "it ends within a record");
    }
    std::memcpy(&head, rest.data(), sizeof head);
    if (head.digest != digest_of(head)) {
      if (torn) {
        return found;
      }
      throw damage(path_, found.bytes, "the head of a record is not what was written");
    }
    const std::uint64_t body = std::uint64_t{head.count} * sizeof(subject_handle);
    const std::uint64_t length = sizeof head + body + digest_bytes;
    if (rest.size() < length) {
      if (may_be_torn) {
        return found;
      }
      throw damage(path_, found.bytes, "it ends within a record");
    }
    const core::digest128 digest = core::xxh3(rest.first(length - digest_bytes));
    if (!std::ranges::equal(digest.bytes, rest.subspan(length - digest_bytes, digest_bytes))) {
      if (torn && rest.size() == length) {
        return found;
      }
      throw damage(path_, found.bytes, "a record is not what was written");
    }
    if (head.sequence != found.sequence + 1 || head.count > max_people_per_batch ||
        head.kind > static_cast<std::uint32_t>(kind::restored)) {
      throw damage(path_, found.bytes,
                   fmt::format("record {} is not what follows record {}", head.sequence, found.sequence));
    }
    const bytes_view handles = rest.subspan(sizeof head, body);
    visit(static_cast<kind>(head.kind), head.sequence, handles);
    for (std::size_t at = 0; at < handles.size(); at += sizeof(std::uint64_t)) {
      std::uint64_t handle;
      std::memcpy(&handle, handles.data() + at, sizeof handle);
      found.greatest = std::max(found.greatest, handle);
    }
    found.bytes += length;
    found.sequence = head.sequence;
    found.newest_at = head.at;
    found.people += head.kind == static_cast<std::uint32_t>(kind::erased) ? head.count : 0;
  }
  return found;
}

std::vector<subject_handle> ledger_file::since(std::uint64_t sequence) const {
  const std::lock_guard lock(mutex_);
  const auto content = core::mapped_file::open(path_);
  if (content->bytes().size() < now_.bytes) {
    throw damage(path_, content->bytes().size(), "it was shortened while it was in use");
  }
  std::vector<subject_handle> people;
  if (sequence == 0) {
    people.reserve(now_.people);
  }
  walk(content->bytes().first(now_.bytes), false, [&](kind what, std::uint64_t number, bytes_view handles) {
    if (what == kind::erased && number > sequence) {
      const std::size_t before = people.size();
      people.resize(before + handles.size() / sizeof(subject_handle));
      std::memcpy(people.data() + before, handles.data(), handles.size());
    }
  });
  return people;
}

std::uint64_t ledger_file::append(std::span<const subject_handle> people, std::int64_t now_ms) {
  if (people.size() > max_people_per_batch) {
    throw error(errc::resource_exhausted,
                fmt::format("{} people to erase at once are more than max_people_per_batch = {}", people.size(),
                            max_people_per_batch));
  }
  const std::lock_guard lock(mutex_);
  return people.empty() ? now_.sequence : write(kind::erased, people, now_ms);
}

subject_handle ledger_file::append_restore(subject_handle next_in_backup, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  const subject_handle next(std::max(next_in_backup.value(), now_.greatest) + restore_gap);
  if (next.value() > static_cast<std::uint64_t>(INT64_MAX) - restore_gap) {
    throw error(errc::resource_exhausted, fmt::format("{}: no handles are left for another restore (restore_gap = {})",
                                                      path_.string(), restore_gap));
  }
  write(kind::restored, {&next, 1}, now_ms);
  return next;
}

// The caller holds mutex_.
std::uint64_t ledger_file::write(kind what, std::span<const subject_handle> handles, std::int64_t now_ms) {
  if (broken_) {
    throw error(errc::unavailable,
                fmt::format("{} could not be written before; nobody can be erased until the process starts again",
                            path_.string()));
  }
  record_head head{static_cast<std::uint32_t>(what), static_cast<std::uint32_t>(handles.size()), now_.sequence + 1,
                   now_ms};
  head.digest = digest_of(head);
  std::vector<std::byte> record(sizeof head + handles.size_bytes() + digest_bytes);
  std::memcpy(record.data(), &head, sizeof head);
  std::memcpy(record.data() + sizeof head, handles.data(), handles.size_bytes());
  const core::digest128 digest = core::xxh3(bytes_view(record).first(record.size() - digest_bytes));
  std::ranges::copy(digest.bytes, record.end() - digest_bytes);

  try {
    for (std::size_t done = 0; done < record.size();) {
      const ssize_t wrote =
          ::pwrite(file_.get(), record.data() + done, record.size() - done, static_cast<off_t>(now_.bytes + done));
      if (wrote < 0 && errno != EINTR) {
        core::throw_system_error(errno, "write", path_);
      }
      done += wrote > 0 ? static_cast<std::size_t>(wrote) : 0;
    }
    if (::fsync(file_.get()) != 0) {
      core::throw_system_error(errno, "make durable", path_);
    }
  } catch (...) {
    // What stays would stand in the way of the next record.
    broken_ = true;
    cut_to(now_.bytes);
    broken_ = false;
    throw;
  }
  now_.bytes += record.size();
  ++now_.sequence;
  now_.newest_at = now_ms;
  now_.people += what == kind::erased ? handles.size() : 0;
  for (const subject_handle handle : handles) {
    now_.greatest = std::max(now_.greatest, handle.value());
  }
  return now_.sequence;
}

void ledger_file::cut_to(std::uint64_t bytes) {
  if (::ftruncate(file_.get(), static_cast<off_t>(bytes)) != 0 || ::fsync(file_.get()) != 0) {
    core::throw_system_error(errno, "shorten", path_);
  }
}

std::uint64_t ledger_file::sequence() const {
  const std::lock_guard lock(mutex_);
  return now_.sequence;
}

std::int64_t ledger_file::newest_at() const {
  const std::lock_guard lock(mutex_);
  return now_.newest_at;
}

std::uint64_t ledger_file::size() const {
  const std::lock_guard lock(mutex_);
  return now_.people;
}

}  // namespace eunomia::subject
