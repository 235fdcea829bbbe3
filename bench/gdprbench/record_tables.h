#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bench/gdprbench/record_changes.h"
#include "store/sql/database.h"

namespace eunomia::gdprbench {

// The records in SQL, one statement per intent, and what has changed and is not there yet: changes stay in memory until
// save() writes them, each row once, however often it changed. What is read here is as if they were saved.
//
// Nothing is indexed but by number and lookup: everything else is found in memory (record_index.h). A record names its
// policy, a row that all records of equal metadata share.
//
//   personal_record(id, lookup, subject, collected_at, sealed, policy), policy(id, ttl, pur, ...)
//   saved_frame: the number of the last frame of the journal whose changes are in the tables
class record_tables final : public record_changes {
 public:
  struct stored_record {
    std::int64_t id = 0;
    std::string_view lookup;
    core::subject_handle about;
    std::int64_t collected_at = 0;
    std::int64_t policy = 0;
  };

  static std::span<const store::sql::migration> migrations();

  // What rests in the tables, without what is unsaved.
  static void each_policy(store::sql::connection& in,
                          const std::function<void(std::int64_t id, std::shared_ptr<const metadata>)>& visit);
  static void each_record(store::sql::connection& in, const std::function<void(const stored_record&)>& visit);
  static bool has(store::sql::connection& in, std::string_view lookup);
  static std::uint64_t saved_frame(store::sql::connection& in);

  // Records, in no order; errc::corrupt when one is not there.
  struct sealed_record {
    std::int64_t id = 0;
    record_lookup lookup = {};
    core::subject_handle about;
    std::string sealed;
    std::optional<granted_key> granted = {};
  };
  std::vector<sealed_record> sealed(store::sql::connection& in, std::span<const std::int64_t> ids) const;
  // What opens a record, where that is not the key that its person makes.
  std::optional<granted_key> granted(std::int64_t id) const;
  // Those that something else opens, ascending.
  std::vector<std::int64_t> granted() const;

  void insert(const new_record& one) override;
  void seal(const record_name& one, core::subject_handle about, std::string_view sealed) override;
  void grant(const std::shared_ptr<const key_grant>& keys) override;
  void set_policy(std::span<const std::int64_t> ids, std::int64_t policy) override;
  void erase(std::span<const record_name> records) override;
  void define_policy(std::int64_t id, const std::shared_ptr<const metadata>& means) override;
  void drop_policy(std::int64_t id) override;
  void record_audit(const audit_block& entries) override;

  // The row of an erased record that still rests in its table.
  std::optional<std::int64_t> erased_row(const record_lookup& lookup) const;
  // Takes such a row out; save() need not be told.
  static void take_out(store::sql::transaction& in, std::int64_t id);

  std::size_t unsaved_entries() const { return unsaved_entries_; }
  // Writes all that is unsaved, which frames up to the last tell; may run again, so that forget_unsaved() follows when
  // it was committed. No record is granted() any more: it was sealed.
  void save(store::sql::transaction& in, subject::audit_log& log, std::uint64_t last_frame) const;
  void forget_unsaved();

 private:
  // What of a record is not in its row yet; of a new one, all.
  struct unsaved_record {
    std::optional<new_record> made = {};
    record_lookup lookup = {};  // of one that is sealed anew
    std::optional<std::string> sealed = {};
    core::subject_handle about = {};  // of one that is sealed anew or granted
    std::optional<granted_key> granted = {};
    std::optional<std::int64_t> policy = {};
  };

  void save_policies(store::sql::transaction& in) const;
  void save_records(store::sql::transaction& in) const;
  static void insert_all(store::sql::transaction& in, std::span<const new_record> records);

  std::unordered_map<std::int64_t, unsaved_record> unsaved_;
  std::unordered_map<record_lookup, std::int64_t, record_lookup_hash> erased_;
  std::unordered_map<std::int64_t, std::shared_ptr<const metadata>> unsaved_policies_;  // none: dropped
  std::vector<audit_block> unsaved_audit_;
  std::size_t unsaved_entries_ = 0;
};

}  // namespace eunomia::gdprbench
