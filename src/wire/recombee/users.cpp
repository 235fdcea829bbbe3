// Users and their values. A user is whoever has the identifier, in any database and by any protocol.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/error.h"
#include "core/job.h"
#include "wire/recombee/candidates.h"

namespace eunomia::wire::recombee {

namespace {

using core::errc;
using core::json_value;

constexpr std::size_t max_listed = 1'000'000;
constexpr std::string_view cascade_member = "!cascadeCreate";

// What a user's columns are now, as they rest.
std::map<std::string, std::string> stored_now(const call& of, const std::string& id) {
  if (const auto* const pending = of.writes.user(id)) {
    return *pending;
  }
  const auto who = of.in.people.find(of.in.user_space, id);
  return who ? of.db().rows().profile_of(*who, of.in.purpose) : std::map<std::string, std::string>();
}

reply add_user(call& of) {
  const std::string& id = of.named("userId");
  check_id("userId", id);
  of.writes.begin();
  if (has_user(of, id)) {
    throw core::error(errc::already_exists, fmt::format("User {} already exists in database {}", id, of.db().name()),
                      "a user exists already");
  }
  of.writes.put_user(id, {});
  return {201, ok()};
}

reply set_values(call& of) {
  const std::string& id = of.named("userId");
  of.writes.begin();
  if (!has_user(of, id)) {
    if (!of.given.flag(cascade_member).value_or(false)) {
      require_user(of, id);
    }
    check_id("userId", id);
  }
  auto stored = stored_now(of, id);
  const json_value& values = of.given.all();
  for (std::size_t i = 0; i < values.names().size(); ++i) {
    const std::string& name = values.names()[i];
    if (name == cascade_member) {
      continue;
    }
    const property* const one = database::find_property(of.db().user_properties(), name);
    if (one == nullptr) {
      constexpr std::size_t shown_characters = 64;
      refuse_parameter(name.substr(0, shown_characters), "there is no such property; add it first");
    }
    stored[one->column] = stored_of(*one, values.elements()[i]);
  }
  of.writes.put_user(id, std::move(stored));
  return {};
}

reply get_values(call& of) {
  const auto known = values_of_user(of, require_user(of, of.named("userId")));
  return {200, shown_values(of.db().user_properties(), &known, std::nullopt)};
}

// The request is answered when nothing that answers knows the user any more; the rest of the erasure follows within
// seconds, everywhere, and is certified.
reply delete_user(call& of) {
  const core::subject_handle who = require_user(of, of.named("userId"));
  core::job quiet;
  of.in.erasures.begin({&who, 1}, subject::actor::token(of.who.id), {of.in.forget_pool, quiet});
  of.in.background.look_soon();
  return {};
}

// Two people who are known stay two (docs/decisions/0023): rows of one never become another's. Where the target is
// nobody yet, it becomes one more identifier of the source, which is what a visitor's id is when they sign up.
reply merge_users(call& of) {
  const std::string& target = of.named("targetUserId");
  const std::string& source = of.named("sourceUserId");
  const core::subject_handle who = require_user(of, source);
  if (target == source) {
    refuse_parameter("targetUserId", "is the source itself");
  }
  const auto there = of.in.people.find(of.in.user_space, target);
  if (there == who) {
    return {201, ok()};
  }
  if (there) {
    return refusal(
        501,
        "Users who are both known are not merged here: nothing of one person becomes another's "
        "(docs/decisions/0023). Record what the source did under the target from now on, and delete the source");
  }
  if (!of.given.flag("cascadeCreate").value_or(false)) {
    require_user(of, target);
  }
  check_id("targetUserId", target);
  of.in.desk.link(who, of.in.user_space, target, subject::actor::token(of.who.id));
  return {201, ok()};
}

struct listed_user {
  std::string id;
  database::values known;
};

// Those of the database who are admitted, by id, that a filter allows.
std::vector<listed_user> users_of(const call& of, const std::optional<std::string>& filter, bool with_values) {
  core::job quiet;
  const recommend::dataset& rows = of.db().rows();
  rows.settle(of.in.work_pool, quiet);
  std::vector<core::subject_handle> people = rows.people(of.in.work_pool, quiet);
  const auto admitted = rows.admission_for(of.in.purpose);
  std::erase_if(people, [&](core::subject_handle who) { return !admitted->admits(who); });
  std::map<core::subject_handle, std::map<std::string, std::string>> profiles;
  if (filter || with_values) {
    profiles = rows.profiles(of.in.purpose, of.in.work_pool, quiet);
  }
  std::optional<reql> compiled;
  if (filter) {
    compiled = reql::compile(*filter, database_schema(of.db(), candidates_are::users));
  }
  const auto identifiers = of.in.people.identifiers_of(of.in.user_space, people);
  std::vector<listed_user> list;
  const database::reading catalogue(of.db());
  const question_context nobody;
  question_facts facts(of, catalogue, nobody);
  reql_budget budget;
  for (std::size_t i = 0; i < people.size(); ++i) {
    if (!identifiers[i]) {
      continue;
    }
    listed_user one{*identifiers[i], database::read(of.db().user_properties(), profiles[people[i]])};
    facts.look_at(one.id, &one.known);
    if (!compiled || compiled->allows(facts, budget)) {
      list.push_back(std::move(one));
    }
  }
  std::ranges::sort(list, {}, &listed_user::id);
  return list;
}

reply list_users(call& of) {
  const auto count = of.given.count("count", max_listed);
  const std::size_t offset = of.given.count("offset", max_listed).value_or(0);
  const bool with_values = of.given.flag("returnProperties").value_or(false);
  const auto included = of.given.list("includedProperties");
  check_included(of.db().user_properties(), included);
  const auto all = users_of(of, of.given.text("filter"), with_values);
  json_value list = json_value::of_array();
  for (std::size_t i = offset; i < all.size() && (!count || i - offset < *count); ++i) {
    if (!with_values) {
      list.append(of_text(all[i].id));
      continue;
    }
    json_value one = shown_values(of.db().user_properties(), &all[i].known, included);
    one.append(std::string(user_id_property), of_text(all[i].id));
    list.append(std::move(one));
  }
  return {200, std::move(list)};
}

}  // namespace

void add_users(std::vector<operation>& to) {
  using http::method;
  add_operation(to, method::get, "/users/list/", callers(), list_users);
  add_operation(to, method::put, "/users/{userId}", callers(), add_user, true);
  add_operation(to, method::post, "/users/{userId}", callers(), set_values, true);
  add_operation(to, method::get, "/users/{userId}", callers(), get_values);
  add_operation(to, method::delete_, "/users/{userId}",
                http::access::roles(http::role::engineer, http::role::privacy_officer), delete_user);
  add_operation(to, method::put, "/users/{targetUserId}/merge/{sourceUserId}", builders(), merge_users);
}

}  // namespace eunomia::wire::recombee
