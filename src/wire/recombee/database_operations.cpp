// The database as a whole: its scenarios, and its end.
#include <fmt/format.h>

#include "core/error.h"
#include "wire/recombee/call.h"

namespace eunomia::wire::recombee {

namespace {

using core::json_value;

// Those that clients named in a question.
reply list_scenarios(call& of) {
  json_value all = json_value::of_array();
  for (const definition& one : of.in.made.list(of.db().name(), definition_kind::scenario)) {
    json_value scenario = json_value::of_object();
    scenario.append("id", of_text(one.id));
    all.append(std::move(scenario));
  }
  return {200, std::move(all)};
}

// The dataset is dropped, with what was learned from it. Who people are, and what other databases hold of them, stays:
// to erase them everywhere, delete the users.
reply reset(call& of) {
  of.writes.begin();
  const std::string name = of.db().name();
  for (const auto& one : of.in.recommenders.list()) {
    const auto ours = of.in.made.find(name, definition_kind::recommender, "", "default");
    if (one.dataset == name && !(ours && parameters(ours->body).text("name") == one.name)) {
      throw core::error(
          core::errc::failed_precondition,
          fmt::format("Recommender {} learns from database {} too, and was not made by a client of Recombee; "
                      "remove it first",
                      one.name, name));
    }
  }
  of.in.answers.remove(name);
  of.in.answering.drop_replaced();
  recommend::dataset rows = of.in.datasets.open(name);
  rows.drop();
  of.in.made.remove_all(name);
  of.in.answering.changed(name);
  of.in.open.changed(name);
  return {};
}

}  // namespace

void add_database(std::vector<operation>& to) {
  using http::method;
  add_operation(to, method::get, "/scenarios/", callers(), list_scenarios);
  add_operation(to, method::delete_, "/", builders(), reset);
}

}  // namespace eunomia::wire::recombee
