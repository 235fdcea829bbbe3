#pragma once

#include <array>
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

#include "bench/gdprbench/personal_record.h"
#include "core/subject_handle.h"
#include "subject/audit/pseudonym.h"

namespace eunomia::gdprbench {

// vault::lookup_of(key): what a record is called wherever its key may not be.
using record_lookup = std::array<char, 24>;
record_lookup lookup_from(std::string_view text);  // errc::corrupt for another length
inline std::string_view text_of(const record_lookup& lookup) {
  return {lookup.data(), lookup.size()};
}
struct record_lookup_hash {
  std::size_t operator()(const record_lookup& lookup) const noexcept;
};

// The records' metadata in memory, so that no question about them reads a disk: about 100 bytes a record, 60 a person,
// and a policy for each distinct metadata.
//
// A policy is what records of equal metadata share. A change of all of a policy's records is one change of the policy;
// a change of some moves them to another. Answers keep the metadata that they saw: it is immutable and shared.
//
// Holds no key, no raw identifier and no data. For one thread.
class record_index {
 public:
  // Places of records, and numbers of policies: given again after a removal.
  using place = std::uint32_t;
  using policy_number = std::uint32_t;

  struct record {
    record_lookup lookup = {};
    std::int64_t row = 0;
    core::subject_handle about;
    std::int64_t collected_at = 0;  // UTC ms
    policy_number policy = 0;
    std::uint32_t of_policy = 0;  // where it stands among the policy's and the person's
    std::uint32_t of_person = 0;
  };
  struct policy {
    std::shared_ptr<const metadata> means;
    std::int64_t row = 0;
    // None of its records was collected before; INT64_MAX where there is none.
    std::int64_t oldest = INT64_MAX;
    std::vector<place> records;

    bool has_expired(const record& one, std::int64_t now) const {
      return one.collected_at + means->time_to_live_s * 1000 <= now;
    }
    bool may_have_expired(std::int64_t now) const {
      return !records.empty() && oldest + means->time_to_live_s * 1000 <= now;
    }
  };

  std::size_t size() const { return by_lookup_.size(); }
  std::optional<place> find(const record_lookup& lookup) const;
  const record& at(place where) const { return records_[where]; }
  const policy& policy_of(place where) const { return policies_[records_[where].policy]; }
  const policy& policy_at(policy_number which) const { return policies_[which]; }

  // The policies whose metadata have a value. Looks at all policies, which are few where records are many.
  std::vector<policy_number> policies_with(attribute which, std::string_view value) const;
  // Those that hold records, in no order.
  std::vector<policy_number> policies_in_use() const;
  std::span<const place> records_about(core::subject_handle who) const;

  // The pseudonym of somebody who has records; made once by the function.
  const subject::pseudonym& pseudonym_of(core::subject_handle who, const std::function<subject::pseudonym()>& make);

  // The policy of these metadata; nothing when there is none yet.
  std::optional<policy_number> policy_of(const metadata& means) const;
  policy_number add_policy(std::shared_ptr<const metadata> means, std::int64_t row);
  // Every record of the policy now has these metadata.
  void redefine(policy_number which, std::shared_ptr<const metadata> means);
  // Of a policy without records.
  void remove_policy(policy_number which);

  place insert(record one);
  void remove(place where);
  void move_to_policy(place where, policy_number to);
  void move_to_person(place where, core::subject_handle to);

 private:
  struct person {
    std::optional<subject::pseudonym> called;
    std::vector<place> records;
  };

  void join_policy(place where);
  void leave_policy(place where);
  void join_person(place where);
  void leave_person(place where);
  void forget_meaning(policy_number which);

  std::vector<record> records_;
  std::vector<place> free_records_;
  std::unordered_map<record_lookup, place, record_lookup_hash> by_lookup_;
  std::vector<policy> policies_;
  std::vector<policy_number> free_policies_;
  std::unordered_map<std::string, policy_number> by_meaning_;
  std::unordered_map<core::subject_handle, person> people_;
};

}  // namespace eunomia::gdprbench
