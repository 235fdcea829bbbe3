#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/json_schema.h"
#include "core/purpose.h"
#include "subject/decision/automated_decisions.h"
#include "subject/directory.h"
#include "subject/rights/desk.h"
#include "wire/api/answers.h"
#include "wire/api/requests.h"

// Decisions that a program made about people, and their review by a human (Art. 22), as the API and the command line
// read and show them.
namespace eunomia::wire::api {

struct decisions_question {
  std::string user;
  std::int64_t before = 0;
  std::uint32_t count = 100;
  std::optional<std::string> space;  // of user
};
BOOST_DESCRIBE_STRUCT(decisions_question, (), (user, before, count, space))
core::json_notes notes_of(const decisions_question*);

struct automated_decision_view {
  std::int64_t id = 0;
  std::string made_at;
  std::string made_by;
  std::string asked_by;
  std::string purpose;
  core::json_value outcome;
  core::json_value explanation;
};
BOOST_DESCRIBE_STRUCT(automated_decision_view, (), (id, made_at, made_by, asked_by, purpose, outcome, explanation))

struct automated_decision_list {
  std::vector<automated_decision_view> decisions;
};
BOOST_DESCRIBE_STRUCT(automated_decision_list, (), (decisions))

struct new_review {
  std::string user;
  std::int64_t decision = 0;
  std::string statement;
  std::optional<std::string> space;  // of user
};
BOOST_DESCRIBE_STRUCT(new_review, (), (user, decision, statement, space))
core::json_notes notes_of(const new_review*);

struct new_review_answer {
  std::optional<subject::review_verdict> verdict;  // that it is absent is refused: nobody upholds by saying nothing
  std::string reviewer;
  std::string reasons;
};
BOOST_DESCRIBE_STRUCT(new_review_answer, (), (verdict, reviewer, reasons))
core::json_notes notes_of(const new_review_answer*);

struct review_view {
  std::int64_t request = 0;
  std::int64_t decision = 0;
  std::string requested_at;
  std::string deadline;
  std::string statement;
  std::optional<std::string> answered_at;
  std::optional<subject::review_answer> answer;
};
BOOST_DESCRIBE_STRUCT(review_view, (), (request, decision, requested_at, deadline, statement, answered_at, answer))

struct review_list {
  std::vector<review_view> reviews;
};
BOOST_DESCRIBE_STRUCT(review_list, (), (reviews))

// All that a reviewer must know.
struct reviewed_view {
  review_view review;
  automated_decision_view decision;
};
BOOST_DESCRIBE_STRUCT(reviewed_view, (), (review, decision))

automated_decision_list decisions_of(const decisions_question& asked, std::string_view user_space,
                                     const subject::directory& people, const subject::automated_decisions& kept);
request_view ask_for_review(const new_review& wanted, std::string_view user_space, const subject::directory& people,
                            subject::rights_desk& desk, const subject::actor& by);
request_view answer_review(std::int64_t request, const new_review_answer& given, subject::rights_desk& desk,
                           const subject::actor& by);
review_list reviews_waiting(const subject::automated_decisions& kept);
reviewed_view view_of(const subject::automated_decisions::reviewed& found);

// Keeps an answer as a decision about somebody, with what spoke for it. Throws errc::not_found when they were erased
// meanwhile; as automated_decisions::keep.
std::int64_t keep_decision(const answer_view& given, core::subject_handle about, const core::purpose& why,
                           const subject::actor& by, subject::automated_decisions& kept);

}  // namespace eunomia::wire::api
