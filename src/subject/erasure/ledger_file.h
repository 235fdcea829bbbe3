#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/file.h"
#include "core/subject_handle.h"

namespace eunomia::subject {

// The ledger of erasures: the handles of everybody who was erased, in a file beside the keyring. A backup was made
// while some of them were still there, and it alone needs the ledger: whoever restores one erases them again before
// anything is answered. That is why it lies where no backup looks and why no restore replaces it by an older one.
//
// A handle in it leads nowhere else. The identifiers, the key and the rows that it named are gone from the live
// database, and handles are never given twice: a restore continues above all that were given before it, which the
// ledger remembers too.
//
// Append-only. One process has the folder; any thread.
class ledger_file {
 public:
  static constexpr std::string_view file_name = "erased";
  // Of one batch: 8 MB.
  static constexpr std::size_t max_people_per_batch = 1'000'000;

  // Opens the ledger of a folder, or makes an empty one where there is none, for its owner only. keyring: the id of the
  // installation's keyring (subject/vault/keyring.h), which must be that in the file. What a killed append left of
  // itself at the end is cut off, and the log says so. Throws errc::failed_precondition for the ledger of another
  // installation, errc::corrupt, naming the offset, for any other damage.
  ledger_file(const std::filesystem::path& folder, std::string_view keyring);
  static bool exists(const std::filesystem::path& folder);

  // Keeps that these people are being erased, as one batch; its sequence. Durable when it returns; when it throws,
  // nothing was kept. Call it before the erasure is committed: somebody in the ledger who was not erased after all is
  // erased with the next restore, as they asked, but somebody who was erased and is missing comes back. Twice the same
  // people does no harm; nobody: nothing is kept. Throws errc::resource_exhausted for a full disk or more than
  // max_people_per_batch.
  std::uint64_t append(std::span<const core::subject_handle> people, std::int64_t now_ms);
  // Keeps that a backup was restored, and that handles continue from here, which is above all that may have been given
  // since: handles are counted on from the backup's next one or from the last that the ledger knows, whichever is
  // greater, behind a gap of restore_gap.
  core::subject_handle append_restore(core::subject_handle next_in_backup, std::int64_t now_ms);
  // More people than an installation ever enrols between a backup and its loss.
  static constexpr std::uint64_t restore_gap = std::uint64_t{1} << 40;

  // Everybody, in the order in which they were erased; somebody twice when they were appended twice. Throws
  // errc::corrupt.
  std::vector<core::subject_handle> read_all() const { return since(0); }
  // Those of the batches after that sequence.
  std::vector<core::subject_handle> since(std::uint64_t sequence) const;

  // Of the newest record, counted from 1; 0: there is none.
  std::uint64_t sequence() const;
  // When the newest record was made, UTC ms; 0: there is none.
  std::int64_t newest_at() const;
  // How many people read_all() gives.
  std::uint64_t size() const;
  const std::filesystem::path& path() const { return path_; }

 private:
  enum class kind : std::uint32_t { erased = 0, restored = 1 };
  struct state {
    std::uint64_t bytes = 0;  // of the file, whole records
    std::uint64_t sequence = 0;
    std::int64_t newest_at = 0;
    std::uint64_t people = 0;
    std::uint64_t greatest = 0;  // handle
  };

  template <class Visit>
  state walk(core::bytes_view content, bool may_be_torn, Visit visit) const;
  void create(std::string_view keyring);
  void check_header(core::bytes_view content, std::string_view keyring) const;
  std::uint64_t write(kind what, std::span<const core::subject_handle> handles, std::int64_t now_ms);
  void cut_to(std::uint64_t bytes);

  const std::filesystem::path path_;
  mutable std::mutex mutex_;  // of what follows, and of the file
  core::file_descriptor file_;
  state now_;
  bool broken_ = false;  // a failed append could not be taken back
};

}  // namespace eunomia::subject
