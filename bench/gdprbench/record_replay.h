#pragma once

#include <cstdint>
#include <unordered_map>

#include "bench/gdprbench/audit_tail.h"
#include "bench/gdprbench/record_index.h"
#include "bench/gdprbench/record_tables.h"

namespace eunomia::gdprbench {

// Makes the memory of records from what rests: first the tables, then the changes that the journal holds beyond them.
class record_replay final : public record_changes {
 public:
  // All empty.
  record_replay(record_index& index, record_tables& tables, audit_tail& tail)
      : index_(index), tables_(tables), tail_(tail) {}

  // errc::corrupt when a record is under a policy that is missing.
  void read_tables(store::sql::connection& in);

  // The numbers that rows have not had yet.
  std::int64_t next_record() const { return next_record_; }
  std::int64_t next_policy() const { return next_policy_; }

  void insert(const new_record& one) override;
  void seal(const record_name& one, core::subject_handle about, std::string_view sealed) override;
  void grant(const std::shared_ptr<const key_grant>& keys) override;
  void set_policy(std::span<const std::int64_t> ids, std::int64_t policy) override;
  void erase(std::span<const record_name> records) override;
  void define_policy(std::int64_t id, const std::shared_ptr<const metadata>& means) override;
  void drop_policy(std::int64_t id) override;
  void record_audit(const audit_block& entries) override;

 private:
  record_index::place place_of(std::int64_t id) const;
  record_index::policy_number number_of(std::int64_t policy) const;
  void add(const record_lookup& lookup, std::int64_t id, core::subject_handle about, std::int64_t collected_at,
           std::int64_t policy);

  record_index& index_;
  record_tables& tables_;
  audit_tail& tail_;
  std::unordered_map<std::int64_t, record_index::place> places_;
  std::unordered_map<std::int64_t, record_index::policy_number> policies_;
  std::int64_t next_record_ = 1;
  std::int64_t next_policy_ = 1;
};

}  // namespace eunomia::gdprbench
