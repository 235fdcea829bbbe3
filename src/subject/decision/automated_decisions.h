#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/purpose.h"
#include "core/subject_handle.h"
#include "store/sql/database.h"
#include "subject/decision/automated_decision.h"
#include "subject/vault/vault.h"

namespace eunomia::subject {

// The record of automated decisions that somebody may want reviewed, and of their reviews. What was decided, why, and
// what was said about it rest sealed with the key of the person; which person, when and for which purpose in the clear.
// They are read to answer the person, or who reviews for them: nobody's choice stands against it. Any thread.
class automated_decisions {
 public:
  static constexpr std::size_t max_content_bytes = std::size_t{1} << 20;  // as JSON
  static constexpr std::size_t max_words_bytes = std::size_t{16} << 10;   // of a statement, of reasons
  static constexpr std::size_t max_reviewer_bytes = 256;
  static constexpr std::size_t max_page = 1000;

  // Brings the schema up to date. Both outlive it.
  automated_decisions(store::sql::database& in, const vault& keys);

  // Durable when it returns; the id. Throws errc::not_found when the person was erased meanwhile,
  // errc::invalid_argument beyond max_content_bytes.
  std::int64_t keep(core::subject_handle about, const core::purpose& why, const decision_content& content);

  // What was decided about somebody, newest first, ids below before (0: from the newest). limit: 1 to max_page, else
  // errc::invalid_argument. Nothing of who has no key.
  std::vector<automated_decision> list(core::subject_handle about, std::int64_t before, std::size_t limit) const;
  // Of one person, oldest first.
  std::vector<decision_review> reviews_of(core::subject_handle who) const;

  // The reviews that wait for a human, oldest first.
  std::vector<decision_review> waiting(std::size_t limit) const;
  struct reviewed {
    automated_decision decision;
    decision_review review;
  };
  // Throws errc::not_found; also when the person was erased, or the decision went when it was past its time.
  reviewed find_review(std::int64_t request) const;

  // What follows runs within the caller's transaction: rights_desk's, which keeps the request and certifies it.

  // Throws errc::not_found unless there is such a decision about them.
  void check_about(store::sql::connection& in, core::subject_handle who, std::int64_t decision) const;
  // The request of the review that waits of this decision; 0: none does.
  std::int64_t waiting_of(store::sql::connection& in, std::int64_t decision) const;
  // A review is asked for. Of one that waits already the statement is replaced, unless the new one is empty. Throws
  // errc::invalid_argument for a statement beyond max_words_bytes.
  void ask(store::sql::transaction& in, std::int64_t request, core::subject_handle who, std::int64_t decision,
           std::string_view statement);
  struct waiting_review {
    core::subject_handle who;
    std::int64_t decision = 0;
  };
  // Throws errc::not_found; errc::failed_precondition when it was answered.
  waiting_review require_waiting(store::sql::connection& in, std::int64_t request) const;
  // Throws errc::invalid_argument for an answer without a reviewer or reasons, or beyond the limits above.
  void answer(store::sql::transaction& in, std::int64_t request, const review_answer& given, std::int64_t now);

  // For the custodian. Rows of decisions and of reviews together.
  std::uint64_t count(store::sql::connection& in, std::span<const core::subject_handle> people) const;
  std::uint64_t erase(store::sql::transaction& in, std::span<const core::subject_handle> people);
  std::vector<std::string> purposes(store::sql::connection& in) const;
  // Decisions for a purpose made before a moment, UTC ms, with their reviews, but for those of spared people and those
  // whose review waits.
  std::uint64_t expire(store::sql::transaction& in, std::string_view purpose, std::int64_t before,
                       std::span<const core::subject_handle> spared);
  // Ascending, each once.
  std::vector<core::subject_handle> people(store::sql::connection& in) const;

 private:
  store::sql::database& sql_;
  const vault& keys_;
};

}  // namespace eunomia::subject
