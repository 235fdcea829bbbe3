#include "wire/api/inventory.h"

#include <algorithm>

#include "wire/api/api.h"

namespace eunomia::wire::api {

namespace {

// "sql_table" as people write it.
template <class Enum>
std::string words_of(Enum value) {
  std::string words = boost::describe::enum_to_string(value, "?");
  std::ranges::replace(words, '_', ' ');
  return words;
}

}  // namespace

inventory_view view_of(const std::vector<subject::held>& inventory) {
  inventory_view view;
  for (const auto& [custodian, what] : inventory) {
    view.holdings.push_back({custodian, words_of(what.kind), what.place, words_of(what.about), what.what,
                             what.categories, what.purposes, what.retention, what.erasure});
  }
  return view;
}

void add_inventory(route_table& table, const services& to) {
  table.query<nothing, inventory_view>(
      {http::method::get, "/api/v1/inventory",
       http::access::roles(http::role::administrator, http::role::privacy_officer), "people",
       "Everything that is held: where, of whom, for what, how long, and what becomes of it when somebody is erased"},
      [to](const nothing&, const http::request&) { return view_of(to.custodians.inventory()); });
}

}  // namespace eunomia::wire::api
