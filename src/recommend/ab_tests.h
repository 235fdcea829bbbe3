#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "core/subject_handle.h"
#include "recommend/ab_definition.h"
#include "recommend/answering.h"
#include "recommend/recommenders.h"
#include "store/sql/database.h"
#include "subject/vault/vault.h"

namespace eunomia::recommend {

// Who came under a test, with which arm and when.
struct ab_exposure {
  core::subject_handle who;
  std::uint32_t arm = 0;
  std::int64_t at = 0;  // UTC ms, of the first question
};

// Comparisons of recommenders with the people of a shop. What runs is in memory, so that a question costs a look into a
// table; who came under a test is one row each in SQL, under their handle. Any thread.
class ab_tests {
 public:
  // Brings the schema up to date. All outlive it.
  ab_tests(store::sql::database& in, const subject::vault& keys, const recommenders& all);

  // Begins a test of the name (as a deployment's). Throws errc::already_exists; errc::not_found for an arm's
  // recommender or deployment that is not there; errc::invalid_argument as check(), and for recommenders of several
  // datasets; errc::resource_exhausted beyond max_ab_tests.
  std::shared_ptr<const ab_test> create(std::string_view name, const ab_definition& what);
  // Throws errc::not_found with the tests there are.
  std::shared_ptr<const ab_test> find(std::string_view name) const;
  std::vector<std::shared_ptr<const ab_test>> list() const;  // by name
  // Nobody comes under it any more, and everybody has the winning arm from now on. Throws errc::not_found also for an
  // arm that there is not, errc::failed_precondition when it was stopped before.
  std::shared_ptr<const ab_test> stop(std::string_view name, std::string_view winner);
  // With who came under it.
  void remove(std::string_view name);

  // The arm somebody has.
  static std::size_t arm_for(const ab_test& in, std::string_view user) {
    return in.stopped_at == 0 ? arm_of(in, user) : in.winner;
  }
  // Somebody who may be counted was shown what their arm answers: on record the first time, durable when it returns.
  // Nothing of a test that was stopped or removed.
  void expose(const ab_test& in, std::size_t arm, core::subject_handle who);
  // The same of who was answered, where they are known and nothing stands against reading what they do.
  void expose_asked(const ab_test& in, std::size_t arm, const answer& given,
                    const std::optional<core::subject_handle>& who);

  // In no particular order.
  std::vector<ab_exposure> exposures(const ab_test& of) const;

  // For the custodian.
  struct exposure_to {
    std::string test;
    std::string arm;
    std::int64_t at = 0;
  };
  std::vector<exposure_to> exposures_of(core::subject_handle who) const;  // oldest first
  std::uint64_t count(std::span<const core::subject_handle> people) const;
  std::uint64_t erase(std::span<const core::subject_handle> people);
  // Those who came under the tests of a dataset before a moment, UTC ms, but for spared people.
  std::uint64_t expire(std::string_view dataset, std::int64_t before, std::span<const core::subject_handle> spared);
  std::vector<core::subject_handle> people() const;  // ascending, each once

 private:
  static constexpr std::size_t max_remembered = 1'000'000;  // of those who are on record, over all tests

  // Of a name; the caller holds the lock.
  std::shared_ptr<const ab_test> require(std::string_view name) const;

  store::sql::database& sql_;
  const subject::vault& keys_;
  const recommenders& all_;
  std::mutex changing_;       // of what is begun, stopped and removed
  mutable std::mutex mutex_;  // of what follows
  std::map<std::string, std::shared_ptr<const ab_test>, std::less<>> tests_;
  std::map<std::int64_t, std::unordered_set<core::subject_handle>> on_record_;  // by the test's id
  std::size_t remembered_ = 0;
};

}  // namespace eunomia::recommend
