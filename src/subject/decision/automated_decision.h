#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/json_value.h"
#include "core/subject_handle.h"

// What a program decided about somebody by itself, and what a human said when the person asked for it (GDPR Art. 22).
namespace eunomia::subject {

// What rests sealed with the key of the person.
struct decision_content {
  std::string made_by;           // "recommender "shop", version 3 (ease)"
  std::string asked_by;          // actor::text() of who had it decided
  core::json_value outcome;      // what was decided
  core::json_value explanation;  // what spoke for it
};
BOOST_DESCRIBE_STRUCT(decision_content, (), (made_by, asked_by, outcome, explanation))

struct automated_decision {
  std::int64_t id = 0;  // from 1
  core::subject_handle about;
  std::int64_t made_at = 0;  // UTC ms
  std::string purpose;       // that the person's data were read for
  decision_content content;
};

enum class review_verdict {
  upheld,   // it stays as it is
  changed,  // something else was decided instead, as the reasons say
  annulled  // it counts no more
};
BOOST_DESCRIBE_ENUM(review_verdict, upheld, changed, annulled)
inline std::string_view name_of(review_verdict verdict) {
  return boost::describe::enum_to_string(verdict, "");
}

// By a human who may change the decision (Article 29 Working Party, WP 251 rev.01, IV).
struct review_answer {
  review_verdict verdict = review_verdict::upheld;
  std::string reviewer;  // who: a person or an office
  std::string reasons;   // in words for the person
};
BOOST_DESCRIBE_STRUCT(review_answer, (), (verdict, reviewer, reasons))

// A request (rights_request::id) that a human look at one decision.
struct decision_review {
  std::int64_t request = 0;
  std::int64_t decision = 0;
  std::int64_t requested_at = 0;  // UTC ms
  std::int64_t deadline = 0;      // UTC ms
  std::string statement;          // the person's point of view; may be empty
  std::optional<review_answer> answer;
  std::int64_t answered_at = 0;  // UTC ms; 0: it waits
};

}  // namespace eunomia::subject
