// Decisions that a program made about people, and their review by a human.
#include "wire/api/decisions.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/time.h"
#include "wire/api/api.h"
#include "wire/api/people.h"
#include "wire/api/values.h"

namespace eunomia::wire::api {

namespace {

using http::method;
using http::role;
using subject::automated_decisions;

automated_decision_view view_of(const subject::automated_decision& made) {
  return {made.id,
          core::format_iso8601(made.made_at),
          made.content.made_by,
          made.content.asked_by,
          made.purpose,
          made.content.outcome,
          made.content.explanation};
}

review_view view_of(const subject::decision_review& one) {
  return {one.request,
          one.decision,
          core::format_iso8601(one.requested_at),
          core::format_iso8601(one.deadline),
          one.statement,
          moment(one.answered_at),
          one.answer};
}

struct chosen_items {
  std::vector<std::string> items;
};
BOOST_DESCRIBE_STRUCT(chosen_items, (), (items))

core::json_value json_of(const auto& described) {
  return core::parse_json(core::write_json(described));
}

std::int64_t request_of(const http::request& in) {
  return number_in_path(in.path_parameter("request"), "review");
}

}  // namespace

core::json_notes notes_of(const decisions_question*) {
  return {{"user", {.text = "A USER_ID", .shortest = 1}},
          {"before", {.text = "The smallest id of the page before", .least = 0}},
          {"count", {.text = "How many", .least = 1, .most = automated_decisions::max_page}},
          {"space", note_of_space()}};
}

core::json_notes notes_of(const new_review*) {
  return {{"user", {.text = "A USER_ID", .shortest = 1}},
          {"decision", {.text = "The id of a decision about them", .least = 1}},
          {"statement", {.text = "Their point of view; it is kept sealed with the decision, for the reviewer"}},
          {"space", note_of_space()}};
}

core::json_notes notes_of(const new_review_answer*) {
  return {{"verdict", {.text = "Whether the decision stays, is another now, or counts no more"}},
          {"reviewer", {.text = "The person or office that reviewed it; the person concerned is told", .shortest = 1}},
          {"reasons", {.text = "In plain words for the person; what was decided instead", .shortest = 1}}};
}

automated_decision_list decisions_of(const decisions_question& asked, std::string_view user_space,
                                     const subject::directory& people, const automated_decisions& kept) {
  automated_decision_list list;
  for (const auto& made :
       kept.list(somebody(asked.user, space_of(asked.space, user_space), people), asked.before, asked.count)) {
    list.decisions.push_back(view_of(made));
  }
  return list;
}

request_view ask_for_review(const new_review& wanted, std::string_view user_space, const subject::directory& people,
                            subject::rights_desk& desk, const subject::actor& by) {
  const auto who = somebody(wanted.user, space_of(wanted.space, user_space), people);
  return view_of(desk.ask_for_review(who, wanted.decision, wanted.statement, by));
}

request_view answer_review(std::int64_t request, const new_review_answer& given, subject::rights_desk& desk,
                           const subject::actor& by) {
  if (!given.verdict) {
    throw core::error(core::errc::invalid_argument, "verdict: upheld, changed or annulled; got none");
  }
  return view_of(desk.answer_review(request, {*given.verdict, given.reviewer, given.reasons}, by));
}

review_list reviews_waiting(const automated_decisions& kept) {
  review_list list;
  for (const auto& one : kept.waiting(automated_decisions::max_page)) {
    list.reviews.push_back(view_of(one));
  }
  return list;
}

reviewed_view view_of(const automated_decisions::reviewed& found) {
  return {view_of(found.review), view_of(found.decision)};
}

std::int64_t keep_decision(const answer_view& given, core::subject_handle about, const core::purpose& why,
                           const subject::actor& by, automated_decisions& kept) {
  chosen_items outcome;
  for (const item_view& one : given.items) {
    outcome.items.push_back(one.item);
  }
  return kept.keep(about, why,
                   {fmt::format("recommender \"{}\", version {} ({})", given.recommender, given.version, given.family),
                    by.text(), json_of(outcome), json_of(given)});
}

void add_decisions(route_table& table, const services& to) {
  const auto officer = http::access::roles(role::privacy_officer);
  automated_decisions& kept = to.decisions;
  table.body<decisions_question, automated_decision_list>(
      {method::post, "/api/v1/subjects/decisions/list", officer, "people",
       "Decisions about somebody that were kept for a review, newest first"},
      [to](const decisions_question& asked, const http::request&) {
        return decisions_of(asked, to.user_space, to.people, to.decisions);
      });
  table.body<new_review, request_view>(
      {method::post, "/api/v1/subjects/reviews", officer, "people",
       "Ask for a human to review a decision that a program made about somebody (Art. 22); watch the request", 202},
      [to](const new_review& wanted, const http::request& in) {
        return ask_for_review(wanted, to.user_space, to.people, to.desk, caller_of(in));
      });
  table.query<nothing, review_list>(
      {method::get, "/api/v1/subjects/reviews", officer, "people", "The reviews that wait for a human, oldest first"},
      [&kept](const nothing&, const http::request&) { return reviews_waiting(kept); });
  table.query<nothing, reviewed_view>(
      {method::get, "/api/v1/subjects/reviews/{request}", officer, "people",
       "What a reviewer must know: the decision, what spoke for it, what the person says"},
      [&kept](const nothing&, const http::request& in) { return view_of(kept.find_review(request_of(in))); });
  table.body<new_review_answer, request_view>({method::post, "/api/v1/subjects/reviews/{request}/answer", officer,
                                               "people", "What the human says; completes the request"},
                                              [to](const new_review_answer& given, const http::request& in) {
                                                return answer_review(request_of(in), given, to.desk, caller_of(in));
                                              });
}

}  // namespace eunomia::wire::api
