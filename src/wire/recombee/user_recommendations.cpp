// Users for an item, and users like a user: those whom the model draws to it, or to what the other did.
#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/job.h"
#include "core/time.h"
#include "recommend/segments.h"
#include "wire/recombee/recommending.h"

namespace eunomia::wire::recombee {

namespace {

using core::errc;
using core::json_value;

// Of what the other did, the newest.
constexpr std::size_t most_items_of_a_user = 100;
// Of those drawn to it, of whom a filter may leave out some.
constexpr std::size_t most_drawn = 10'000;

// Items of the model's catalogue, or nothing where it knows none of them.
std::optional<recommend::item_set> known_to(const recommend::scorer& answers, const std::vector<std::string>& ids) {
  recommend::item_set items(answers.items().size());
  bool any = false;
  for (const std::string& id : ids) {
    if (const auto item = answers.items().find(id)) {
      items.insert(*item);
      any = true;
    }
  }
  return any ? std::optional(std::move(items)) : std::nullopt;
}

// Best first; nobody until a model is trained.
std::vector<core::subject_handle> drawn_to(const call& of, const list_question& what,
                                           const std::vector<std::string>& ids) {
  std::vector<core::subject_handle> people;
  try {
    const auto served = of.in.recommenders.served(of.in.answers.for_scenario(of.db().name(), what.scenario));
    const auto answers = served->current();
    const auto items = known_to(*answers, ids);
    if (!items) {
      return people;
    }
    core::job quiet;
    const auto events = of.db().rows().load_interactions(of.in.purpose, of.in.work_pool, quiet);
    const bool may_leave_out = what.filter || what.booster || what.about.user;
    const auto drawn = recommend::people_drawn_to({&*items, 1}, may_leave_out ? most_drawn : what.count, *answers,
                                                  served->how(), events, of.in.background.context(quiet));
    for (const auto& one : drawn[0]) {
      people.push_back(one.who);
    }
  } catch (const core::error& problem) {
    if (problem.code() != errc::failed_precondition) {
      throw;
    }
  }
  return people;
}

struct listed_user {
  std::string id;
  database::values known;
  double order = 0;
};

// Those whom the filter, and the purpose, let through.
std::vector<listed_user> shown_people(const call& of, const list_question& what,
                                      const std::vector<core::subject_handle>& people) {
  const database_schema schema(of.db(), candidates_are::users);
  std::optional<reql> filter;
  std::optional<reql> booster;
  if (what.filter) {
    filter = reql::compile(*what.filter, schema);
  }
  if (what.booster) {
    booster = reql::compile(*what.booster, schema);
  }
  const auto identifiers = of.in.people.identifiers_of(of.in.user_space, people);
  const auto admitted = of.db().rows().admission_for(of.in.purpose);
  const bool needs_values = filter || booster || of.given.flag("returnProperties").value_or(false) ||
                            of.given.find("reqlExpressions") != nullptr;
  core::job quiet;
  const auto profiles = needs_values ? of.db().rows().profiles(of.in.purpose, of.in.work_pool, quiet)
                                     : std::map<core::subject_handle, std::map<std::string, std::string>>();
  std::vector<listed_user> list;
  const database::reading catalogue(of.db());
  question_facts facts(of, catalogue, what.about);
  reql_budget budget;
  for (std::size_t i = 0; i < people.size(); ++i) {
    if (!identifiers[i] || people[i] == what.about.user || !admitted->admits(people[i])) {
      continue;
    }
    const auto profile = profiles.find(people[i]);
    listed_user one{*identifiers[i],
                    database::read(of.db().user_properties(),
                                   profile == profiles.end() ? std::map<std::string, std::string>() : profile->second),
                    static_cast<double>(people.size() - i)};
    facts.look_at(one.id, &one.known);
    const double factor = booster ? booster->boost(facts, budget) : 1;
    if (factor > 0 && (!filter || filter->allows(facts, budget))) {
      one.order *= factor;
      list.push_back(std::move(one));
    }
  }
  std::ranges::stable_sort(list, std::greater(), &listed_user::order);
  if (list.size() > what.count) {
    list.erase(list.begin() + static_cast<std::ptrdiff_t>(what.count), list.end());
  }
  return list;
}

reply answer(const call& of, const list_question& what, const std::vector<std::string>& items) {
  const auto included = of.given.list("includedProperties");
  check_included(of.db().user_properties(), included);
  const auto evaluations = evaluations_in(of.given, database_schema(of.db(), candidates_are::users));
  const auto list = shown_people(of, what, drawn_to(of, what, items));
  const database::reading catalogue(of.db());
  question_facts facts(of, catalogue, what.about);
  reql_budget budget;
  json_value recomms = json_value::of_array();
  for (const listed_user& user : list) {
    json_value one = json_value::of_object();
    one.append("id", of_text(user.id));
    if (of.given.flag("returnProperties").value_or(false)) {
      one.append("values", shown_values(of.db().user_properties(), &user.known, included));
    }
    if (!evaluations.empty()) {
      facts.look_at(user.id, &user.known);
      one.append("reqlEvaluations", evaluated(evaluations, facts, budget));
    }
    recomms.append(std::move(one));
  }
  json_value body = json_value::of_object();
  body.append("recommId", of_text(given_lists::new_id()));
  body.append("recomms", std::move(recomms));
  body.append("numberNextRecommsCalls", of_integer(0));
  return {200, std::move(body)};
}

// The parameters that question_in reads are the same, but for the properties, which are users'.
list_question question_about_users(const call& of) {
  core::json_value given = core::json_value::of_object();
  for (std::size_t i = 0; i < of.given.all().names().size(); ++i) {
    if (of.given.all().names()[i] != "includedProperties") {
      given.append(of.given.all().names()[i], of.given.all().elements()[i]);
    }
  }
  return question_in(of, parameters(std::move(given)));
}

reply users_to_item(call& of) {
  const std::string& item = of.named("itemId");
  list_question what = question_about_users(of);
  ensure_item(of, item);
  what.about.item = item;
  return answer(of, what, {item});
}

reply users_to_user(call& of) {
  const std::string& user = of.named("userId");
  list_question what = question_about_users(of);
  ensure_user(of, user);
  what.about.user = of.in.people.find(of.in.user_space, user);
  what.about.user_id = user;
  std::vector<std::string> items;
  if (what.about.user) {
    const auto history = of.db().rows().history_of(*what.about.user, of.in.purpose);
    for (auto one = history.rbegin(); one != history.rend() && items.size() < most_items_of_a_user; ++one) {
      items.push_back(one->item_id);
    }
  }
  return answer(of, what, items);
}

}  // namespace

void add_user_recommendations(std::vector<operation>& to) {
  using http::method;
  for (const method verb : {method::post, method::get}) {
    add_operation(to, verb, "/recomms/items/{itemId}/users/", callers(), users_to_item);
    add_operation(to, verb, "/recomms/users/{userId}/users/", callers(), users_to_user);
  }
}

}  // namespace eunomia::wire::recombee
