#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/json_schema.h"
#include "subject/directory.h"
#include "subject/purpose/purposes.h"
#include "subject/rights/desk.h"

// Purposes, decisions of compatibility and what people choose, as the API and the command line read and show them.
namespace eunomia::wire::api {

struct purpose_terms {
  std::string lawful_basis;
  std::optional<std::string> special_categories;
  std::optional<std::int64_t> retention_days;
  std::string notice;
};
BOOST_DESCRIBE_STRUCT(purpose_terms, (), (lawful_basis, special_categories, retention_days, notice))
core::json_notes notes_of(const purpose_terms*);

struct new_purpose : purpose_terms {
  std::string name;
};
BOOST_DESCRIBE_STRUCT(new_purpose, (purpose_terms), (name))
core::json_notes notes_of(const new_purpose*);

struct purpose_view {
  std::string name;
  std::string lawful_basis;
  std::optional<std::string> special_categories;
  std::optional<std::int64_t> retention_days;
  std::string notice;
  std::int64_t version = 0;
  std::string created_at;
  std::string changed_at;
};
BOOST_DESCRIBE_STRUCT(purpose_view, (),
                      (name, lawful_basis, special_categories, retention_days, notice, version, created_at, changed_at))

struct purpose_list {
  std::vector<purpose_view> purposes;
};
BOOST_DESCRIBE_STRUCT(purpose_list, (), (purposes))

struct new_decision {
  std::string collected_for;
  std::string wanted;
  std::string decided_by;
  std::string reasoning;
};
BOOST_DESCRIBE_STRUCT(new_decision, (), (collected_for, wanted, decided_by, reasoning))
core::json_notes notes_of(const new_decision*);

struct decision_view {
  std::int64_t id = 0;
  std::string collected_for;
  std::string wanted;
  std::string decided_by;
  std::string reasoning;
  std::string decided_at;
};
BOOST_DESCRIBE_STRUCT(decision_view, (), (id, collected_for, wanted, decided_by, reasoning, decided_at))

struct decision_list {
  std::vector<decision_view> decisions;
};
BOOST_DESCRIBE_STRUCT(decision_list, (), (decisions))

// Whose choices are asked for. The identifier is in the body: addresses are logged by who stands in between.
struct choices_question {
  std::string user;
  std::optional<std::string> space;  // of user
};
BOOST_DESCRIBE_STRUCT(choices_question, (), (user, space))
core::json_notes notes_of(const choices_question*);

struct new_choice {
  std::string user;
  std::optional<std::string> purpose;
  std::string choice;
  std::optional<std::string> space;  // of user
};
BOOST_DESCRIBE_STRUCT(new_choice, (), (user, purpose, choice, space))
core::json_notes notes_of(const new_choice*);

// purpose absent: every purpose.
struct standing_view {
  std::optional<std::string> purpose;
  std::string kind;
  bool stands = false;
  std::string chosen_at;
};
BOOST_DESCRIBE_STRUCT(standing_view, (), (purpose, kind, stands, chosen_at))

struct evidence_view {
  std::optional<std::string> purpose;
  std::string choice;
  std::string chosen_at;
  std::optional<std::int64_t> purpose_version;
};
BOOST_DESCRIBE_STRUCT(evidence_view, (), (purpose, choice, chosen_at, purpose_version))

struct choices_view {
  std::vector<standing_view> choices;
  std::vector<evidence_view> evidence;
  std::optional<std::int64_t> request;  // that the choice was: an objection or a restriction that did not stand before
};
BOOST_DESCRIBE_STRUCT(choices_view, (), (choices, evidence, request))

subject::purpose_definition definition_of(const new_purpose& wanted);
purpose_view view_of(const subject::purpose_definition& defined);
purpose_list list_of(const subject::purposes& all);
subject::compatibility_decision decision_of(const new_decision& wanted);
decision_view view_of(const subject::compatibility_decision& made);
decision_list decisions_of(const subject::purposes& all);

// Keeps a choice of somebody, whom it enrols where they were not known: who objects before they are met is heard too.
// errc::not_found where somebody unknown takes back what they never gave. Throws as subject::rights_desk::choose.
choices_view choose(const new_choice& wanted, std::string_view user_space, subject::directory& people,
                    subject::purposes& purposes, subject::rights_desk& desk, const subject::actor& by);
// errc::not_found for somebody who is not known.
choices_view choices_of(const choices_question& asked, std::string_view user_space, const subject::directory& people,
                        const subject::purposes& purposes);

}  // namespace eunomia::wire::api
