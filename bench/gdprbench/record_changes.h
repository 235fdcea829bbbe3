#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/gdprbench/personal_record.h"
#include "bench/gdprbench/record_index.h"
#include "bench/gdprbench/record_keys.h"
#include "core/subject_handle.h"
#include "subject/audit/audit_log.h"

namespace eunomia::gdprbench {

// Audit entries that were recorded together, oldest of them first.
using audit_block = std::shared_ptr<const std::vector<subject::recorded_audit_entry>>;

// What operations change, in the order in which they did: who keeps records is told by this. Records and policies are
// named by the numbers of their rows, which never come back.
class record_changes {
 public:
  struct new_record {
    std::int64_t id = 0;
    record_lookup lookup = {};
    core::subject_handle about;
    std::int64_t collected_at = 0;  // UTC ms
    std::int64_t policy = 0;
    std::string_view sealed;
  };
  struct record_name {
    std::int64_t id = 0;
    record_lookup lookup = {};
  };

  virtual ~record_changes() = default;

  virtual void insert(const new_record& one) = 0;
  // Other bytes, perhaps another person's, sealed with the key that the person makes for the record.
  virtual void seal(const record_name& one, core::subject_handle about, std::string_view sealed) = 0;
  // The same bytes, another person's.
  virtual void grant(const std::shared_ptr<const key_grant>& keys) = 0;
  virtual void set_policy(std::span<const std::int64_t> ids, std::int64_t policy) = 0;
  virtual void erase(std::span<const record_name> records) = 0;
  // A policy that is new, or means something else from now on.
  virtual void define_policy(std::int64_t id, const std::shared_ptr<const metadata>& means) = 0;
  virtual void drop_policy(std::int64_t id) = 0;
  virtual void record_audit(const audit_block& entries) = 0;
};

// Writes changes down, for the journal, and passes them on.
class change_writer final : public record_changes {
 public:
  explicit change_writer(record_changes& next) : next_(next) {}

  const std::string& bytes() const { return bytes_; }

  void insert(const new_record& one) override;
  void seal(const record_name& one, core::subject_handle about, std::string_view sealed) override;
  void grant(const std::shared_ptr<const key_grant>& keys) override;
  void set_policy(std::span<const std::int64_t> ids, std::int64_t policy) override;
  void erase(std::span<const record_name> records) override;
  void define_policy(std::int64_t id, const std::shared_ptr<const metadata>& means) override;
  void drop_policy(std::int64_t id) override;
  void record_audit(const audit_block& entries) override;

 private:
  record_changes& next_;
  std::string bytes_;
};

// Tells what a change_writer wrote down. errc::corrupt for anything else.
void read_changes(std::string_view bytes, record_changes& into);

}  // namespace eunomia::gdprbench
