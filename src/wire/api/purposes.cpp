// Purposes and what people choose about them. A raw identifier comes in a body and never leaves in an answer.
#include "wire/api/purposes.h"

#include "core/error.h"
#include "core/time.h"
#include "subject/purpose/on_record.h"
#include "wire/api/api.h"
#include "wire/api/people.h"

namespace eunomia::wire::api {

namespace {

using http::method;
using http::role;

std::optional<core::purpose> purpose_of(const std::optional<std::string>& name) {
  return name ? std::optional(core::purpose(*name)) : std::nullopt;
}

std::optional<std::string> name_of(const std::optional<core::purpose>& about) {
  return about ? std::optional(about->name()) : std::nullopt;
}

choices_view view_of_choices(core::subject_handle who, const subject::purposes& purposes) {
  choices_view view;
  for (const auto& one : purposes.choices_of(who)) {
    view.choices.push_back(
        {name_of(one.about), std::string(subject::name_of(one.kind)), one.stands, core::format_iso8601(one.chosen_at)});
  }
  for (const auto& one : purposes.evidence_of(who)) {
    view.evidence.push_back({name_of(one.about), std::string(subject::name_of(one.made)),
                             core::format_iso8601(one.chosen_at), one.purpose_version});
  }
  return view;
}

}  // namespace

core::json_notes notes_of(const purpose_terms*) {
  return {{"lawful_basis",
           {.text = "GDPR Art. 6(1): consent, contract, legal_obligation, vital_interests, public_task or "
                    "legitimate_interests",
            .shortest = 1}},
          {"special_categories", {.text = "The letter of Art. 9(2), a to j; absent: no such data", .longest = 1}},
          {"retention_days",
           {.text = "Absent: no limit of time", .least = 1, .most = static_cast<double>(subject::max_retention_days)}},
          {"notice", {.text = "What people are told", .longest = subject::max_notice_bytes, .shortest = 1}}};
}

core::json_notes notes_of(const new_purpose* wanted) {
  auto notes = notes_of(static_cast<const purpose_terms*>(wanted));
  notes["name"] = {.text = "1 to 64 of a-z, 0-9, - and _", .longest = core::purpose::longest_name, .shortest = 1};
  return notes;
}

core::json_notes notes_of(const new_decision*) {
  return {{"collected_for", {.text = "The purpose that the data was collected for", .shortest = 1}},
          {"wanted", {.text = "The purpose that it is to be used for too", .shortest = 1}},
          {"decided_by", {.text = "Whose judgement it is", .longest = subject::max_decided_by_bytes, .shortest = 1}},
          {"reasoning",
           {.text = "Why it is compatible, GDPR Art. 6(4)", .longest = subject::max_reasoning_bytes, .shortest = 1}}};
}

core::json_notes notes_of(const choices_question*) {
  return {{"user", {.text = "A USER_ID", .shortest = 1}}, {"space", note_of_space()}};
}

core::json_notes notes_of(const new_choice*) {
  return {
      {"user", {.text = "A USER_ID; somebody who is not known yet is remembered by it", .shortest = 1}},
      {"space", note_of_space()},
      {"purpose", {.text = "Absent, with restrict and lift_restriction: every purpose"}},
      {"choice",
       {.text = "consent, withdraw_consent, object, withdraw_objection, restrict or lift_restriction", .shortest = 1}}};
}

subject::purpose_definition definition_of(const new_purpose& wanted) {
  subject::purpose_definition made{.name = core::purpose(wanted.name)};
  made.basis = subject::lawful_basis_named(wanted.lawful_basis);
  if (wanted.special_categories) {
    made.special_categories = subject::special_category_basis_of(*wanted.special_categories);
  }
  made.retention_days = wanted.retention_days;
  made.notice = wanted.notice;
  return made;
}

purpose_view view_of(const subject::purpose_definition& defined) {
  purpose_view view;
  view.name = defined.name.name();
  view.lawful_basis = subject::name_of(defined.basis);
  if (defined.special_categories) {
    view.special_categories = std::string(1, static_cast<char>(*defined.special_categories));
  }
  view.retention_days = defined.retention_days;
  view.notice = defined.notice;
  view.version = defined.version;
  view.created_at = core::format_iso8601(defined.created_at);
  view.changed_at = core::format_iso8601(defined.changed_at);
  return view;
}

purpose_list list_of(const subject::purposes& all) {
  purpose_list list;
  for (const auto& defined : all.list()) {
    list.purposes.push_back(view_of(defined));
  }
  return list;
}

subject::compatibility_decision decision_of(const new_decision& wanted) {
  return {.collected_for = core::purpose(wanted.collected_for),
          .wanted = core::purpose(wanted.wanted),
          .decided_by = wanted.decided_by,
          .reasoning = wanted.reasoning};
}

decision_view view_of(const subject::compatibility_decision& made) {
  return {made.id,
          made.collected_for.name(),
          made.wanted.name(),
          made.decided_by,
          made.reasoning,
          core::format_iso8601(made.decided_at)};
}

decision_list decisions_of(const subject::purposes& all) {
  decision_list list;
  for (const auto& made : all.decisions()) {
    list.decisions.push_back(view_of(made));
  }
  return list;
}

choices_view choose(const new_choice& wanted, std::string_view user_space, subject::directory& people,
                    subject::purposes& purposes, subject::rights_desk& desk, const subject::actor& by) {
  const auto made = subject::choice_named(wanted.choice);
  const auto about = purpose_of(wanted.purpose);
  const std::string_view space = space_of(wanted.space, user_space);
  auto who = people.find(space, wanted.user);
  if (!who && !subject::stands_after(made)) {
    refuse_unknown();
  }
  if (!who) {
    purposes.check_choice(about, made);  // who is refused is not enrolled
    who = people.resolve(space, std::string_view(wanted.user));
  }
  const auto request = desk.choose(*who, about, made, by);
  choices_view view = view_of_choices(*who, purposes);
  if (request) {
    view.request = request->id;
  }
  return view;
}

choices_view choices_of(const choices_question& asked, std::string_view user_space, const subject::directory& people,
                        const subject::purposes& purposes) {
  return view_of_choices(somebody(asked.user, space_of(asked.space, user_space), people), purposes);
}

void add_purposes(route_table& table, const services& to) {
  const auto officer = http::access::roles(role::privacy_officer);
  subject::purposes& purposes = to.purposes;
  table.query<nothing, purpose_list>(
      {method::get, "/api/v1/purposes", http::access::roles(role::privacy_officer, role::engineer), "purposes",
       "What personal data may be used for"},
      [&purposes](const nothing&, const http::request&) { return list_of(purposes); });
  table.body<new_purpose, purpose_view>(
      {method::post, "/api/v1/purposes", officer, "purposes", "Define a purpose", 201},
      [to](const new_purpose& wanted, const http::request& in) {
        return view_of(subject::define_on_record(to.purposes, to.audit, definition_of(wanted), caller_of(in)));
      });
  table.body<purpose_terms, purpose_view>(
      {method::put, "/api/v1/purposes/{purpose}", officer, "purposes",
       "Redefine a purpose; earlier versions are kept as evidence"},
      [to](const purpose_terms& wanted, const http::request& in) {
        return view_of(subject::redefine_on_record(
            to.purposes, to.audit, definition_of({wanted, in.path_parameter("purpose")}), caller_of(in)));
      });
  table.query<nothing, decision_list>(
      {method::get, "/api/v1/purposes/decisions", officer, "purposes",
       "Which purposes were judged compatible with which"},
      [&purposes](const nothing&, const http::request&) { return decisions_of(purposes); });
  table.body<new_decision, decision_view>(
      {method::post, "/api/v1/purposes/decisions", officer, "purposes",
       "Record that data collected for one purpose may be used for another", 201},
      [to](const new_decision& wanted, const http::request& in) {
        return view_of(subject::decide_on_record(to.purposes, to.audit, decision_of(wanted), caller_of(in)));
      });
  table.body<new_choice, choices_view>(
      {method::post, "/api/v1/subjects/choices", officer, "people",
       "Somebody consents, objects, restricts, or takes it back; the next read knows it"},
      [to](const new_choice& wanted, const http::request& in) {
        auto view = choose(wanted, to.user_space, to.people, to.purposes, to.desk, caller_of(in));
        if (subject::takes_permission_away(subject::choice_named(wanted.choice))) {
          to.background.somebody_refused();
        }
        return view;
      });
  table.body<choices_question, choices_view>(
      {method::post, "/api/v1/subjects/choices/list", officer, "people", "What somebody chose, and when"},
      [to](const choices_question& asked, const http::request&) {
        return choices_of(asked, to.user_space, to.people, to.purposes);
      });
}

}  // namespace eunomia::wire::api
