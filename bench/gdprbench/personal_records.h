#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/gdprbench/audit_tail.h"
#include "bench/gdprbench/journal.h"
#include "bench/gdprbench/operation_queue.h"
#include "bench/gdprbench/personal_record.h"
#include "bench/gdprbench/record_index.h"
#include "bench/gdprbench/record_tables.h"
#include "core/subject_handle.h"
#include "store/sql/database.h"
#include "subject/audit/audit_log.h"
#include "subject/directory.h"
#include "subject/vault/vault.h"

// Records of personal data with what the law asks to be known of them, each use of them on record.
//
// - Data and key of a record rest sealed with a key that the data key of its person makes, or opens (record_keys.h);
// the
//   record is found by a keyed digest of its key, the person by the directory's.
// - Every operation, reads too, is an entry of the audit chain, in the frame of the journal that what it changed is in,
//   and is answered once that rests on disk. A read that cannot be put on record is not answered.
// - A record is there until its time to live has passed since it was collected: from then on no operation finds it, and
//   erase_expired() takes it out.
// - The journal (journal.h) holds what is not in the database yet. The database gets it when it is much or when save()
//   is called; whoever opens the records, after a crash too, reads both. Until then the bytes that were erased or
//   sealed anew may still rest in both, as they do in any database's log; after save() they rest in neither: call it
//   after an erasure.
//
// Where the time goes. Operations that wait together run one after another, and their changes and audit entries,
// chained and hashed, are one frame: one write to the end of a file, and one wait for the disk. What is asked of
// metadata is answered from memory (record_index.h). So n callers at once pay for an operation
//
//   the disk's time for one durable write / n  +  some us: an audit entry, hashed, and being woken
//   + for what changes: a line of the frame; no page of a table
//   + for personal data: a row that is read, its person's key unwrapped, and a seal or unseal, some 10 us
//
// which does not grow with the number of records that a change of metadata is about, unless it moves them to another
// person: that one is granted the key of each, 32 bytes of the frame, and none is sealed anew before it is saved. The
// lower bound is the first line. The tables get each changed row once for many changes of it, and audit entries in
// bulk.
namespace eunomia::gdprbench {

// Of one insert().
inline constexpr std::size_t max_inserted_records = 10'000;
// Operations in one frame of the journal.
inline constexpr std::size_t max_batch_operations = 256;
// What may wait in the journal for being saved.
inline constexpr std::uint64_t max_unsaved_bytes = std::uint64_t{64} << 20;
inline constexpr std::size_t max_unsaved_entries = 50'000;

class personal_records {
 public:
  // Brings the schema up to date and reads what there is, the journal's file included, which is made when it is not
  // there. The database holds one of these at a time, vault, directory and log are its own, and all outlive it. A lost
  // journal is lost operations: it belongs beside the database, and into backups with it.
  personal_records(store::sql::database& in, subject::vault& keys, subject::durable_directory& people,
                   subject::audit_log& log, std::filesystem::path journal_file, subject::actor by);
  ~personal_records();
  personal_records(const personal_records&) = delete;
  personal_records& operator=(const personal_records&) = delete;

  // Times are UTC ms, and are the caller's: what is asked for later must not be asked with an earlier one. Every
  // function throws errc::invalid_argument as check() of what it is given, before it does anything.

  // All or none, an audit entry each. errc::already_exists when one of the keys is there;
  // errc::resource_exhausted above max_inserted_records.
  void insert(std::span<const personal_record> records, std::int64_t now);
  // Puts data, person and metadata in the place of those that the record had; it was collected when it was. False when
  // there is none.
  bool replace(const personal_record& wanted, std::int64_t now);
  bool update_data(std::string_view key, std::string_view data, std::int64_t now);

  std::vector<record_content> read_data(const selector& wanted, std::int64_t now);

  // Records by what they are called, and the policies that they are under, each once.
  struct found_record {
    record_lookup lookup = {};
    core::subject_handle about;
    std::int64_t collected_at = 0;
    std::uint32_t policy = 0;  // a position in policies
  };
  struct found_metadata {
    std::vector<std::shared_ptr<const metadata>> policies;
    std::vector<found_record> records;
  };
  found_metadata read_metadata(const selector& wanted, std::int64_t now);

  // The number of records that were changed, or erased.
  std::uint64_t update_metadata(const selector& wanted, const metadata_change& change, std::int64_t now);
  std::uint64_t erase(const selector& wanted, std::int64_t now);

  struct expiry {
    std::uint64_t erased = 0;
    std::uint64_t remaining = 0;
  };
  expiry erase_expired(std::int64_t now);

  // The newest entries of the audit log, oldest of them first: count of them, or all where there are fewer. That they
  // were read is the next entry. errc::invalid_argument for 0 or more than audit_tail::max_entries.
  audit_page system_logs(std::size_t count);

  // Whether neither memory nor the table itself has the record: what a supervisory authority asks. An erased record
  // whose row still waits to be taken out is taken out first.
  bool verify_erased(std::string_view key, std::int64_t now);

  // Moves everything to the database's file and empties the journal: what was erased before rests nowhere after.
  void save();

 private:
  struct batch;
  struct operation {
    std::function<void(batch&)> run;
    bool reads_tables = false;  // all that run together then share one snapshot
    bool saves_first = false;
  };

  // Where a selector points: raw identifiers are left behind here.
  struct resolved_selector {
    attribute by;
    record_lookup lookup = {};
    core::subject_handle about;
    std::string value;
  };

  resolved_selector resolve(const selector& wanted) const;
  record_lookup lookup_of(std::string_view key) const;
  core::subject_handle handle_of(std::string_view raw);

  void run(std::span<const operation* const> together);
  void append(batch& done);
  void reload();
  void save_unsaved();
  void seal_granted();

  std::vector<record_index::place> visible(const resolved_selector& wanted, std::int64_t now) const;
  std::optional<record_index::place> visible(const record_lookup& lookup, std::int64_t now) const;
  std::optional<subject::pseudonym> whom(batch& in, const resolved_selector& wanted);
  subject::pseudonym pseudonym_of(batch& in, core::subject_handle who);
  bool make_room(batch& in, std::span<const record_lookup> lookups, std::int64_t now);
  record_index::policy_number policy_for(batch& in, const metadata& means);
  void drop_if_empty(batch& in, record_index::policy_number which);
  std::vector<std::int64_t> rows_of(std::span<const record_index::place> places) const;
  void erase_places(batch& in, std::span<const record_index::place> places);
  std::uint64_t erase_expired_of(batch& in, record_index::policy_number which, std::int64_t now);
  std::uint64_t change_policies(batch& in, const resolved_selector& wanted, const metadata_change& change,
                                std::int64_t now);
  void set_policy(batch& in, std::span<const record_index::place> places, record_index::policy_number after);
  void change_records(batch& in, std::span<const record_index::place> places, const metadata_change& change);
  void move_to_person(batch& in, std::span<const record_index::place> places, core::subject_handle to);

  store::sql::database& database_;
  subject::vault& keys_;
  subject::durable_directory& people_;
  subject::audit_log& log_;
  const subject::actor by_;
  audit_tail tail_;

  operation_queue<operation> queue_;

  // Of whoever runs a group. Index and tables are ahead of the journal while a group is under way; where one did not
  // end well they are read again.
  journal journal_;
  record_index index_;
  record_tables tables_;
  bool ahead_ = true;
  std::uint64_t next_frame_ = 1;
  subject::audit_position head_;
  std::int64_t next_record_ = 1;
  std::int64_t next_policy_ = 1;
};

}  // namespace eunomia::gdprbench
